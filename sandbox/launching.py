"""Starts the helper's process and speaks first: what every user of a helper shares."""

import contextlib
import marshal
import os
import socket
import subprocess
import sys
from collections.abc import Mapping

from .errors import NotAvailable
from .inside.plan import Plan

_BOOT = "import sys; sys.path.insert(0, {!r}); from inside.main import main; main()"
_HERE = os.path.dirname(os.path.realpath(__file__))


class Launched:
    """A helper's process that waits for its plan, and our end of the connection."""

    def __init__(self) -> None:
        """Start it. What it does until the plan comes needs no time of ours."""
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = launch(theirs)

    def close(self) -> None:
        """End it and what it started; return once it has cleaned up.

        Its own end, with that of its namespaces, takes 3 ms more, which nobody waits for.
        """
        with self.line, contextlib.suppress(OSError):
            self.line.shutdown(socket.SHUT_WR)
            while self.line.recv(1 << 16):
                pass
        self.process.poll()


def launch(line: socket.socket) -> subprocess.Popen[bytes]:
    """Start the helper's process with `line` as its standard input."""
    return subprocess.Popen(
        (sys.executable, "-I", "-S", "-c", _BOOT.format(_HERE)),
        stdin=line.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")},
        start_new_session=True,
    )


def plan_values(plan: Plan) -> dict[str, object]:
    """A plan as it travels."""
    plain = {"limits": vars(plan.limits), "without": list(plan.without)}
    return {**vars(plan), **plain}


def send(line: socket.socket, values: Mapping[str, object], fds: list[int]) -> None:
    """Send one message: its words travel as a file, however long they are."""
    body = os.memfd_create("request")
    try:
        os.write(body, marshal.dumps(dict(values)))
        os.lseek(body, 0, os.SEEK_SET)
        socket.send_fds(line, [b"."], [body, *fds])
    finally:
        os.close(body)


def ask_listener(line: socket.socket) -> tuple[socket.socket, int]:
    """A socket that listens inside, and its port there.

    Raises:
        NotAvailable: the helper is gone.
    """
    send(line, {"do": "listen"}, [])
    said, fds, _, _ = socket.recv_fds(line, 64, 1)
    if not said or not fds:
        raise NotAvailable("the sandbox's helper is gone; nothing can be run in it")
    port: int = marshal.loads(said)
    return socket.socket(fileno=fds[0]), port


def refused(said: bytes) -> NotAvailable:
    """The error for a helper that could not enter."""
    why = said[1:].decode(errors="replace") if said else "its helper died at its start"
    return NotAvailable(f"commands cannot be confined here: {why}", hint="")
