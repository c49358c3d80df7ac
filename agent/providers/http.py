"""A model behind an HTTP endpoint: carries one wire over httpx2."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from ssl import PROTOCOL_TLS_CLIENT, SSLContext, SSLError
from typing import TYPE_CHECKING

import anyio.lowlevel
import httpcore2
import httpx2

from ..deltas import Delta
from ..errors import ProviderError
from ..ports import Request
from . import counting, faults
from .answers import check, received, told
from .endpoint import Endpoint
from .wire import Wire

_TOO_MANY = 429
"""The status of a request that may be made again later."""
_KEEPALIVE_SECONDS = 60.0
"""How long a connection waits for the next request: tools run for longer than httpx2's 5 s."""


class HttpProvider:
    """One model at one endpoint. All requests share a connection pool."""

    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self._wire = wire
        self._endpoint = endpoint
        self._url = endpoint.url(wire.path)
        self._counting = counting.path_of(wire.name, wire.path)
        self._client: httpx2.AsyncClient | None = None
        self._trust: Future[SSLContext] | None = None

    @property
    def name(self) -> str:
        """`provider/model`."""
        return self._endpoint.model

    def warm(self) -> None:
        """Load the trusted certificates in a thread, so that the first request finds them there.

        May be called before there is an event loop, and more than once. OpenSSL loads them
        without Python's lock: 20 ms that other set-up can use.
        """
        if self._trust is None and self._url.startswith("https:"):
            thread = ThreadPoolExecutor(1)
            self._trust = thread.submit(httpcore2.default_ssl_context)
            thread.shutdown(wait=False)

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        """Answer a request; see `Provider.stream`."""
        response = await self._send(self._wire.encode(request))
        try:
            await check(response, self._wire, self._endpoint)
            batches = received(response, self._endpoint)
            async with aclosing(told(batches, self._wire.decoder())) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            await response.aclose()

    async def count(self, request: Request) -> int | None:
        """See `Counts.count`. An endpoint that says that it does not do it is not asked again."""
        if not self._counting:
            return None
        body = counting.question(self._wire.name, self._wire.encode(request))
        url = self._endpoint.url(self._counting)
        patience = self._endpoint.http.idle_timeout_seconds
        try:
            async with asyncio.timeout(min(counting.SECONDS, patience)):
                client = await self._connections()
                headers = self._headers("application/json")
                response = await client.post(url, content=body, headers=headers)
        except (TimeoutError, ProviderError, httpx2.RequestError, httpx2.InvalidURL):
            return None
        if 400 <= response.status_code < 500 and response.status_code != _TOO_MANY:
            self._counting = ""
        return counting.answer(response.content) if response.is_success else None

    async def close(self) -> None:
        """Release connections. No stream may be open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _send(self, body: bytes) -> httpx2.Response:
        """The answer's head; its body is still to be read."""
        headers = self._headers("text/event-stream")
        client = await self._connections()
        try:
            request = client.build_request("POST", self._url, content=body, headers=headers)
            return await client.send(request, stream=True)
        except httpx2.RequestError as error:
            raise faults.unsent(error, self._endpoint) from error
        except httpx2.InvalidURL as error:
            text = f"{self._url!r} is no address: {error}; check base_url"
            raise ProviderError("not_found", text) from error

    def _headers(self, accept: str) -> dict[str, str]:
        headers = {
            "accept": accept,
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": "kedge",
        }
        return headers | self._endpoint.headers()

    async def _connections(self) -> httpx2.AsyncClient:
        trust = await self._trusted()
        if self._client is None:
            self._client = open_client(self._endpoint, trust)
        return self._client

    async def _trusted(self) -> SSLContext:
        self.warm()
        if self._trust is None:
            # Nothing is encrypted on the way to http://, and a context that trusts nobody is free.
            return SSLContext(PROTOCOL_TLS_CLIENT)
        try:
            # Loads the backend of the event loop while OpenSSL reads the certificates.
            await anyio.lowlevel.checkpoint()
            return await asyncio.wrap_future(self._trust)
        except (OSError, SSLError) as error:
            text = f"the trusted certificates cannot be read: {error}; check SSL_CERT_FILE"
            raise ProviderError("tls", text) from error


def open_client(endpoint: Endpoint, trust: SSLContext) -> httpx2.AsyncClient:
    """A pool of connections with the endpoint's patience, through the environment's proxies.

    Raises:
        ProviderError: a proxy variable cannot be used.
    """
    times = endpoint.http
    try:
        return httpx2.AsyncClient(
            verify=trust,
            timeout=httpx2.Timeout(
                times.idle_timeout_seconds, connect=times.connect_timeout_seconds, pool=None
            ),
            limits=httpx2.Limits(keepalive_expiry=_KEEPALIVE_SECONDS),
        )
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        text = f"the proxy that the environment names cannot be used: {error}"
        raise ProviderError("connection", text, retryable=False) from error


if TYPE_CHECKING:
    from ..ports import Provider

    _: type[Provider] = HttpProvider
