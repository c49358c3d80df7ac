"""The one way out of an empty network: a proxy that connects to the hosts of a list.

Its socket listens inside and is accepted outside. HTTP (CONNECT and absolute URIs, RFC 9110 and
9112) and SOCKS 5 (RFC 1928) on the same port. Names are resolved here, and the address that was
checked is the one that is connected to.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable

import msgspec

from .hosts import Host, is_address, is_public, plain_name

_HEAD = 65_536
"""Bytes of a request's head, at most."""
_PATIENCE = 30.0
"""Seconds for a head to come, and for a connection to be made."""
_SOCKS = b"\x05"


class Reached(msgspec.Struct, frozen=True):
    """A host that a command wanted to reach."""

    host: str
    port: int
    refused: str
    """Why not; empty if it was let through."""
    origin: str = ""
    """Who said that it may be reached, if anybody did."""

    @property
    def text(self) -> str:
        """One sentence for a person."""
        verdict = f"refused: {self.refused}" if self.refused else f"allowed by {self.origin}"
        return f"connection to {self.permission} {verdict}"

    @property
    def permission(self) -> str:
        """The smallest addition to the list that would let it through."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _Refused(Exception):
    """A connection that is not to be made, and why."""


class Egress:
    """Serves one session's proxy."""

    def __init__(self, hosts: tuple[Host, ...], tell: Callable[[Reached], None]) -> None:
        """`tell` hears of every host that was let through or refused; it must not raise."""
        self._hosts = hosts
        self._tell = tell
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Begin to serve on a listening socket, which is closed at the end."""
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=_HEAD)

    async def close(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                first = await reader.readexactly(1)
                talk = self._socks if first == _SOCKS else self._http
                upstream = await talk(first, reader, writer)
            if upstream is not None:
                await _join((reader, writer), upstream)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            # Whoever spoke stopped, or speaks something else: there is nobody to tell.
            pass
        finally:
            writer.close()

    async def _http(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> "_Streams | None":
        head = first + await reader.readuntil(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        try:
            method, target, version = line.decode("ascii").split(" ")
            connects = method.upper() == "CONNECT"
            host, port, path = _authority(target) if connects else _absolute(target)
        except ValueError:
            writer.write(_answer("400 Bad Request", "not a request to a proxy"))
            return None
        try:
            upstream = await self._connect(host, port)
        except _Refused as error:
            writer.write(_answer("403 Forbidden", str(error)))
            return None
        except OSError as error:
            writer.write(_answer("502 Bad Gateway", f"{host}:{port}: {error.strerror or error}"))
            return None
        if connects:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            upstream[1].write(f"{method} {path} {version}\r\n".encode() + _one_request(fields))
        return upstream

    async def _socks(
        self, _: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> "_Streams | None":
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x00" if b"\x00" in methods else b"\x05\xff")
        request = await reader.readexactly(4)
        command, kind = request[1], request[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("latin-1")
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(16 if kind == 4 else 4)))
        port = int.from_bytes(await reader.readexactly(2))
        code, upstream = 7, None
        if command == 1:
            try:
                code, upstream = 0, await self._connect(host, port)
            except _Refused:
                code = 2
            except OSError:
                code = 4
        writer.write(bytes((5, code, 0, 1)) + bytes(6))
        return upstream

    async def _connect(self, asked: str, port: int) -> "_Streams":
        host = plain_name(asked)
        entry = next((one for one in self._hosts if one.lets(host, port)), None)
        reason = "" if entry else "no rule lists it"
        addresses: list[str] = []
        if not reason:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = [str(entry[4][0]) for entry in found]
            # Whoever lists an address, or this very machine, means it; a name must not lead there.
            if not is_address(host) and host != "localhost":
                addresses = [address for address in addresses if is_public(address)]
            reason = "" if addresses else "it leads to a private address"
        self._tell(Reached(host, port, reason, entry.origin if entry else ""))
        if reason:
            raise _Refused(
                f"kedge: {host}:{port} may not be reached: {reason}; a person can allow it"
            )
        problem: OSError = ConnectionError("no address")
        for address in addresses:
            try:
                return await asyncio.open_connection(address, port, limit=_HEAD)
            except OSError as error:
                problem = error
        raise problem


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(one: _Streams, other: _Streams) -> None:
    """Carry bytes both ways until both sides have said all."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_carry(one[0], other[1]))
            both.create_task(_carry(other[0], one[1]))
    except* OSError:
        pass
    finally:
        other[1].close()


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65_536):
        target.write(chunk)
        await target.drain()
    with contextlib.suppress(OSError):
        target.write_eof()


def _authority(target: str) -> tuple[str, int, str]:
    host, _, port = target.rpartition(":")
    return host.strip("[]"), int(port), ""


def _absolute(target: str) -> tuple[str, int, str]:
    """Host, port and path of `http://host:port/path`."""
    scheme, _, rest = target.partition("://")
    if scheme.casefold() != "http":
        raise ValueError(target)
    place, slash, path = rest.partition("/")
    place = place.rpartition("@")[2]
    if place.endswith("]") or ":" not in place:
        place += ":80"
    host, port, _ = _authority(place)
    return host, port, slash + path or "/"


def _one_request(fields: bytes) -> bytes:
    """The fields without those that speak to a proxy; one request only, so that the next one on
    the same connection is judged again."""
    kept = [
        line
        for line in fields.split(b"\r\n")
        if line and not line.lower().startswith((b"proxy-", b"connection:", b"keep-alive:"))
    ]
    return b"\r\n".join((*kept, b"Connection: close", b"", b""))


def _answer(status: str, words: str) -> bytes:
    body = (words + "\n").encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def proxy_environment(port: int) -> dict[str, str]:
    """The variables that lead programs inside to the proxy."""
    url = f"http://127.0.0.1:{port}"
    found = {name: url for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")}
    found |= {name.lower(): url for name in found}
    return found | {"NO_PROXY": "localhost,127.0.0.1,::1", "no_proxy": "localhost,127.0.0.1,::1"}
