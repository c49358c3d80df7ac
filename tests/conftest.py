"""Fixtures for all tests: the loopback providers, an own KEDGE_HOME, no keys, no network.

This folder is put at the end of `sys.path`, so that tests and fixtures import the test double as
`loopback` (a namespace package: no folder of tests has an `__init__.py`), the same name under which
`tests/loopback/serve.py` runs as a separate process.
"""

import os
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from pathlib import Path
from typing import Unpack

import pytest
from hypothesis import HealthCheck, settings

if (_HERE := str(Path(__file__).parent)) not in sys.path:
    sys.path.append(_HERE)

from loopback.fixtures import Loopback, SpawnedLoopback, ThreadedLoopback
from loopback.process import ServerProcess, spawned_server
from loopback.script import AnyScript, Script
from loopback.server import LoopbackServer, Options
from loopback.threaded import RunningServer, nobody_listens, running

# The same examples each time, however slow the machine is; `--hypothesis-profile=default` looks for
# others.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")

_Address = tuple[str, int] | str | bytes
_LOOPBACK = ("localhost", "ip6-localhost", "::1", "0.0.0.0", "")
_PROVIDER_VARIABLE = re.compile(
    r"(ANTHROPIC|OPENAI|AZURE|AWS|GOOGLE|VERTEX|GEMINI|KEDGE|OLLAMA|OTEL)_.*"
    r"|.*_(API_KEY|AUTH_TOKEN|BASE_URL)|(HTTPS?|ALL|NO)_PROXY",
    re.IGNORECASE,
)


def _satisfied(server: LoopbackServer | RunningServer, allow_unused: bool) -> None:
    assert server.failures == [], "requests did not fit the loopback script"
    assert allow_unused or not server.unused, "turns of the loopback script were never asked for"


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    """A factory of servers, stopped after the test, which then fails if a request did not fit the
    script or a turn was never asked for. A test that wants failures clears `server.failures`."""
    async with AsyncExitStack() as stack:
        started: list[tuple[LoopbackServer, bool]] = []

        async def start(
            script: AnyScript, *, allow_unused: bool = False, **options: Unpack[Options]
        ) -> LoopbackServer:
            server = LoopbackServer(script, **options)
            await stack.enter_async_context(server)
            started.append((server, allow_unused))
            return server

        yield start
    for server, allow_unused in started:
        _satisfied(server, allow_unused)


@pytest.fixture
def threaded_loopback() -> Iterator[ThreadedLoopback]:
    """Like `loopback`, for tests that block, e.g. while kedge runs as a subprocess."""
    with ExitStack() as stack:
        started: list[tuple[RunningServer, bool]] = []

        def start(
            script: AnyScript, *, allow_unused: bool = False, **options: Unpack[Options]
        ) -> RunningServer:
            server = LoopbackServer(script, **options)
            handle = stack.enter_context(running(server))
            started.append((handle, allow_unused))
            return handle

        yield start
    for server, allow_unused in started:
        _satisfied(server, allow_unused)


@pytest.fixture
def spawned_loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpawnedLoopback]:
    """A factory of server processes; the test fails if a request did not fit the script."""
    with ExitStack() as stack:

        def start(script: Script, *options: str) -> ServerProcess:
            folder = tmp_path_factory.mktemp("loopback")
            return stack.enter_context(spawned_server(script, folder, *options))

        yield start


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """The URL of a port that refuses connections."""
    with nobody_listens() as url:
        yield url


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Homes that nobody had. One for each test out of `tmp_path_factory` would have it look through
    thousands."""
    folder = tmp_path_factory.mktemp("kedge-homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _home_of_its_own(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if _PROVIDER_VARIABLE.fullmatch(name):
            monkeypatch.delenv(name)
    home = next(_homes)
    home.mkdir()
    monkeypatch.setenv("KEDGE_HOME", str(home))


def _local(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name is None or str(name).startswith("127.") or name in _LOOPBACK


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of this process that leave the machine fail the test, name look-ups too.

    `pytest.fail` is no `Exception`, so that retries and fallbacks do not hide it.
    """
    look_up = socket.getaddrinfo
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(host: object) -> None:
        if not _local(host):
            pytest.fail(f"the test wants to reach {host!r}: tests have no network")

    def guarded_connect(sock: socket.socket, address: _Address) -> None:
        check(address[0] if isinstance(address, tuple) else None)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: _Address) -> int:
        check(address[0] if isinstance(address, tuple) else None)
        return connect_ex(sock, address)

    def guarded_look_up(
        host: str | bytes | None,
        port: str | int | None,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> object:
        check(host)
        return look_up(host, port, family, type, proto, flags)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
