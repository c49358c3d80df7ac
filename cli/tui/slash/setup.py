"""A model for who has none: which there are here, and using one."""

import asyncio

from ....config.errors import KedgeError
from ....config.providers import ProviderTable, local_servers, names, table
from ...local_models import models_of
from ...provider_keys import PAGES
from ...surroundings import Surroundings
from ..pages.models import ANY_SERVER, Offer
from .access import made_ready
from .lookups import loaded_of
from .own_server import add_server
from .preferences import choose
from .surface import Surface


async def set_up(surface: Surface) -> bool:
    """Have a person choose a model, and give what it needs, for this start and later ones;
    whether a session is open now. What cannot be opened is said, and another one chosen.

    Raises:
        KedgeError: the configuration is wrong.
    """
    settings = (await asyncio.to_thread(loaded_of, surface)).settings

    def look() -> list[Offer]:
        running: list[Offer] = []
        silent: list[Offer] = []
        for one in local_servers(settings.providers):
            found = list(models_of(one, surface.where.env))
            running += (
                Offer(f"{one.name}/{model}", title=f"{one.title}: {model}") for model in found
            )
            silent += () if found else (Offer(f"{one.name}/", title=one.title),)
        known = (table(name, settings.providers) for name in names(settings.providers))
        keyed = [_offer(one) for one in known if one.takes_a_key and one.default_model]
        return [*running, *silent, ANY_SERVER, *keyed]

    while offer := await surface.choose_offer(await asyncio.to_thread(look)):
        # Who leaves what is asked about one of them, is back at all of them.
        try:
            model = offer.model or await add_server(surface)
            if model and await use(surface, model, lasts=True):
                return True
        except KedgeError as error:
            surface.say(error.in_words, wrong=True)
    return False


async def use(surface: Surface, model: str, *, lasts: bool) -> bool:
    """Open a session with a model, once it has what it needs; whether one is open now. If it
    `lasts`, later ones are opened with it, too.

    Raises:
        KedgeError: it cannot be opened.
    """
    before = surface.where
    ready = await made_ready(surface, model)
    if not ready:
        return False
    surface.desk.settle(surface.where, model=ready)
    await surface.desk.open()
    said = in_use(ready, before, surface.where)
    if lasts:
        await remember(surface, said, ready)
    else:
        surface.say(said)
    return True


def in_use(model: str, before: Surroundings, now: Surroundings, when: str = "") -> str:
    """That a model is used from here on, or from `when`, in words: nobody knows yet whether a key
    is good that was not there before."""
    if (before.given, before.kept) == (now.given, now.kept):
        return f"{model} answers{when}"
    return f"using {model}{when}; the key is tried with your next prompt"


async def remember(surface: Surface, said: str, model: str, *, lasts: bool = True) -> None:
    """Say who answers; if it `lasts`, and is a provider's, later sessions begin with it."""
    settings = (await asyncio.to_thread(loaded_of, surface)).settings
    provided = model.partition("/")[0] in names(settings.providers)
    await choose(surface, said, ("model", "name"), model, lasts=lasts and provided)


def _offer(provider: ProviderTable) -> Offer:
    model = f"{provider.name}/{provider.default_model}"
    return Offer(model, provider.key_env[0], provider.title, PAGES.get(provider.name, ""))
