"""Finds a model server that listens on this machine, when there is no key for any other."""

import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec

from ..config.providers import ProviderTable, local_servers
from ..config.settings import Settings

CONNECT_SECONDS = 0.2
ANSWER_SECONDS = 1.0


class _Entry(msgspec.Struct):
    id: str = ""


class _Listing(msgspec.Struct):
    data: list[_Entry] = msgspec.field(default_factory=list[_Entry])


def local_model(settings: Settings, env: Mapping[str, str]) -> str:
    """`provider/model` of the first local server that has one; empty if there is none."""
    for provider in local_servers(settings.providers):
        for model in models_of(provider, env):
            return f"{provider.name}/{model}"
    return ""


def models_of(provider: ProviderTable, env: Mapping[str, str]) -> Iterator[str]:
    """The models that a local server offers, by its OpenAI-compatible list."""
    base = provider.endpoint(env)
    if not _listens(base):
        return
    import httpx2

    try:
        answer = httpx2.get(f"{base}/models", timeout=ANSWER_SECONDS, trust_env=False)
        listing = msgspec.json.decode(answer.content, type=_Listing)
    except (httpx2.HTTPError, msgspec.MsgspecError):
        return
    yield from (entry.id for entry in listing.data if entry.id)


def _listens(url: str) -> bool:
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    try:
        with socket.create_connection((place.hostname or "", port), CONNECT_SECONDS):
            return True
    except OSError:
        return False
