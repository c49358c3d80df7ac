"""A model behind an HTTP endpoint: carries one wire over httpx2.

Strict about how an answer ends: a stream without its wire's terminal event is `cut_off`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from ssl import PROTOCOL_TLS_CLIENT, SSLContext, SSLError
from typing import TYPE_CHECKING

import httpx2
import msgspec

from ...config.providers import ProviderTable
from ...config.secrets import Key
from ...config.settings import HttpSettings
from ..deltas import Delta, Finished, TextDelta, ThinkingDelta
from ..errors import ProviderError
from ..ports import Request
from . import faults
from .sse import EventParser, ServerSentEvent
from .wire import Decoder, Wire

_KEEPALIVE_SECONDS = 60.0
"""How long a connection waits for the next request: tools run for longer than httpx2's 5 s."""
_FAREWELL_SECONDS = 0.25
"""How long a body may go on after the terminal event before its connection is given up."""
_ERROR_BODY_BYTES = 64 * 1024


class HttpProvider:
    """One model at one endpoint. All requests share a connection pool."""

    def __init__(
        self,
        name: str,
        wire: Wire,
        table: ProviderTable,
        *,
        base_url: str,
        key: Key | None,
        http: HttpSettings,
    ) -> None:
        self._name = name
        self._wire = wire
        self._table = table
        self._key = key
        self._http = http
        self._address = base_url
        path, mark, query = base_url.partition("?")
        self._url = f"{path.rstrip('/')}/{wire.path}{mark}{query}"
        self._client: httpx2.AsyncClient | None = None
        self._trust: Future[SSLContext] | None = None

    @property
    def name(self) -> str:
        """`provider/model`."""
        return self._name

    def warm(self) -> None:
        """Load the trusted certificates in a thread, so that the first request finds them there.

        May be called before there is an event loop, and more than once. OpenSSL loads them
        without Python's lock: 20 ms that other set-up can use.
        """
        if self._trust is None and self._url.startswith("https:"):
            with_one_thread = ThreadPoolExecutor(1)
            self._trust = with_one_thread.submit(httpx2.create_ssl_context)
            with_one_thread.shutdown(wait=False)

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        """Answer a request; see `Provider.stream`. Deltas that arrived together are joined."""
        decoder = self._wire.decoder()
        response = await self._send(self._wire.encode(request))
        finished: Finished | None = None
        try:
            await self._check(response)
            parser = EventParser()
            chunks = response.aiter_bytes()
            async for chunk in chunks:
                for delta in _joined(decoder, parser.feed(chunk)):
                    if isinstance(delta, Finished):
                        finished = delta
                    else:
                        yield delta
                if finished:
                    await _drain(chunks)
                    break
        except httpx2.RequestError as error:
            idle = self._http.idle_timeout_seconds
            raise faults.broken(error, self._address, idle) from error
        finally:
            await response.aclose()
        for delta in decoder.end():
            yield delta
        if finished:
            yield finished

    async def close(self) -> None:
        """Release connections. No stream may be open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _send(self, body: bytes) -> httpx2.Response:
        """The answer's head; its body is still to be read."""
        headers = self._headers()
        client = await self._connections()
        request = client.build_request("POST", self._url, content=body, headers=headers)
        try:
            return await client.send(request, stream=True)
        except httpx2.LocalProtocolError as error:
            # Not chained: what is wrong with a header is said by quoting it.
            raise faults.unsent(error, self._address, 0) from None
        except httpx2.RequestError as error:
            idle = self._http.idle_timeout_seconds
            raise faults.unsent(error, self._address, idle) from error

    def _headers(self) -> dict[str, str]:
        headers = {
            "accept": "text/event-stream",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": "kedge",
        }
        return headers | key_headers(self._table, self._key) | self._table.headers

    async def _connections(self) -> httpx2.AsyncClient:
        if self._client is None:
            idle = self._http.idle_timeout_seconds
            try:
                self._client = httpx2.AsyncClient(
                    verify=await self._trusted(),
                    timeout=httpx2.Timeout(
                        idle, connect=self._http.connect_timeout_seconds, pool=None
                    ),
                    limits=httpx2.Limits(keepalive_expiry=_KEEPALIVE_SECONDS),
                )
            except (OSError, SSLError) as error:
                raise ProviderError(
                    "tls", f"the trusted certificates cannot be read: {error}; check SSL_CERT_FILE"
                ) from error
            except (ImportError, ValueError, httpx2.InvalidURL) as error:
                raise ProviderError(
                    "connection", f"the proxy in the environment cannot be used: {error}",
                    retryable=False,
                ) from error  # fmt: skip
        return self._client

    async def _trusted(self) -> SSLContext:
        self.warm()
        if self._trust is None:
            # Nothing is encrypted on the way to http://, and a context that trusts nobody is free.
            return SSLContext(PROTOCOL_TLS_CLIENT)
        return await asyncio.wrap_future(self._trust)

    async def _check(self, response: httpx2.Response) -> None:
        """Return if the body is an event stream.

        Raises:
            ProviderError: what the answer says instead.
        """
        kind = response.headers.get("content-type", "text/event-stream").partition(";")[0].strip()
        if response.status_code == 200 and kind.lower() == "text/event-stream":
            return
        body = await _beginning(response)
        if response.status_code == 200 and not _is_error(body):
            quoted = body[: faults.QUOTED_BYTES].decode("utf-8", "replace")
            raise ProviderError(
                "malformed",
                f"{self._address} answered with {kind!r} in the place of a stream: {quoted!r}",
                status=200,
            )
        if response.is_redirect:
            target = response.headers.get("location", "")
            raise ProviderError(
                "invalid",
                f"{self._address} redirects to {target!r}: set base_url to the address meant",
                status=response.status_code,
            )
        error = self._wire.error(response.status_code, response.headers, body)
        raise faults.heed(self._worded(error), response.headers)

    def _worded(self, error: ProviderError) -> ProviderError:
        """The error, with the key's variable named where the key is at fault, and never the key."""
        text = str(error)
        if error.kind == "credentials" and self._key:
            text = f"{text} (the key is from {self._key.variable})"
        error.args = (without(self._key, text),)
        return error


