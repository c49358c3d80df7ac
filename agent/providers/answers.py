"""Reads an HTTP answer: refuses what is no event stream, turns events into deltas.

Strict about the end: an answer without its wire's terminal event is `cut_off`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable

import httpx2
import msgspec

from ..deltas import Delta, Finished, Metered, TextDelta, ThinkingDelta
from ..errors import ProviderError
from . import faults
from .endpoint import Endpoint
from .sse import EventParser, ServerSentEvent
from .wire import Decoder, Wire

Batches = AsyncGenerator[list[ServerSentEvent]]
"""The events of one answer, those together that arrived together."""

_FAREWELL_SECONDS = 0.25
"""How long a body may go on after the terminal event before its connection is given up."""
_ERROR_BODY_BYTES = 64 * 1024


async def check(response: httpx2.Response, wire: Wire, endpoint: Endpoint) -> None:
    """Return if the answer is an event stream, in whatever framing.

    Raises:
        ProviderError: what it says instead.
    """
    kind = response.headers.get("content-type", "text/event-stream").partition(";")[0].strip()
    if response.status_code == 200 and kind.lower().endswith(("event-stream", "eventstream")):
        return
    status = response.status_code
    body = await _beginning(response)
    if status == 200 and not _is_error(body):
        quoted = body[: faults.QUOTED_BYTES].decode("utf-8", "replace")
        text = f"{endpoint.address} answered with {kind!r} in the place of a stream: {quoted!r}"
        raise ProviderError("malformed", text, status=status)
    if response.is_redirect:
        target = response.headers.get("location", "")
        text = f"{endpoint.address} redirects to {target!r}: set base_url to the address meant"
        raise ProviderError("not_found", text, status=status)
    error = wire.error(status, response.headers, body)
    raise faults.heed(endpoint.worded(error), response.headers)


async def received(response: httpx2.Response, endpoint: Endpoint) -> Batches:
    """The events of an answer, as they come.

    Raises:
        ProviderError: the answer broke off, stalled, or has an event that is too large.
    """
    parser = EventParser()
    try:
        async for chunk in response.aiter_bytes():
            if events := parser.feed(chunk):
                yield events
    except httpx2.RequestError as error:
        raise faults.broken(error, endpoint) from error


async def told(batches: Batches, decoder: Decoder) -> AsyncGenerator[Delta]:
    """The deltas of an answer, whose head says that the request was taken up. Words that arrived
    together are one delta; `Finished` is held back until the answer's end has been read."""
    yield Metered()
    finished: Finished | None = None
    async with contextlib.aclosing(batches):
        async for events in batches:
            for delta in _joined(decoder, events):
                if isinstance(delta, Finished):
                    finished = delta
                else:
                    yield delta
            if finished:
                await _drain(batches)
                break
    for delta in decoder.end():
        yield delta
    if finished:
        yield finished


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


async def _drain(batches: Batches) -> None:
    """Read the end of a body whose answer is complete: only then is its connection used again."""
    with contextlib.suppress(ProviderError, TimeoutError):
        async with asyncio.timeout(_FAREWELL_SECONDS):
            async for _ in batches:
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
    except (ValueError, RecursionError):
        return False
