"""A model server of a person's own, by its URL, as one more provider in their settings."""

import asyncio
import re
from typing import Final
from urllib.parse import urlsplit

from ....config.providers import ProviderTable, names
from ....config.user_file import Plain, keep_all
from ....config.values import KeyPath
from ...local_models import models_of
from ..pages.models import Offer
from .lookups import loaded_of
from .surface import Surface

_URL: Final = re.compile(r"https?://[^\s/]+(/\S*)?")
_ABOUT: Final = (
    "Any server that speaks OpenAI's Chat Completions: its base URL, the part before\n"
    "/chat/completions. For example  https://llm.example.org/v1"
)


async def add_server(surface: Surface) -> str:
    """Ask for a server, its model and whether it wants a key, and keep it as a provider:
    `provider/model`; empty if the person left. The key itself is asked for before it is called.

    Raises:
        KedgeError: it cannot be kept.
    """
    base_url = await _ask_url(surface)
    if not base_url:
        return ""
    server = ProviderTable(name=await _free_name(surface, base_url), base_url=base_url)
    model = await _ask_model(surface, server)
    if not model:
        return ""
    answers = (("none", "No key"), ("key", "A key, which is asked for next"))
    key = await surface.choose_answer(f"does {base_url} want a key?", "", answers)
    if not key:
        return ""
    variable = f"{re.sub('[^A-Z0-9]', '_', server.name.upper())}_API_KEY"
    says: dict[str, Plain] = {"wire": server.wire, "base_url": base_url}
    says |= {"auth": "none"} if key == "none" else {"auth": "bearer", "key_env": [variable]}
    values: dict[KeyPath, Plain] = {
        ("providers", server.name, field): value for field, value in says.items()
    }
    file = surface.where.home.config_dir / "config.toml"
    await asyncio.to_thread(keep_all, file, values)
    surface.say(f"the server is kept in {file}, as [providers.{server.name}]")
    return f"{server.name}/{model}"


async def _ask_url(surface: Surface) -> str:
    about, given = _ABOUT, ""
    while given := await surface.ask_line("the URL of the server", given, about):
        url = given if "://" in given else f"http://{given}"
        if _URL.fullmatch(url) and not url.endswith("//"):
            return url.rstrip("/").removesuffix("/chat/completions")
        about = f"{given!r} is no http(s) URL.\n{_ABOUT}"
    return ""


async def _free_name(surface: Surface, base_url: str) -> str:
    """A name after the server's own that no other provider has."""
    settings = (await asyncio.to_thread(loaded_of, surface)).settings
    place = urlsplit(base_url)
    name = re.sub(r"[^a-z0-9]+", "-", place.netloc.rpartition("@")[2].lower()).strip("-")
    known = names(settings.providers)
    while name in known and settings.providers.get(name, {}).get("base_url") != base_url:
        name += "-own"
    return name


async def _ask_model(surface: Surface, server: ProviderTable) -> str:
    found = await asyncio.to_thread(lambda: list(models_of(server, {})))
    if not found:
        about = (
            f"{server.base_url}/models lists no models without a key, or does not answer:\n"
            "the model's name, as the server has it."
        )
        return await surface.ask_line("the model", "", about)
    if len(found) == 1:
        return found[0]
    chosen = await surface.choose_offer([Offer(one, title=one) for one in found])
    return chosen.model if chosen else ""
