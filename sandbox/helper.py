"""The other end of the helper: starts it, and asks it for commands."""

import asyncio
import contextlib
import marshal
import socket
from collections.abc import Iterable
from pathlib import Path

import msgspec

from .errors import NotAvailable
from .inside.plan import Plan
from .launching import Launched, ask_listener, gone, plan_values, refused, send

_LONGEST = 1 << 20


class Ready(msgspec.Struct, frozen=True):
    """What the helper found when it entered."""

    landlock: int
    """The version of Landlock; 0 is none."""


class Helper:
    """A helper under way."""

    def __init__(
        self,
        launched: Launched,
        ready: Ready,
        listener: tuple[socket.socket, int] | None,
    ) -> None:
        self._launched = launched
        self._line = launched.line
        self.ready = ready
        self.listener = listener
        """For the proxy: a socket that listens inside, and its port there."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._launched.pid

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return not self._launched.wait(0) and self._line.fileno() >= 0

    def start(self, request: dict[str, object], fds: list[int]) -> None:
        """Ask for a command; `fds` are its three streams and the connection to its init.

        Raises:
            NotAvailable: the helper is gone.
        """
        send(self._line, {"do": "start", **request}, fds)

    def accept(self, paths: Iterable[Path]) -> None:
        """Tell of what a person let another helper's command change."""
        with contextlib.suppress(NotAvailable):
            send(self._line, {"do": "accept", "paths": [str(path) for path in paths]}, [])

    def close(self) -> None:
        """End it, and with it whatever it started; wait until it has cleaned up."""
        self._line.close()
        if not self._launched.wait(5):
            self._launched.kill()


async def start_helper(plan: Plan, *, hosts: bool = False) -> Helper:
    """Start a helper and wait until it has entered the sandbox; with `hosts` it listens inside.

    Raises:
        NotAvailable: this host does not let it; `hint` is the one thing that would fix that.
    """
    with contextlib.ExitStack() as undo:
        launched = Launched()
        undo.callback(launched.close)
        ours = launched.line
        try:
            send(ours, plan_values(plan), [])
            ours.setblocking(False)
            said = await asyncio.get_running_loop().sock_recv(ours, _LONGEST)
            ours.setblocking(True)
        except ConnectionError as error:
            raise gone() from error
        if not said:
            raise gone()
        if not said.startswith(b"+"):
            raise refused(said)
        listener = ask_listener(ours) if hosts else None
        ready = msgspec.convert(marshal.loads(said[1:]), Ready)
        helper = Helper(launched, ready, listener)
        undo.pop_all()
    return helper
