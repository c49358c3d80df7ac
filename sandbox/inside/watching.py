"""Watches what a command takes where the kernel sets no bound, and says when it is too much.

Number of processes: RLIMIT_NPROC does not bind root. Memory: a limit for each process alone would
not bind many. Disk: there are no quotas. A look costs 0.1 ms and 10 µs for each process.
"""

import os
import time

from .plan import Limits

_SOON, _LATER = 0.05, 0.25
"""Seconds between looks: while processes multiply, and else."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Watcher:
    """Looks at one process namespace, from inside it."""

    def __init__(self, limits: Limits, place: str) -> None:
        self._limits = limits
        self._place = place
        self._had_room = _free(place) > limits.disk_reserve
        self._next = time.monotonic() + _SOON
        self._wait = _SOON

    def patience(self) -> float:
        """Seconds until the next look is due."""
        return max(0.0, self._next - time.monotonic())

    def look(self) -> str:
        """Why the command must end; empty if it need not, or it is not yet time to look."""
        now = time.monotonic()
        if now < self._next:
            return ""
        names = [name for name in os.listdir("/proc") if name.isdigit()]
        self._wait = _SOON if len(names) > 50 else min(_LATER, self._wait * 1.5)
        self._next = now + self._wait
        if 0 < self._limits.processes < len(names):
            return f"more than {self._limits.processes} processes"
        if 0 < self._limits.memory < _memory(names):
            return f"more than {self._limits.memory} bytes of memory"
        if self._had_room and _free(self._place) < self._limits.disk_reserve:
            return f"less than {self._limits.disk_reserve} bytes left on the disk"
        return ""


def _memory(names: list[str]) -> int:
    """Bytes that the processes hold, what they share counted for each but the text of programs."""
    pages = 0
    for name in names:
        try:
            with open(f"/proc/{name}/statm", "rb") as statm:
                _, resident, shared, *_ = statm.read().split()
        except (OSError, ValueError):
            continue
        pages += int(resident) - int(shared)
    return pages * _PAGE


def _free(place: str) -> int:
    try:
        found = os.statvfs(place)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
