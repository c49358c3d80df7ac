"""The way out of the sandbox leads to listed hosts, and nowhere else."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.egress import Reached
from kedge.sandbox.errors import SandboxError
from kedge.sandbox.hosts import is_address, is_public, parse_host
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import effective
from kedge.sandbox.ports import Command
from kedge.sandbox.run import run


@contextlib.asynccontextmanager
async def web_server() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def inside(work: Path, hosts: tuple[str, ...], script: str) -> tuple[str, list[Reached]]:
    reached: list[Reached] = []
    settings = SandboxSettings(allow_hosts=hosts)
    policy = effective(packaged_policy(), settings, Roots.at(work), Path(os.environ["HOME"]))
    sandbox = ConfinedSandbox(policy, os.environ, tell=reached.append)
    said = bytearray()

    async def take(chunk: bytes) -> None:
        said.extend(chunk)

    try:
        await run(sandbox, Command(script, work, dict(os.environ), timeout=20), take)
    finally:
        await sandbox.close()
    return said.decode(), reached


GET = """python3 - <<'E'
import urllib.request
try: print(urllib.request.urlopen("{}").read().decode())
except Exception as error: print("FAILED", error)
E"""
SOCKS = """python3 - <<'E'
import os, socket, struct
port = int(os.environ["HTTP_PROXY"].rpartition(":")[2])
s = socket.create_connection(("127.0.0.1", port))
s.send(b"\\5\\1\\0"); s.recv(2)
name = b"{}"
s.send(b"\\5\\1\\0\\3" + bytes([len(name)]) + name + struct.pack(">H", {}))
print("code", s.recv(10)[1])
s.send(b"GET / HTTP/1.0\\r\\n\\r\\n"); print(s.recv(1000).decode(errors="replace"))
E"""


async def test_a_listed_host_is_reached_and_told(tmp_path: Path) -> None:
    async with web_server() as port:
        # Programs leave the proxy out for this machine: asked by hand.
        script = f"curl -s -x $HTTP_PROXY --noproxy '' http://localhost:{port}/; " + SOCKS.format(
            "localhost", port
        )
        said, reached = await inside(tmp_path, (f"localhost:{port}",), script)
    assert said.count("hello") == 2
    assert reached == [Reached("localhost", port, "", "settings")] * 2
    assert reached[0].text == f"connection to localhost:{port} allowed by settings"


@pytest.mark.parametrize("name", ["127.0.0.1", "0x7f.1", "2130706433", "example.com", "[::1]"])
async def test_what_is_not_listed_is_refused_and_told(tmp_path: Path, name: str) -> None:
    async with web_server() as port:
        script = f"curl -s -x $HTTP_PROXY --noproxy '' http://{name}:{port}/; "
        script += f"curl -s -p -x $HTTP_PROXY --noproxy '' http://{name}:{port}/; "
        script += SOCKS.format(name.strip("[]"), port)
        said, reached = await inside(tmp_path, ("localhost:1", "*.example.com"), script)
    assert "hello" not in said
    assert "may not be reached" in said and "code 2" in said
    assert len(reached) >= 2 and all(one.refused for one in reached)
    assert parse_host(reached[0].permission).ports == (port,)
    assert reached[0].text.endswith(f":{port} refused: no rule lists it")


async def test_without_a_list_there_is_no_way_out(tmp_path: Path) -> None:
    async with web_server() as port:
        said, reached = await inside(tmp_path, (), GET.format(f"http://127.0.0.1:{port}/"))
    assert "FAILED" in said
    assert reached == []


@pytest.mark.parametrize(
    ("listed", "name", "port", "lets"),
    [
        ("example.com", "example.com", 443, True),
        ("example.com", "example.com", 22, False),
        ("example.com:22", "example.com", 22, True),
        ("example.com", "www.example.com", 443, False),
        ("*.example.com", "www.example.com", 443, True),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
        ("EXAMPLE.com.", "example.com", 80, True),
        ("[::1]:8080", "::1", 8080, True),
    ],
)
def test_what_a_line_of_the_list_lets_through(listed, name, port, lets):
    assert parse_host(listed).lets(name, port) == lets


@pytest.mark.parametrize("text", ["", "*", "*.*.com", "http://example.com", "a:b", "a/b"])
def test_what_is_no_host_is_refused(text):
    with pytest.raises(SandboxError, match="is no host"):
        parse_host(text)


@given(
    st.ip_addresses(network="10.0.0.0/8")
    | st.ip_addresses(network="169.254.0.0/16")
    | st.ip_addresses(network="fe80::/10")
    | st.ip_addresses(network="::ffff:127.0.0.0/104")
)
def test_private_addresses_are_not_public(address):
    assert is_address(str(address))
    assert not is_public(str(address))
