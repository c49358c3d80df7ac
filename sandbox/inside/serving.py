"""What the helper does once it is inside: starts commands until the other side is gone.

Each message is one request with its descriptors.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import socket
import time

from . import kernel, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .islands import Islands
    from .janitor import Janitor
    from .placeholders import Placeholders

_FD_COUNT = 6
_LINGER = 0.5
"""Seconds that placeholders stay after the last command: one often follows on another."""


class Service:
    """Commands, and what is to be done before and after them."""

    def __init__(
        self,
        line: socket.socket,
        walls: process.Walls,
        islands: Islands,
        placeholders: Placeholders,
        janitor: Janitor,
    ) -> None:
        self._line = line
        self._walls = walls
        self._islands = islands
        self._placeholders = placeholders
        self._janitor = janitor
        self._running: dict[int, socket.socket] = {}
        """The inits of commands that have not ended, and our ends of their lines: whoever asked for
        a command hears of its end only when we have let go, too."""
        self._until: float | None = time.monotonic() + _LINGER
        """When the placeholders go, if nothing is started before; at first, what was left of a
        session that could not take them away."""
        self._waking, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _wake)

    def serve(self) -> None:
        """Return when the other side is gone, with nothing left of what was started."""
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        poll.register(self._waking, select.POLLIN)
        more = True
        while more:
            ready = [fd for fd, _ in poll.poll(self._patience())]
            if self._waking in ready:
                os.read(self._waking, 4096)
                self._reap(os.WNOHANG)
            if self._line.fileno() in ready:
                more = self._heed()
            if self._until is not None and time.monotonic() >= self._until:
                self._let_go()
        self._outlive()

    def _patience(self) -> float | None:
        """Milliseconds until something is to be done."""
        return None if self._until is None else max(0.0, self._until - time.monotonic()) * 1000

    def _heed(self) -> bool:
        """Do what is asked; return whether more can come."""
        try:
            request, fds = receive(self._line)
        except (EOFError, ConnectionError):
            return False
        match request.pop("do"):
            case "start":
                self._start(process.Start(**request), fds)
            case "accept":
                self._islands.accept(request["paths"])
            case "listen":
                _listen(self._line)
            case _:
                return False
        return True

    def _start(self, start: process.Start, fds: list[int]) -> None:
        *streams, number = fds
        control = socket.socket(fileno=number)
        try:
            if not self._running:
                self._islands.welcome()
            self._islands.renew(self._placeholders.hold())
        except OSError as error:
            words = f"{error.errno}:{error.strerror}: {error.filename!r}"
            with control:
                control.send(b"!" + words.encode(errors="replace"))
        else:
            others = tuple(self._running.values())
            self._running[_clone(self._walls, start, streams, control, others)] = control
        for fd in streams:
            os.close(fd)
        self._note_rest()

    def _reap(self, how: int) -> None:
        """Take note of the commands that have ended: of one at least, unless `how` says not to
        wait. What they left is looked for now and at no other time: what appears later, while
        nothing runs, is a person's."""
        ended: list[socket.socket] = []
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, how)[0]:
                ended.append(self._running.pop(pid))
                how = os.WNOHANG
        if ended:
            _say(ended, self._islands.settle())
        self._note_rest()

    def _note_rest(self) -> None:
        self._until = None if self._running else time.monotonic() + _LINGER

    def _let_go(self) -> None:
        self._until = None
        self._placeholders.release()
        self._janitor.tidy()

    def _outlive(self) -> None:
        """Wait for what runs still: kedge was killed."""
        while self._running:
            self._reap(0)
        self._placeholders.release()


def receive(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message: its words lie in the first descriptor.

    Raises:
        EOFError: the other side is gone.
    """
    said, fds, _, _ = socket.recv_fds(line, 16, _FD_COUNT)
    if not said:
        raise EOFError
    with open(fds[0], "rb") as body:
        return marshal.load(body), fds[1:]


def _wake(_number: int, _frame: object) -> None:
    """Nothing to do: that the signal is caught is what ends the waiting."""


def _say(lines: list[socket.socket], notes: list[str]) -> None:
    """Tell those whose commands have ended what was done about it, and that they have."""
    for line in lines:
        # Nobody listens any more when kedge was killed.
        with line, contextlib.suppress(OSError):
            for note in notes:
                line.send(b"~" + note.encode(errors="surrogateescape"))


def _clone(
    walls: process.Walls,
    start: process.Start,
    streams: list[int],
    control: socket.socket,
    others: tuple[socket.socket, ...],
) -> int:
    """Start a command; return the number of its init. `others` are lines of other commands."""
    apart = 0 if "processes" in walls.plan.without else kernel.NEW_PID
    init = kernel.clone(apart | kernel.NEW_NS)
    if init == 0:
        try:
            os.close(0)
            for other in others:
                other.close()
            process.serve(walls, start, streams, control)
        finally:
            os._exit(0)
    return init


def _listen(line: socket.socket) -> None:
    """Hand out a socket that listens inside, for the proxy outside."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        port = marshal.dumps(server.getsockname()[1])
        socket.send_fds(line, [port], [server.fileno()])
