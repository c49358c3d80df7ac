"""HTTP/1.1 on one connection: requests in, planned answers out (RFC 9112)."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from random import Random
from typing import Literal

from msgspec import Struct

from .faults import Plan
from .framing import cut

Outcome = Literal["served", "closed", "reset", "client_left", "server_stopped"]
"""How an answer ended: complete (also a clean early end), closed or reset by the plan, the client
went away first, or the server was stopped."""

HEAD_LIMIT = 256 * 1024
_FLUSH = 64 * 1024


class Head(Struct, frozen=True):
    """The start of a request."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case; of repeated ones the last."""


class ClientLeft(Exception):
    """The client closed the connection."""


class Connection:
    """One client connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def head(self) -> Head | None:
        """The next request's head; None when the client has no more.

        Raises: ValueError for what is not HTTP/1.1.
        """
        try:
            raw = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        method, target, version = first.split(" ")
        if version != "HTTP/1.1":
            raise ValueError(f"expected HTTP/1.1, got {first!r}")
        path, _, query = target.partition("?")
        pairs = (line.split(":", 1) for line in lines)
        return Head(method, path, query, {name.lower(): value.strip() for name, value in pairs})

    async def body(self, head: Head) -> bytes:
        """The request's body, by length or in chunks.

        Raises: asyncio.IncompleteReadError, ConnectionError.
        """
        if head.headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in head.headers.get("transfer-encoding", ""):
            return await self._chunked_body()
        return await self._reader.readexactly(int(head.headers.get("content-length", "0")))

    async def _chunked_body(self) -> bytes:
        out = bytearray()
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            out += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return bytes(out)

    async def play(
        self,
        plan: Plan,
        rng: Random | None,
        stalled: Callable[[], Awaitable[None]],
        release: asyncio.Event,
    ) -> Outcome:
        """Sends the answer. `stalled` is awaited when the plan's stall begins."""
        try:
            return await self._play(plan, rng, stalled, release)
        except (ClientLeft, ConnectionError):
            return "client_left"

    async def _play(
        self,
        plan: Plan,
        rng: Random | None,
        stalled: Callable[[], Awaitable[None]],
        release: asyncio.Event,
    ) -> Outcome:
        if plan.status is not None:
            self._writer.write(_status_line(plan))
        await self._send(plan, plan.blocks, rng)
        if plan.ending == "stall":
            await self._writer.drain()
            await stalled()
            await self._wait(release)
            await self._send(plan, plan.rest, rng)
        if plan.ending == "reset":
            await self._reset()
            return "reset"
        if plan.ending == "close" or plan.status is None:
            self._writer.close()
            return "closed"
        if plan.chunked:
            self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()
        return "served"

    async def _send(self, plan: Plan, blocks: list[bytes], rng: Random | None) -> None:
        if plan.delay:
            for block in blocks:
                await asyncio.sleep(plan.delay)
                await self._write(_chunks(plan, cut([block], rng)))
        elif rng is not None and plan.chunked:
            for chunk in cut(blocks, rng):
                await self._write(_chunks(plan, [chunk]))
                await asyncio.sleep(0)
        else:
            await self._write(_chunks(plan, blocks))

    async def _write(self, chunks: Iterable[bytes]) -> None:
        """Writes in pieces large enough that the server costs little beside its client."""
        waiting = bytearray()
        for chunk in chunks:
            waiting += chunk
            if len(waiting) >= _FLUSH:
                await self._flush(waiting)
        await self._flush(waiting)

    async def _flush(self, waiting: bytearray) -> None:
        if self._reader.at_eof() or self._writer.is_closing():
            raise ClientLeft
        self._writer.write(bytes(waiting))
        waiting.clear()
        await self._writer.drain()

    async def _wait(self, release: asyncio.Event) -> None:
        gone = asyncio.ensure_future(self._reader.read(1))
        released = asyncio.ensure_future(release.wait())
        try:
            await asyncio.wait((gone, released), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                raise ClientLeft from gone.exception()
        finally:
            gone.cancel()
            released.cancel()

    async def _reset(self) -> None:
        transport = self._writer.transport
        transport.set_write_buffer_limits(0)
        await self._writer.drain()
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


def _status_line(plan: Plan) -> bytes:
    assert plan.status is not None
    try:
        reason = HTTPStatus(plan.status).phrase
    except ValueError:
        reason = "Overloaded" if plan.status == 529 else "Unknown"
    length = str(sum(len(block) for block in plan.blocks))
    size = ("transfer-encoding", "chunked") if plan.chunked else ("content-length", length)
    fields = {"content-type": plan.content_type, **dict([size]), **plan.headers}
    lines = [f"HTTP/1.1 {plan.status} {reason}", *(f"{key}: {fields[key]}" for key in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunks(plan: Plan, blocks: Iterable[bytes]) -> Iterable[bytes]:
    """The blocks in chunked transfer encoding, where the plan has it."""
    if not plan.chunked:
        return blocks
    return (b"%x\r\n%b\r\n" % (len(block), block) for block in blocks if block)
