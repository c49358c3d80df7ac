"""Makes a model that can be called: the one that is named, or the one that a key suggests.

Imports stand inside the functions because start-up needs it: a run loads its own wire and no other.
"""

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ..agent.context import ModelUse
from ..agent.messages import Usage
from ..agent.ports import Provider
from ..config.errors import CredentialsError, UsageError
from ..config.models import ModelProfile, profile, split
from ..config.providers import Quirks
from ..config.settings import Settings
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..agent.providers.wire import Wire
    from ..config.providers import ProviderTable


class Model(Struct, frozen=True):
    """A model that can be called, and what is known of it."""

    provider: Provider
    profile: ModelProfile
    quirks: Quirks = Quirks()
    """Of its endpoint."""

    @property
    def no_images(self) -> str:
        """Why it can be shown no pictures, in words; empty if it can."""
        try:
            self.profile.require_images(self.quirks)
        except UsageError as error:
            return error.in_words
        return ""

    def use(self, settings: Settings) -> ModelUse:
        """How it is called.

        Raises:
            UsageError: a limit of money is set, and the price is not known.
        """
        if (limit := settings.money_limit) and self.profile.prices is None:
            raise UsageError(
                f"the price of {self.provider.name} is not known, so {limit} cannot be kept",
                hint=f'set models."{self.provider.name}".prices, or set no limit of money',
            )
        return ModelUse(
            settings.model.max_output_tokens or self.profile.max_output_tokens,
            settings.model.effort,
            self.price,
            self.profile.context_window,
        )

    def price(self, usage: Usage) -> float | None:
        """US dollars for one call; None if the prices are not known."""
        return self.profile.cost(
            input=usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
            output=usage.output_tokens,
            cached_input=usage.cached_tokens,
            cache_write=usage.cache_write_tokens,
        )


def model_of(
    settings: Settings, where: Surroundings, *, pace: float = 0.0, images: bool = False
) -> Model:
    """The model that the settings name, or the one that a key or a local server suggests.

    `pace` is the seconds per word at which a script is replayed; `images` says that pictures are
    to be shown.

    Raises:
        ConfigError: no such provider.
        ProviderError: `credentials`, there is no key.
        UsageError: pictures are to be shown, and the model takes none.
    """
    name = settings.model.name or _suggested(settings, where)
    if name.startswith("scripted:"):
        return _scripted(settings, where, name.removeprefix("scripted:"), pace)
    return _remote(settings, where, name, images=images)


def _scripted(settings: Settings, where: Surroundings, file: str, pace: float) -> Model:
    from ..agent.providers.scripted import Script, ScriptedProvider

    script = Script.load(where.cwd / file)
    known = profile_of(settings, script.header.model)
    # It looks at nothing, so that it can be shown anything.
    return Model(ScriptedProvider(script, seconds_per_word=pace), replace(known, images=True))


def profile_of(settings: Settings, name: str) -> ModelProfile:
    """What is known of a model, by `provider/model`.

    Raises:
        ConfigError: the name is not of that form, or the user's values do not fit.
    """
    parts = split(name)
    return profile(parts.provider, parts.model, settings.models)


def _remote(settings: Settings, where: Surroundings, name: str, *, images: bool) -> Model:
    from ..agent.providers.retrying import Retrying
    from ..config.providers import table

    known = profile_of(settings, name)
    entry = table(known.provider, settings.providers)
    if images:
        known.require_images(entry.quirks)
    provider = _connected(entry, known, settings, where)
    return Model(Retrying(provider, settings.retry), known, entry.quirks)


def _connected(
    provider: "ProviderTable", known: ModelProfile, settings: Settings, where: Surroundings
) -> Provider:
    from ..agent.providers.endpoint import Endpoint
    from .provider_keys import key_of

    endpoint = Endpoint(
        f"{known.provider}/{known.name}",
        provider,
        provider.endpoint(where.env),
        key_of(provider, where),
        settings.http,
    )
    wire = _wire(provider, known)
    if provider.transport == "sdk":
        from ..agent.providers.sdk import SdkProvider

        return SdkProvider(wire, endpoint)
    from ..agent.providers.http import HttpProvider

    endpoint.headers()  # a missing key is known before anything else is done
    connected = HttpProvider(wire, endpoint)
    connected.warm()
    return connected


def _wire(provider: "ProviderTable", known: ModelProfile) -> "Wire":
    match provider.wire:
        case "anthropic":
            from ..agent.providers.anthropic import AnthropicWire

            return AnthropicWire(provider, known)
        case "openai-responses":
            from ..agent.providers.openai_responses import OpenAIResponsesWire

            return OpenAIResponsesWire(provider, known)
        case "openai-chat":
            from ..agent.providers.openai_chat import OpenAIChatWire

            return OpenAIChatWire(provider, known)


def _suggested(settings: Settings, where: Surroundings) -> str:
    from ..config.providers import signed_in
    from .local_models import local_model

    for provider in signed_in(where.keyed, settings.providers):
        if provider.default_model:
            return f"{provider.name}/{provider.default_model}"
    found = local_model(settings, where.env)
    hint = "set ANTHROPIC_API_KEY or OPENAI_API_KEY, or see kedge login, or try kedge demo"
    if found:
        hint = f"a local server answers: kedge -m {found}"
    raise CredentialsError("no model is configured, and there is no key for a provider", hint=hint)
