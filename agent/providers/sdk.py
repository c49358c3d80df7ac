"""A model behind its vendor's client: for sign-in and signing at the clouds, or on request.

The client sends the body that our wire made and hands its answer over unread, so that wire,
strictness and errors are those of `http.py`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from importlib.util import find_spec
from typing import TYPE_CHECKING

import httpx2
import msgspec

from ...config.errors import ConfigError
from ..deltas import Delta
from ..errors import ProviderError
from ..ports import Request
from . import faults
from .answers import Batches, check, received, told
from .endpoint import Endpoint
from .sdk_clients import Answer, Client, open_sdk
from .sse import ServerSentEvent
from .wire import Wire

_EXTRAS = {"bedrock": ("boto3",), "vertex": ("google.auth", "requests")}
"""By client and extra: what the client needs and the extra brings."""


class SdkProvider:
    """One model at one endpoint. The client is imported and made at the first request."""

    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        """Set up.

        Raises:
            ConfigError: a package that the client needs is not installed.
        """
        _require_extra(endpoint)
        self._wire = wire
        self._endpoint = endpoint
        self._client: Client | None = None
        self._opening = asyncio.Lock()
        """Held while the client is made: requests that begin together share it."""

    @property
    def name(self) -> str:
        """`provider/model`."""
        return self._endpoint.model

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        """Answer a request; see `Provider.stream`."""
        answer = await self._send(self._wire.encode(request))
        try:
            await check(answer.response, self._wire, self._endpoint)
            async with aclosing(told(self._batches(answer), self._wire.decoder())) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            await answer.response.aclose()

    async def close(self) -> None:
        """Release connections. No stream may be open."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _send(self, body: bytes) -> Answer:
        async with self._opening:
            if self._client is None:
                # It takes seconds: in a thread, so that the loop goes on.
                self._client = await asyncio.to_thread(open_sdk, self._endpoint)
        content = msgspec.json.decode(body, type=dict[str, object])
        return await self._client.send(f"/{self._wire.path}", content)

    def _batches(self, answer: Answer) -> Batches:
        if answer.items is None:
            return received(answer.response, self._endpoint)
        return _understood(answer.items, self._endpoint)


async def _understood(items: AsyncIterator[object], endpoint: Endpoint) -> Batches:
    """Events that the client has read, as their data again.

    Raises:
        ProviderError: the answer broke off, stalled, or is in no framing that the client knows.
    """
    try:
        async for item in items:
            yield [ServerSentEvent("", msgspec.json.encode(item))]
    except httpx2.RequestError as error:
        raise faults.broken(error, endpoint) from error
    except (ValueError, RecursionError) as error:
        raise ProviderError("malformed", f"{endpoint.address} sent no JSON: {error}") from error


def _require_extra(endpoint: Endpoint) -> None:
    extra = endpoint.table.sdk
    for package in _EXTRAS.get(extra, ()):
        if not _is_installed(package):
            raise ConfigError(
                f"{endpoint.table.title} needs {package}, which is not installed",
                key=f"providers.{endpoint.table.name}",
                hint=f"pip install 'kedge[{extra}]'",
            )


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # its parent is not
        return False


if TYPE_CHECKING:
    from ..ports import Provider

    _: type[Provider] = SdkProvider
