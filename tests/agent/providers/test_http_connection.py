"""The HTTP transport on servers that send chosen bytes: connections, ends, odd answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from kedge.agent.deltas import Delta, Finished, Metered, PartDone, TextDelta
from kedge.agent.errors import ProviderError
from kedge.agent.messages import Message, Text, Usage
from kedge.agent.ports import Request
from kedge.agent.providers.anthropic import AnthropicWire
from kedge.agent.providers.endpoint import Endpoint
from kedge.agent.providers.http import HttpProvider
from kedge.config.models import ModelProfile
from kedge.config.providers import ProviderTable
from kedge.config.settings import HttpSettings

REQUEST = Request("Be good.", (Message("user", (Text("Hi"),)),), (), 1000, "", "s")


def provider(url: str) -> HttpProvider:
    table = ProviderTable(name="anthropic", title="Anthropic", wire="anthropic", auth="none")
    wire = AnthropicWire(table, ModelProfile(provider="anthropic", name="claude"))
    return HttpProvider(wire, Endpoint("anthropic/claude", table, url, None, HttpSettings()))


async def answered(one: HttpProvider) -> list[Delta]:
    try:
        return [delta async for delta in one.stream(REQUEST)]
    finally:
        await one.close()


async def failure(one: HttpProvider) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await answered(one)
    return raised.value


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(handler: Handler) -> AsyncIterator[str]:
    """A server of bytes; `handler` is called for each connection."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


EVENTS = (
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
    + b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n\n'
    * 3
    + b'data: {"type":"content_block_stop","index":0}\n\n'
    b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n'
    b'data: {"type":"message_stop"}\n\n'
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def read_request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
    await reader.readexactly(int(length.split(b":")[1]))


async def test_words_that_arrive_together_are_one_delta() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(HEAD + chunk(EVENTS) + chunk(b""))
        writer.close()

    async with raw_server(handle) as url:
        deltas = await answered(provider(url))
    words = [delta for delta in deltas if not isinstance(delta, Metered)]
    assert words == [TextDelta("aaa"), PartDone(Text("aaa")), Finished("end", Usage())]


async def test_requests_share_a_connection() -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            await read_request(reader)
            writer.write(HEAD + chunk(EVENTS))
            await writer.drain()
            writer.write(chunk(b""))
        writer.close()

    async with raw_server(handle) as url:
        one = provider(url)
        for _ in range(3):
            assert isinstance([delta async for delta in one.stream(REQUEST)][-1], Finished)
        await one.close()
    assert connections == 1


async def test_a_complete_answer_does_not_wait_for_a_body_without_end() -> None:
    gone = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(HEAD + chunk(EVENTS))
        await reader.read()
        gone.set()
        writer.close()

    async with raw_server(handle) as url:
        deltas = await answered(provider(url))
        await gone.wait()
    assert isinstance(deltas[-1], Finished)


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 307 x\r\nlocation: http://elsewhere/\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with raw_server(handle) as url:
        error = await failure(provider(url))
    assert (error.kind, error.retryable) == ("not_found", False)
    assert "http://elsewhere/" in str(error)


async def test_tls_spoken_to_a_plain_server_is_a_tls_error() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with raw_server(handle) as url:
        error = await failure(provider(url.replace("http:", "https:")))
    assert (error.kind, error.retryable) == ("tls", False)
