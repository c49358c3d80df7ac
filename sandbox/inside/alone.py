"""The second rung: Landlock and seccomp around one command, where there are no namespaces.

Its argument is what `Confinement` says, marshalled and in hexadecimal; the rest is the command.
"""

from __future__ import annotations

import marshal
import os
import sys

from . import landlock, process, seccomp
from .plan import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class Confinement(TypedDict):
        """What may be read and written, and how much may be used."""

        readable: list[str]
        writable: list[str]
        changeable: list[str]
        """As `writable`, but what is in them may only be read if `readable` says so."""
        limits: dict[str, int]


def main() -> None:
    """Become the command."""
    words: Confinement = marshal.loads(bytes.fromhex(sys.argv[1]))
    argv = sys.argv[2:]
    version = landlock.abi()
    rules = [(path, landlock.READ) for path in words["readable"]]
    rules += [("/dev", landlock.DEVICE | landlock.READ), ("/proc", landlock.READ)]
    rules += [(path, landlock.WRITE) for path in words["writable"]]
    rules += [(path, landlock.CHANGE) for path in words["changeable"]]
    made = landlock.ruleset(rules, version, ports=True)
    process.limit(Limits(**words["limits"]))
    program = seccomp.program(as_root=os.getuid() == 0, sockets=False)
    process.close_in(made, program, frozenset())
    os.closerange(3, 1 << 20)
    try:
        process.execute(argv, dict(os.environ))
    except OSError as error:
        os.write(2, f"cannot run {argv[0]!r}: {error.strerror}\n".encode())
    os._exit(127)


def readable(hidden: list[str], shown: list[str]) -> list[str]:
    """The paths that together hold everything but what is hidden, and what is shown of that.

    A directory that holds something hidden is taken apart, and its own list of names is not given.
    """
    found: list[str] = list(shown)
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in hidden:
            continue
        inner = path.rstrip("/") + "/"
        if not any(one.startswith(inner) for one in hidden):
            found.append(path)
            continue
        try:
            names = os.listdir(path)
            waiting += [inner + name for name in names if not os.path.islink(inner + name)]
        except OSError:
            continue
    return found
