"""What a provider needs before it can be called: asks for its key, or for its server's address."""

import asyncio
from collections.abc import Mapping
from typing import Final

from msgspec import structs

from ....config.errors import KedgeError
from ....config.providers import ProviderTable, names, table
from ....config.user_file import keep
from ...local_models import models_of
from ..pages.models import Offer
from .lookups import loaded_of
from .surface import Surface

PAGES: Final = {
    "anthropic": "https://platform.claude.com/settings/keys",
    "openai": "https://platform.openai.com/api-keys",
    "gemini": "https://aistudio.google.com/apikey",
    "xai": "https://console.x.ai",
    "deepseek": "https://platform.deepseek.com/api_keys",
    "mistral": "https://console.mistral.ai/api-keys",
    "moonshot": "https://platform.moonshot.ai/console/api-keys",
    "groq": "https://console.groq.com/keys",
    "together": "https://api.together.ai/settings/api-keys",
    "fireworks": "https://app.fireworks.ai/settings/users/api-keys",
    "openrouter": "https://openrouter.ai/settings/keys",
}
"""Where providers give out keys."""


async def made_ready(surface: Surface, name: str) -> str:
    """See to it that a model, by `provider/model`, can be called: the one that can; empty if the
    person left.

    Without a model behind the slash it is one that the provider's server offers. What is no
    provider's, and what needs more than a key, is given back as it is.
    """
    settings = (await asyncio.to_thread(loaded_of, surface)).settings
    before, _, model = name.partition("/")
    if before not in names(settings.providers):
        return name
    provider = table(before, settings.providers)
    if provider.local:
        return await _served(surface, provider, model)
    if not takes_a_key(provider) or provider.can_sign_in(surface.where.env):
        return name
    return name if await ask_key(surface, provider) else ""


def takes_a_key(provider: ProviderTable) -> bool:
    """Whether a key is all that it needs."""
    plain = not provider.local and provider.transport == "http" and not provider.required_env
    return plain and bool(provider.key_env)


async def ask_key(surface: Surface, provider: ProviderTable) -> bool:
    """Ask for a provider's key, to be used until the person leaves; whether there is one now."""
    variable = provider.key_env[0]
    page = PAGES.get(provider.name)
    about = (
        f"{f'To be had at {page}' if page else f'{provider.title} gives it out'}.\n"
        "It is used until you leave, and neither shown, stored nor logged.\n"
        f"For good: put  export {variable}=…  into your shell's profile."
    )
    key = await surface.ask_secret(f"the key of {provider.title}", about)
    if not key:
        return False
    if not (key.isascii() and key.isprintable()):
        surface.say("that is no key: it holds characters that none has", wrong=True)
        return False
    where = structs.replace(surface.where, env={**surface.where.env, variable: key})
    surface.move(where)
    surface.desk.settle(where)
    return True


async def _served(surface: Surface, provider: ProviderTable, model: str) -> str:
    """The model of a server on this machine or elsewhere, once it answers; empty if the person
    left."""
    found = await _offered(provider, surface.where.env)
    asked = provider.endpoint(surface.where.env)
    while not found:
        about = (
            f"{provider.title} does not answer at {asked}.\n"
            "Start it, or say where it listens: host:port, or a whole URL."
        )
        given = await surface.ask_line(f"the address of {provider.title}", asked, about)
        if not given:
            return ""
        asked = provider.address(given)
        found = await _offered(structs.replace(provider, base_url=asked, base_url_env=""), {})
    if asked != provider.endpoint(surface.where.env):
        await _moved(surface, provider, asked)
    if model or len(found) == 1:
        return f"{provider.name}/{model or found[0]}"
    offers = [Offer(f"{provider.name}/{one}", title=one) for one in found]
    chosen = await surface.choose_offer(offers)
    return chosen.model if chosen else ""


async def _offered(provider: ProviderTable, env: Mapping[str, str]) -> list[str]:
    return await asyncio.to_thread(lambda: list(models_of(provider, env)))


async def _moved(surface: Surface, provider: ProviderTable, base_url: str) -> None:
    """Call the server at this address from here on; that is no secret, so it is kept."""
    variable = provider.base_url_env
    env = {name: value for name, value in surface.where.env.items() if name != variable}
    set_elsewhere = len(env) < len(surface.where.env)
    where = structs.replace(surface.where, env=env)
    surface.move(where)
    surface.desk.settle(where, addresses={provider.name: base_url})
    file = surface.where.home.config_dir / "config.toml"
    try:
        await asyncio.to_thread(keep, file, ("providers", provider.name, "base_url"), base_url)
    except KedgeError as error:
        surface.say(f"{base_url} is used until you leave: {error}\n{error.hint}", wrong=True)
        return
    but = f"; {variable} of your environment counts more at the next start" if set_elsewhere else ""
    surface.say(f"the address is kept in {file}{but}")
