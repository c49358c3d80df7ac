"""The models: what each takes, what it costs, and which tools it was trained to use."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from .errors import ConfigError, UsageError
from .providers import Quirks
from .sections import DEFAULTS, headers, section
from .values import Table, merged

_Usd = Annotated[float, Meta(ge=0, le=1e6)]
_Tokens = Annotated[int, Meta(ge=1, le=1_000_000_000)]

_DATED = re.compile(r"-(20\d{6}|20\d\d-\d\d-\d\d)$")


class Prices(Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars per million tokens."""

    input: _Usd
    """Input that was neither read from nor written to a cache."""
    output: _Usd
    cached_input: _Usd | None = None
    """Input read from a cache; None where it costs the same as other input."""
    cache_write: _Usd | None = None
    """Input written to a cache (for five minutes, where there is a choice); None likewise."""


class LongPrices(Prices, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The prices of a whole request whose prompt is long."""

    above_tokens: _Tokens
    """The prompt tokens, cached ones included, up to which the ordinary prices hold."""


class ModelEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `[models."provider/model"]` may say."""

    context_window: _Tokens = 128_000
    """Tokens of prompt and answer together."""
    max_output_tokens: _Tokens = 8_192
    """The longest answer, thinking included."""
    prices: Prices | None = None
    """None where they are not known."""
    long_prices: LongPrices | None = None
    """None where a long prompt costs no more per token."""
    edit_tool: Literal["edit", "apply_patch"] = "edit"
    """The editing tool that the model was trained with."""
    thinking: Literal["none", "adaptive", "budget", "effort"] = "none"
    """How thinking is asked for: not at all, Anthropic's adaptive thinking with an effort, a
    budget of tokens, or a reasoning effort."""
    images: bool = False


class ModelProfile(ModelEntry, frozen=True, kw_only=True):
    """A model that can be asked."""

    provider: str
    name: str
    """As the provider spells it."""

    def cost(
        self, *, input: int, output: int, cached_input: int = 0, cache_write: int = 0
    ) -> float | None:
        """US dollars of one request; None if the prices are not known.

        All are tokens, none counted twice: `input` is what was neither read from nor written to
        a cache.
        """
        prices = self.prices
        if self.long_prices and input + cached_input + cache_write > self.long_prices.above_tokens:
            prices = self.long_prices
        if prices is None:
            return None
        read = prices.input if prices.cached_input is None else prices.cached_input
        write = prices.input if prices.cache_write is None else prices.cache_write
        total = input * prices.input + output * prices.output
        return (total + cached_input * read + cache_write * write) / 1_000_000

    def takes_images(self, quirks: Quirks) -> bool:
        """Whether the model can be shown pictures at an endpoint with these quirks."""
        return self.images and quirks.images

    def require_images(self, quirks: Quirks) -> None:
        """Return if the user's own pictures can be shown; those of tools may be left out.

        Raises:
            UsageError: they cannot; says where to set otherwise.
        """
        name = f"{self.provider}/{self.name}"
        if not self.images:
            raise UsageError(
                f"{name} takes no images, as far as is known",
                hint=f'choose another with -m or /model, or set models."{name}".images = true',
            )
        if not quirks.images:
            raise UsageError(
                f"{self.provider} takes no images",
                hint="choose another with -m or /model, or set "
                f"providers.{self.provider}.quirks.images",
            )


class ModelName(Struct, frozen=True):
    """`provider/model`, taken apart at the first slash."""

    provider: str
    model: str


def split(name: str) -> ModelName:
    """Takes `provider/model` apart; the model may have slashes of its own.

    Raises:
        ConfigError: a part is missing.
    """
    provider, _, model = name.partition("/")
    if not provider or not model:
        raise ConfigError(
            f"{name!r} is not provider/model",
            key="model.name",
            hint="for example anthropic/claude-opus-5-5; kedge models lists them",
        )
    return ModelName(provider, model)


def profile(provider: str, model: str, overrides: Mapping[str, Table]) -> ModelProfile:
    """The profile of a model, with what the user says over it (`Settings.models`).

    Reads only the provider's own file. A dated snapshot (`-20260101`, `-2026-01-01`) that is not
    listed is taken for the model itself. A model that is not listed at all has the provider's
    `[default]`, whose prices are unknown.

    Raises:
        ConfigError: the user's values do not fit.
    """
    text = _text(provider)
    listed = _listed(text, model) or _listed(text, _DATED.sub("", model)) or {}
    values = merged(section(text, "default") or {}, listed)
    values = merged(values, overrides.get(f"{provider}/{model}", {}))
    try:
        return msgspec.convert({**values, "provider": provider, "name": model}, ModelProfile)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error), key=f'models."{provider}/{model}"') from error


def known(provider: str, overrides: Mapping[str, Table]) -> tuple[ModelProfile, ...]:
    """The listed models of a provider, then those that the user added."""
    listed = [name[8:-1] for name in headers(_text(provider)) if name.startswith('models."')]
    added = (split(name) for name in overrides)
    own = [name.model for name in added if name.provider == provider and name.model not in listed]
    return tuple(profile(provider, model, overrides) for model in (*listed, *own))


def _listed(text: str, model: str) -> Table | None:
    return section(text, f'models."{model}"')


def _text(provider: str) -> str:
    # A provider of the user's own has no file, and its name may be anything.
    if not re.fullmatch(r"[a-z0-9_-]+", provider):
        return ""
    try:
        return (DEFAULTS / "models" / f"{provider}.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
