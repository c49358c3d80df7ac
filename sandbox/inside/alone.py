"""The second rung: Landlock and seccomp around one command, where there are no namespaces.

Its argument is a file that holds what `Confinement` says, and is removed; the rest is the command,
or nothing for the self-test.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys

from . import keeping, landlock, process, seccomp
from .mounts import DEVICES
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
        trap: str
        """For the self-test: a directory outside."""
        secrets: list[str]
        """For the self-test: what is never read."""
        without: list[str]
        """Walls that are left out, so that tests can see the self-test miss them."""


def main() -> None:
    """Become the command, or what stands above it."""
    with open(sys.argv[1], "rb") as told:
        words: Confinement = marshal.load(told)
    os.unlink(sys.argv[1])
    argv = sys.argv[2:]
    limits = Limits(**words["limits"])
    without = frozenset(words["without"])
    keeping.keep(limits, session="session" not in without)
    if limits.processes:
        # The kernel counts all that the user has; what stands above counts the command's own.
        limits.processes += _theirs()
    made = landlock.ruleset(_rules(words), landlock.abi(), ports=True)
    if "limits" not in without:
        process.limit(limits)
    program = seccomp.program(as_root=os.getuid() == 0, sockets=False, without=without)
    process.close_in(made, program, without)
    if "descriptors" not in without:
        os.closerange(3, 1 << 20)
    try:
        if not argv:
            _test(words, limits)
        process.execute(argv, dict(os.environ))
    except OSError as error:
        os.write(2, f"cannot run {argv[0]!r}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)
    os._exit(127)


def _rules(words: Confinement) -> list[tuple[str, int]]:
    rules = [(path, landlock.READ) for path in words["readable"]]
    # Not all of /dev: disks, and the terminals of others, belong to whoever runs this.
    rules += [(f"/dev/{name}", landlock.DEVICE) for name in DEVICES]
    rules += [("/proc", landlock.READ)]
    rules += [(path, landlock.WRITE) for path in words["writable"]]
    rules += [(path, landlock.CHANGE) for path in words["changeable"]]
    return rules


def _theirs() -> int:
    """How many processes and threads the user has already."""
    count = 0
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _test(words: Confinement, limits: Limits) -> None:
    """Write what was probed, and end."""
    # Only the self-test needs it.
    from .probing import probe_alone

    results = probe_alone(limits, words["trap"], words["secrets"], dict(os.environ))
    os.write(1, marshal.dumps(results))
    os._exit(0)


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
