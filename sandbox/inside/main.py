"""The helper: enters the sandbox once, then starts commands in it until the other side is gone.

Its standard input is a socket. First comes the plan; the answer is `+` and what was made and what
was found out, or `!` and why not. Then each message is one request with its descriptors.
"""

from __future__ import annotations

import marshal
import os
import signal
import socket

from . import entering, kernel, landlock, mounts, process, seccomp
from .islands import Islands
from .janitor import leave_outside
from .plan import Plan
from .probing import Before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PR_SET_DUMPABLE = 4
_FD_COUNT = 6


def main() -> None:
    """Serve until the connection ends."""
    line = socket.socket(fileno=0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    plan = Plan(**_receive(line)[0])
    before = Before(plan)
    islands = Islands(plan)
    islands.prepare()
    janitor = leave_outside(islands.made)
    try:
        entering.enter(plan)
        # From here on nobody with our user id may look into this process.
        kernel.prctl(_PR_SET_DUMPABLE, 0)
        mounts.build(plan)
        islands.raise_all()
        _write_git_settings(plan)
        program = seccomp.program(as_root=os.getuid() == 0)
        walls = process.Walls(plan, _ruleset(plan), program, before)
    except OSError as error:
        janitor.finish()
        line.send(b"!" + f"{error.filename or ''}: {error.strerror}".encode())
        return
    answer = {"made": islands.made, "landlock": landlock.abi()}
    line.send(b"+" + marshal.dumps(answer))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _serve(line, walls, islands)
    janitor.finish()


def _serve(line: socket.socket, walls: process.Walls, islands: Islands) -> None:
    while True:
        try:
            request, fds = _receive(line)
        except (EOFError, ConnectionError):
            return
        match request.pop("do"):
            case "start":
                islands.renew()
                _start(walls, process.Start(**request), fds)
            case "settle":
                line.send(marshal.dumps(islands.settle()))
            case "listen":
                _listen(line)
            case _:
                return


def _start(walls: process.Walls, start: process.Start, fds: list[int]) -> None:
    *streams, control = fds
    apart = 0 if "processes" in walls.plan.without else kernel.NEW_PID
    if kernel.clone(apart | kernel.NEW_NS) == 0:
        try:
            os.close(0)
            process.serve(walls, start, streams, socket.socket(fileno=control))
        finally:
            os._exit(0)
    for fd in fds:
        os.close(fd)


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


def _write_git_settings(plan: Plan) -> None:
    with open(f"{mounts.STORE}/gitconfig", "w", encoding="utf-8") as file:
        file.write(plan.git_settings)
    with open(f"{mounts.STORE}/ignored", "w", encoding="utf-8") as file:
        # What was made first, so that `git clean` and `git stash -u` leave it alone.
        file.writelines(f"/{name}/\n" for name in plan.placeholders)
