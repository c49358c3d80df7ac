"""A model for who has none: which there are here, where a key is to be had, and using one."""

import asyncio
from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from ....config.providers import ProviderTable, local_servers, names, table
from ...local_models import models_of
from ..screens.line import LineScreen
from ..screens.picker import Item, Picker
from .showing import answered, loaded_of

if TYPE_CHECKING:
    from ..seated import Seated

_PAGES: Final = {
    "anthropic": "https://console.anthropic.com/settings/keys",
    "openai": "https://platform.openai.com/api-keys",
    "gemini": "https://aistudio.google.com/apikey",
    "xai": "https://console.x.ai",
    "deepseek": "https://platform.deepseek.com/api_keys",
    "mistral": "https://console.mistral.ai/api-keys",
    "moonshot": "https://platform.moonshot.ai/console/api-keys",
    "groq": "https://console.groq.com/keys",
    "together": "https://api.together.ai/settings/api-keys",
    "fireworks": "https://fireworks.ai/account/api-keys",
    "openrouter": "https://openrouter.ai/keys",
}
"""Where providers give out keys."""


class Offer(Struct, frozen=True):
    """A model that could answer."""

    model: str
    """`provider/model`."""
    variable: str = ""
    """Where its key would be found; empty if it needs none."""
    title: str = ""
    page: str = ""


_NO_SERVER: Final = Offer("")


class SetupScreen(Picker[Offer]):
    """Gives who is to answer."""

    TAKE = "Enter takes it"

    def __init__(self, offers: list[Offer]) -> None:
        items = [
            Item(one, one.title, "no key needed" if not one.variable else one.variable)
            for one in offers
        ]
        if all(one.variable for one in offers):
            items.insert(0, Item(_NO_SERVER, "On this machine", "no server runs here", dead=True))
        title = "which model is to answer? there is no key yet"
        super().__init__(title, items, chosen=offers[0])

    def preview(self, item: Item[Offer]) -> str:
        """What is to be done for it."""
        offer = item.value
        if item.dead:
            return (
                "Ollama, LM Studio, llama.cpp or vLLM: start one, and /model finds its models.\n"
                "A server elsewhere is a [providers.NAME] in config.toml: docs/providers.md."
            )
        if not offer.variable:
            return f"{offer.model} runs on this machine: Enter, and it answers."
        where = f"\nA key is to be had at {offer.page}" if offer.page else ""
        return (
            f"{offer.model}{where}\n"
            "Enter asks for the key. It is used until you leave, and written nowhere.\n"
            f"For good: put  export {offer.variable}=…  into your shell's profile."
        )


async def set_up(app: "Seated") -> bool:
    """Have a person choose a model, and give its key; whether there is one now."""
    settings = (await asyncio.to_thread(loaded_of, app)).settings

    def look() -> list[Offer]:
        local = [
            Offer(f"{one.name}/{model}", title=f"{one.title}: {model}")
            for one in local_servers(settings.providers)
            for model in models_of(one, app.where.env)
        ]
        known = (table(name, settings.providers) for name in names(settings.providers))
        return [*local, *(_offer(one) for one in known if _takes_a_key(one))]

    offer = await answered(app, SetupScreen(await asyncio.to_thread(look)))
    if offer is None:
        app.say("no model yet: /model asks again, kedge demo shows how it works")
        return False
    where = app.where
    if offer.variable:
        about = f"The key of {offer.title}. It is not shown, not stored and not logged."
        key = await answered(app, LineScreen(offer.variable, about=about, secret=True))
        if not key:
            return False
        where = structs.replace(where, env={**where.env, offer.variable: key})
    app.where = where
    app.desk.settle(where, offer.model)
    await app.desk.open()
    if offer.variable:
        app.say(f"{offer.model} answers, until you leave. For good: export {offer.variable}=…")
    return True


def _takes_a_key(provider: ProviderTable) -> bool:
    plain = not provider.local and provider.transport == "http" and not provider.required_env
    return plain and bool(provider.key_env and provider.default_model)


def _offer(provider: ProviderTable) -> Offer:
    model = f"{provider.name}/{provider.default_model}"
    return Offer(model, provider.key_env[0], provider.title, _PAGES.get(provider.name, ""))
