"""Watches what a command takes where the kernel sets no bound, and says when it is too much.

Number of processes: RLIMIT_NPROC does not bind root. Memory: a limit for each process alone would
not bind many, and none binds files in memory. Disk: there are no quotas. A look costs 0.1 ms and
10 µs for each process.
"""

import os
import time
from collections.abc import Callable

from .plan import Limits

_SOON, _LATER = 0.05, 0.25
"""Seconds between looks: while processes multiply, and else."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LEAST_NAMES = 1 / 64
"""Of the files that a disk can hold: what stays free."""


def everybody() -> list[str]:
    """The numbers of all processes that can be seen."""
    return [name for name in os.listdir("/proc") if name.isdigit()]


class Watcher:
    """Looks at the processes of one command: by default, at all of a namespace from inside it."""

    def __init__(
        self, limits: Limits, place: str, theirs: Callable[[], list[str]] = everybody
    ) -> None:
        self._limits = limits
        self._theirs = theirs
        self._place = place
        self._had_room = not self._is_full()
        self._shared = _shared_memory()
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
        names = self._theirs()
        self._wait = _SOON if len(names) > 50 else min(_LATER, self._wait * 1.5)
        self._next = now + self._wait
        # A little below where the kernel refuses: whoever tries again for ever stays there.
        most = self._limits.processes - self._limits.processes // 16
        if 0 < most < len(names):
            return f"more than {self._limits.processes} processes"
        # What lies in files in memory is no process's; nobody else is likely to make it grow as
        # much as a limit at just this time.
        grown = max(0, _shared_memory() - self._shared)
        if 0 < self._limits.memory < _memory(names) + grown:
            return f"more than {self._limits.memory} bytes of memory"
        if self._had_room and self._is_full():
            return f"less than {self._limits.disk_reserve} bytes left on the disk, or few names"
        return ""

    def _is_full(self) -> bool:
        try:
            found = os.statvfs(self._place)
        except OSError:
            return False
        few_names = found.f_files > 0 and found.f_favail < found.f_files * _LEAST_NAMES
        return found.f_bavail * found.f_frsize < self._limits.disk_reserve or few_names


def _shared_memory() -> int:
    """Bytes of the machine that are shared or lie in files in memory; 0 where that is not told."""
    try:
        with open("/proc/meminfo", "rb") as file:
            words = file.read().partition(b"\nShmem:")[2].split(None, 1)
    except OSError:
        return 0
    return int(words[0]) << 10 if words else 0


def _memory(names: list[str]) -> int:
    """Bytes that the processes hold for themselves."""
    pages = 0
    for name in names:
        try:
            with open(f"/proc/{name}/statm", "rb") as statm:
                _, resident, shared, *_ = statm.read().split()
        except (OSError, ValueError):
            continue
        pages += int(resident) - int(shared)
    return pages * _PAGE
