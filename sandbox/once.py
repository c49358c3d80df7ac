"""Runs one command confined with our own input and output: what `kedge sandbox run` does.

Without an event loop, which would take longer to import than the sandbox to enter.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .compiling import compile_plan, inner_environment
from .errors import CannotStart, status_of
from .launching import (
    LONGEST_NOTE,
    Launched,
    ask_listener,
    gone,
    plan_values,
    receive,
    refused,
    send,
)
from .policy import Policy
from .registry import Registry
from .spawn import check_directory, shown

if TYPE_CHECKING:
    from .egress import Reached


class Ended(msgspec.Struct, frozen=True):
    """How the command ended."""

    code: int
    """Its exit status, or 128 and the number of the signal that ended it."""
    notes: tuple[str, ...]
    """What the sandbox did about it, a sentence each."""


def run_once(
    launched: Launched,
    policy: Policy,
    argv: tuple[str, ...],
    cwd: Path,
    env: Mapping[str, str],
    registry: Registry,
    *,
    grace: float = 0.25,
) -> Ended:
    """Run a command to its end; an interrupt is passed on, and raised after the end.

    `registry` remembers the helper for the next start, until this one ends.

    Raises:
        CannotStart: the program or the directory cannot be used.
        NotAvailable: this host cannot confine commands.
        KeyboardInterrupt: as it came.
    """
    check_directory(cwd)
    line = launched.line
    registry.sweep()
    registry.add(launched.pid)
    plan = plan_values(compile_plan(policy, env))
    send(line, plan, [])
    request: dict[str, object] = {
        **{"do": "start", "argv": list(argv), "cwd": str(cwd)},
        **{"env": inner_environment(policy, env, {}), "grace": grace, "linger": 0.1},
    }
    said = receive(line)
    if not said.startswith(b"+"):
        raise refused(said)
    reached: list[Reached] = []
    if policy.hosts:
        proxy = _start_proxy(line, policy, reached)
        request["env"] = inner_environment(policy, env, proxy)
    ended = _run(line, request, argv)
    words = dict.fromkeys(one.text for one in reached if one.refused)
    return msgspec.structs.replace(ended, notes=(*ended.notes, *words))


def _start_proxy(line: socket.socket, policy: Policy, reached: "list[Reached]") -> dict[str, str]:
    """Serve the way out in a thread that ends with this process; return how it is found."""
    # Only a command with a way out pays for an event loop.
    import asyncio
    import threading

    from .egress import Egress, proxy_environment

    listener, port = ask_listener(line)
    egress = Egress(policy.allowed_hosts(), reached.append)

    async def serve() -> None:
        await egress.start(listener)
        await asyncio.Event().wait()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    return proxy_environment(port)


def _run(line: socket.socket, request: dict[str, object], argv: tuple[str, ...]) -> Ended:
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with control:
        with theirs:
            send(line, request, [*_streams(), theirs.fileno()])
        interrupt: KeyboardInterrupt | None = None
        listener = _Listener(control)
        while True:
            try:
                listener.listen()
                break
            except KeyboardInterrupt as error:
                interrupt = error
                with contextlib.suppress(ConnectionError):
                    # It may have ended by itself.
                    control.send(b".")
        if listener.failure:
            words = listener.failure.removesuffix(f": {argv[0]!r}")
            raise CannotStart(f"cannot run {shown(argv)}: {words}", status=listener.refusal)
    if interrupt is not None:
        raise interrupt
    return Ended(listener.code, tuple(listener.notes))


class _Listener:
    """Takes the messages of a command's init (see `inside.process.serve`) and of the helper: `~`
    and what it did about the command."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._status: int | None = None
        self.failure = ""
        """Why the command never ran."""
        self.refusal = 0
        """What a shell would answer for that."""
        self.notes: list[str] = []

    @property
    def code(self) -> int:
        """What a shell would call the exit status."""
        if self._status is None:
            raise gone()
        code = os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else 128 - code

    def listen(self) -> None:
        """Return once nothing of the command is left."""
        while said := self._heard():
            match said[:1]:
                case b"!":
                    number, _, self.failure = said[1:].decode(errors="replace").partition(":")
                    self.refusal = status_of(int(number))
                case b"=":
                    self._status = int(said[1:])
                case b"*":
                    self.notes.append(f"the command was ended: {said[1:].decode()}")
                case b"~":
                    self.notes.append(os.fsdecode(said[1:]))
                case _:
                    pass

    def _heard(self) -> bytes:
        try:
            return self._control.recv(LONGEST_NOTE)
        except ConnectionError:
            return b""


def _streams() -> list[int]:
    """Our own three streams, the null device for those that are closed."""
    streams: list[int] = []
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            fd = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        streams.append(fd)
    return streams