def key_headers(table: ProviderTable, key: Key | None) -> dict[str, str]:
    """The headers that carry the key.

    Raises:
        ProviderError: `credentials`, there is no key or it cannot be sent.
    """
    if table.auth == "none" or (key is None and not table.key_env):
        return {}
    if key is None:
        names = " or ".join(table.key_env)
        raise ProviderError("credentials", f"no key for {table.title}: set {names}")
    value = key.reveal()
    if not (value.isascii() and value.isprintable()):
        raise ProviderError(
            "credentials", f"{key.variable} holds characters that no key has: set it again"
        )
    bearer, plain = {"authorization": f"Bearer {value}"}, {"x-api-key": value}
    match table.auth:
        case "bearer":
            return bearer
        case "x-api-key":
            return plain
        case "both":
            return bearer | plain
        case "api-key":
            return {"api-key": value}


def without(key: Key | None, text: str) -> str:
    """The text with the key taken out. Very short keys are placeholders, not secrets."""
    value = key.reveal() if key else ""
    return text.replace(value, "[key]") if len(value) >= 8 else text


def _joined(decoder: Decoder, events: Iterable[ServerSentEvent]) -> list[Delta]:
    """The deltas of events that arrived together, runs of words made one: each delta costs every
    reader of the stream something. Nothing is read beyond `Finished`."""
    deltas: list[Delta] = []
    for event in events:
        for delta in decoder.feed(event.name, event.data):
            match delta, deltas[-1] if deltas else None:
                case TextDelta(more), TextDelta(text):
                    deltas[-1] = TextDelta(text + more)
                case ThinkingDelta(more), ThinkingDelta(text):
                    deltas[-1] = ThinkingDelta(text + more)
                case _:
                    deltas.append(delta)
        if deltas and isinstance(deltas[-1], Finished):
            break
    return deltas


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read the end of a body whose answer is complete: only then is its connection used again."""
    with contextlib.suppress(httpx2.RequestError, TimeoutError):
        async with asyncio.timeout(_FAREWELL_SECONDS):
            async for _ in chunks:
                pass


async def _beginning(response: httpx2.Response) -> bytes:
    """As much of an error's body as is worth reading, or as arrives."""
    body = b""
    with contextlib.suppress(httpx2.RequestError):
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) >= _ERROR_BODY_BYTES:
                break
    return body


def _is_error(body: bytes) -> bool:
    try:
        return "error" in msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return False


if TYPE_CHECKING:
    from ..ports import Provider

    _: type[Provider] = HttpProvider
