"""Starts the helper's process and speaks first: what every user of a helper shares.

`kedge sandbox run` imports this before anything else, so that the helper starts beside the other
imports. They take longer than that start, so this module has next to none of its own.
"""

from __future__ import annotations

import _socket
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from .errors import NotAvailable
    from .inside.plan import Plan

_BOOT = "import sys; sys.path.insert(0, {!r}); from inside.main import main; main()"
_LONGEST = 1 << 20
LONGEST_NOTE = 1 << 16
"""Bytes of one message about a command."""
_HERE = os.path.dirname(os.path.realpath(__file__))


class Launched:
    """A helper's process that waits for its plan, and our end of the connection."""

    def __init__(self) -> None:
        """Start it. What it does until the plan comes needs no time of ours."""
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self._ours = ours.detach()
        self._line: socket.socket | None = None
        self._gone = False
        try:
            self.pid = _spawn(theirs.fileno())
        finally:
            theirs.close()

    @property
    def line(self) -> socket.socket:
        """Our end."""
        if self._line is None:
            # Takes 4 ms to import.
            import socket

            self._line = socket.socket(fileno=self._ours)
        return self._line

    def wait(self, seconds: float) -> bool:
        """Whether the process ends within this time; after that it is reaped."""
        if not self._gone:
            import select

            ended = os.pidfd_open(self.pid)
            try:
                poll = select.poll()
                poll.register(ended, select.POLLIN)
                poll.poll(seconds * 1000)
            finally:
                os.close(ended)
            self._gone = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return self._gone

    def kill(self) -> None:
        """End the process, and what it started, without any cleaning up."""
        if not self._gone:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
            self._gone = True

    def close(self) -> None:
        """End it and what it started; return once it has cleaned up.

        Its own end, with that of its namespaces, takes 3 ms more, which nobody waits for.
        """
        line = self.line
        try:
            line.shutdown(_socket.SHUT_WR)
            while line.recv(1 << 16):
                pass
        except OSError:
            # It is gone already.
            return
        finally:
            line.close()


def _spawn(line: int) -> int:
    """Start the helper's process with `line` as its standard input; return its number."""
    argv = (sys.executable, "-I", "-S", "-c", _BOOT.format(_HERE))
    null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        return os.posix_spawn(
            sys.executable,
            argv,
            {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, line, 0),
                (os.POSIX_SPAWN_DUP2, null, 1),
                (os.POSIX_SPAWN_DUP2, null, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(null)


def plan_values(plan: Plan) -> dict[str, object]:
    """A plan as it travels."""
    plain = {"limits": vars(plan.limits), "without": list(plan.without)}
    return {**vars(plan), **plain}


def send(line: socket.socket, values: Mapping[str, object], fds: list[int]) -> None:
    """Send one message: its words travel as a file, however long they are.

    Raises:
        NotAvailable: the helper is gone.
    """
    import socket

    body = os.memfd_create("request")
    try:
        os.write(body, marshal.dumps(dict(values)))
        os.lseek(body, 0, os.SEEK_SET)
        socket.send_fds(line, [b"."], [body, *fds])
    except OSError as error:
        raise gone() from error
    finally:
        os.close(body)


def receive(line: socket.socket) -> bytes:
    """The next message of the helper.

    Raises:
        NotAvailable: the helper is gone.
    """
    try:
        said = line.recv(_LONGEST)
    except ConnectionError as error:
        raise gone() from error
    if not said:
        raise gone()
    return said


def ask_listener(line: socket.socket) -> tuple[socket.socket, int]:
    """A socket that listens inside, and its port there.

    Raises:
        NotAvailable: the helper is gone.
    """
    import socket

    send(line, {"do": "listen"}, [])
    said, fds, _, _ = socket.recv_fds(line, 64, 1)
    if not said or not fds:
        raise gone()
    port: int = marshal.loads(said)
    return socket.socket(fileno=fds[0]), port


def gone() -> NotAvailable:
    """The error for a helper that died, at its start or later."""
    from .errors import NotAvailable

    return NotAvailable(
        "the sandbox's helper died; nothing can be run in it",
        hint="kedge sandbox check says what this host lets it do",
    )


def refused(said: bytes) -> NotAvailable:
    """The error for a helper that could not enter."""
    from .errors import NotAvailable

    why = said[1:].decode(errors="replace")
    return NotAvailable(f"the namespaces cannot be entered: {why}")
