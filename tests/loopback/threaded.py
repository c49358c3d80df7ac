"""The server in a thread of its own, for blocking tests; and addresses where nobody listens."""

import asyncio
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Unpack

from .script import AnyScript
from .server import End, LoopbackServer, Options, Request


class RunningServer:
    """A server in another thread. Its lists grow while it runs; read them after `wait_for`."""

    def __init__(self, server: LoopbackServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self.url = server.url

    @property
    def requests(self) -> list[Request]:
        return self._server.requests

    @property
    def ends(self) -> list[End]:
        return self._server.ends

    @property
    def failures(self) -> list[str]:
        return self._server.failures

    @property
    def stalled(self) -> int:
        return self._server.stalled

    @property
    def unused(self) -> int:
        return self._server.unused

    def release(self) -> None:
        """Ends all stalls, present and future."""
        self._loop.call_soon_threadsafe(self._server.release)

    def wait_for(self, claim: Callable[[], bool], seconds: float = 60.0) -> None:
        """Returns once the claim holds; it is tried in the server's thread after every change.

        Raises: TimeoutError after `seconds`.
        """
        waiting = self._server.wait_for(claim, seconds)
        asyncio.run_coroutine_threadsafe(waiting, self._loop).result()


@contextmanager
def running(server: LoopbackServer) -> Generator[RunningServer]:
    """Runs the server in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loopback server", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        try:
            yield RunningServer(server, loop)
        finally:
            stopped = server.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(stopped, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def running_server(script: AnyScript, **options: Unpack[Options]) -> Generator[RunningServer]:
    """`running` with a server made from the arguments of `LoopbackServer`."""
    with running(LoopbackServer(script, **options)) as handle:
        yield handle


@contextmanager
def nobody_listens() -> Generator[str]:
    """The URL of a port that refuses connections for as long as the block lasts."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
