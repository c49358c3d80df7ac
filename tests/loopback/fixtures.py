"""The types of the fixtures in `tests/conftest.py` that start servers."""

from typing import Protocol, Unpack

from .process import ServerProcess
from .script import AnyScript, Script
from .server import LoopbackServer, Options
from .threaded import RunningServer


class Loopback(Protocol):
    """Starts servers in the test's own loop."""

    async def __call__(
        self, script: AnyScript, *, allow_unused: bool = False, **options: Unpack[Options]
    ) -> LoopbackServer: ...


class ThreadedLoopback(Protocol):
    """Starts servers in threads, for blocking code."""

    def __call__(
        self, script: AnyScript, *, allow_unused: bool = False, **options: Unpack[Options]
    ) -> RunningServer: ...


class SpawnedLoopback(Protocol):
    """Starts server processes; `options` are those of `serve.py`."""

    def __call__(self, script: Script, *options: str) -> ServerProcess: ...
