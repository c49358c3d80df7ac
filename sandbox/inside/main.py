"""The helper: enters the sandbox once, then starts commands in it until the other side is gone.

Its standard input is a socket. First comes the plan; the answer is `+` and what was made and what
was found out, or `!` and why not. Then each message is one request with its descriptors.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import signal
import socket

from . import entering, kernel, landlock, mounts, process, seccomp
from .islands import Islands
from .janitor import leave_outside
from .plan import Plan, write_git_settings
from .probing import Before
from .sockets import HostSockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PR_SET_DUMPABLE = 4
_FD_COUNT = 6


def main() -> None:
    """Serve until the connection ends."""
    # What whoever started kedge left open is no business of ours, nor is where they stand.
    os.closerange(3, 1 << 20)
    os.chdir("/")
    line = socket.socket(fileno=0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    plan = Plan(**_receive(line)[0])
    before = Before(plan)
    islands = Islands(plan, HostSockets(plan.roots))
    islands.prepare()
    janitor = leave_outside(islands.made)
    try:
        entering.enter(plan)
        # From here on nobody with our user id may look into this process.
        kernel.prctl(_PR_SET_DUMPABLE, 0)
        mounts.build(plan)
        islands.raise_all()
        write_git_settings(plan, mounts.STORE, islands.ignored())
        program = seccomp.program(as_root=os.getuid() == 0, without=plan.without)
        walls = process.Walls(plan, _ruleset(plan), program, before)
    except OSError as error:
        janitor.finish()
        line.send(b"!" + _why(error).encode())
        return
    answer = {"made": islands.made, "landlock": landlock.abi()}
    line.send(b"+" + marshal.dumps(answer))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _serve(line, walls, islands)
    janitor.finish()


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSYS:
        return "the kernel lacks the mount calls of Linux 5.12"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)


def _serve(line: socket.socket, walls: process.Walls, islands: Islands) -> None:
    unsettled: set[int] = set()
    while True:
        try:
            request, fds = _receive(line)
        except (EOFError, ConnectionError):
            _settle_last(unsettled, islands)
            return
        match request.pop("do"):
            case "start":
                islands.renew()
                unsettled.add(_start(walls, process.Start(**request), fds))
            case "settle":
                unsettled = {pid for pid in unsettled if os.path.isdir(f"/proc/{pid}")}
                line.send(marshal.dumps(islands.settle()))
            case "accept":
                islands.accept(request["paths"])
            case "listen":
                _listen(line)
            case _:
                return


def _settle_last(unsettled: set[int], islands: Islands) -> None:
    """Hold back what commands left that nobody waits for any more: kedge was killed."""
    if unsettled:
        for pid in unsettled:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        islands.settle()


def _start(walls: process.Walls, start: process.Start, fds: list[int]) -> int:
    """Start a command; return the number of its init."""
    *streams, control = fds
    apart = 0 if "processes" in walls.plan.without else kernel.NEW_PID
    init = kernel.clone(apart | kernel.NEW_NS)
    if init == 0:
        try:
            os.close(0)
            process.serve(walls, start, streams, socket.socket(fileno=control))
        finally:
            os._exit(0)
    for fd in fds:
        os.close(fd)
    return init


def _listen(line: socket.socket) -> None:
    """Hand out a socket that listens inside, for the proxy outside."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        port = marshal.dumps(server.getsockname()[1])
        socket.send_fds(line, [port], [server.fileno()])


def _receive(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message: its words lie in the first descriptor."""
    said, fds, _, _ = socket.recv_fds(line, 16, _FD_COUNT)
    if not said:
        raise EOFError
    with open(fds[0], "rb") as body:
        return marshal.load(body), fds[1:]


def _ruleset(plan: Plan) -> int | None:
    version = landlock.abi()
    if not version:
        return None
    rules = [("/", landlock.READ), ("/dev", landlock.DEVICE | landlock.READ)]
    written = [*plan.private, *plan.scratch, "/dev/shm", *(plan.roots if plan.writable else ())]
    unwritten = ("/run", "/home", "/dev")
    rules += [(path, landlock.WRITE) for path in written if path not in unwritten]
    return landlock.ruleset(rules, version, ports=False)
