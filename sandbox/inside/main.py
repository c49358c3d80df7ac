"""The helper: enters the sandbox once, then starts commands in it until the other side is gone.

Its standard input is a socket. First comes the plan; the answer is `+` and what was found out, or
`!` and why not.
"""

from __future__ import annotations

import errno
import marshal
import os
import signal
import socket

from . import entering, kernel, landlock, mounts, process, seccomp
from .islands import Islands
from .janitor import leave_outside
from .placeholders import Placeholders
from .plan import Plan, write_git_settings
from .probing import Before
from .serving import Service, receive
from .sockets import HostSockets
from .wanted import wanted

_PR_SET_DUMPABLE = 4


def main() -> None:
    """Serve until the connection ends."""
    # What whoever started kedge left open is no business of ours, nor is where they stand.
    os.closerange(3, 1 << 20)
    os.chdir("/")
    line = socket.socket(fileno=0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    plan = Plan(**receive(line)[0])
    before = Before(plan)
    islands = Islands(plan, HostSockets(plan.roots))
    names = wanted(plan)
    janitor = leave_outside(names)
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
    line.send(b"+" + marshal.dumps({"landlock": landlock.abi()}))
    Service(line, walls, islands, Placeholders(names), janitor).serve()
    janitor.finish()


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSYS:
        return "the kernel lacks the mount calls of Linux 5.12"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)


def _ruleset(plan: Plan) -> int | None:
    version = landlock.abi()
    if not version:
        return None
    rules = [("/", landlock.READ), ("/dev", landlock.DEVICE | landlock.READ)]
    written = [*plan.private, *plan.scratch, "/dev/shm", *(plan.roots if plan.writable else ())]
    unwritten = ("/run", "/home", "/dev")
    rules += [(path, landlock.WRITE) for path in written if path not in unwritten]
    return landlock.ruleset(rules, version, ports=False)
