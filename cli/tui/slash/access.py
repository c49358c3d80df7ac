"""What a provider needs before it can be called: asks for its key, or for its server's address."""

import asyncio
from collections.abc import Mapping

from msgspec import structs

from ....config.errors import KedgeError, UsageError
from ....config.kept_keys import is_key
from ....config.providers import ProviderTable, names, table
from ....config.secrets import Key, find_key
from ....config.user_file import keep
from ...local_models import models_of
from ...provider_keys import (
    NO_KEY,
    forget_keys,
    had_at,
    keep_key,
    key_file,
    key_of,
    lent,
    origin_of,
)
from ...surroundings import Surroundings
from ..pages.models import Offer
from .lookups import loaded_of
from .surface import Surface


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
    if not provider.takes_a_key or key_of(provider, surface.where):
        return name
    return name if await ask_key(surface, provider) else ""


async def ask_key(surface: Surface, provider: ProviderTable) -> bool:
    """Ask for a provider's key, and whether it is to be kept; whether there is one now."""
    variable = provider.key_env[0]
    about = (
        f"{had_at(provider)}.\n"
        "It is neither shown nor logged; whether it is kept is asked next.\n"
        f"Or put  export {variable}=…  into your shell's profile."
    )
    words = await surface.ask_secret(f"the key of {provider.title}", about)
    if not words:
        return False
    if not is_key(words):
        surface.say(NO_KEY, wrong=True)
        return False
    key = Key(words, variable)
    _settle(surface, lent(surface.where, key))
    await _offer_to_keep(surface, provider, key)
    return True


async def _offer_to_keep(surface: Surface, provider: ProviderTable, key: Key) -> None:
    if outside := find_key(provider, surface.where.env):
        words = f"the key is used until you leave; then {outside.variable} of your environment is"
        surface.say(words)
        return
    file = key_file(surface.where).file
    about = (
        f"{file} is outside every project and readable for you alone; commands do not see it.\n"
        f"To remove it: /logout {provider.name}, or  kedge logout {provider.name}"
    )
    answers = (("keep", "Keep it, for later starts"), ("now", "Only until I leave"))
    if await surface.choose_answer("keep the key?", about, answers) != "keep":
        surface.say("the key is used until you leave, and written nowhere")
        return
    try:
        where = await asyncio.to_thread(keep_key, surface.where, key)
    except KedgeError as error:
        surface.say(f"the key is used until you leave: {error.in_words}", wrong=True)
        return
    _settle(surface, where)
    surface.say(f"the key is kept in {file}; /logout {provider.name} removes it")


async def ask_another_key(surface: Surface, provider: ProviderTable) -> bool:
    """Ask for a key in place of the one that a provider has; whether there is another one now.
    One that is kept can be forgotten instead.

    Raises:
        KedgeError: it cannot be forgotten.
    """
    if not any(name in surface.where.kept for name in provider.key_env):
        return await ask_key(surface, provider)
    about = f"It is in {key_file(surface.where).file}."
    answers = (("replace", "Give another one"), ("forget", "Forget it"))
    title = f"a key of {provider.title} is kept"
    chosen = await surface.choose_answer(title, about, answers)
    if chosen == "forget":
        await forget_key(surface, provider)
    return chosen == "replace" and await ask_key(surface, provider)


async def forget_key(surface: Surface, provider: ProviderTable) -> None:
    """Keep the key of a provider no longer. What is used goes on being used until the person
    leaves.

    Raises:
        KedgeError: none is kept, or it cannot be forgotten.
    """
    used = key_of(provider, surface.where)
    origin = origin_of(provider, surface.where)
    where, gone = await asyncio.to_thread(forget_keys, surface.where, provider.key_env)
    if not gone:
        said = {
            "environment": f"unset {used.variable}" if used else "",
            "given": "the one that is used was given until you leave",
        }
        raise UsageError(f"no key of {provider.title} is kept", hint=said.get(origin or "", ""))
    lasts = ""
    if used and origin == "kept":
        where = lent(where, used)
        lasts = "; until you leave it is still used"
    _settle(surface, where)
    surface.say(f"the key of {provider.title} is no longer kept{lasts}")


def _settle(surface: Surface, where: Surroundings) -> None:
    surface.move(where)
    surface.desk.settle(where)


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
