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
_LEAST_MEMORY = 1 / 32
"""Of what the machine has: what stays available, whoever took the rest. The kernel's own memory,
for descriptors and buffers, is no process's, but whoever makes it grow has to end."""
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
        self._shared = _meminfo().get("Shmem", 0)
        self._had_memory = not _is_scarce(_meminfo())
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
        if 0 < self._limits.processes < len(names):
            return f"more than {self._limits.processes} processes"
        memory = _meminfo()
        # What lies in files in memory is no process's; nobody else is likely to make it grow as
        # much as a limit at just this time.
        grown = max(0, memory.get("Shmem", 0) - self._shared)
        if 0 < self._limits.memory < _memory(names) + grown:
            return f"more than {self._limits.memory} bytes of memory"
        if self._had_memory and _is_scarce(memory):
            return "hardly any memory left on the machine"
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


def _meminfo() -> dict[str, int]:
    """Bytes of the machine's memory by what they are; empty where that is not told."""
    try:
        with open("/proc/meminfo", "rb") as file:
            lines = [line.split() for line in file.read().decode().splitlines()]
    except OSError:
        return {}
    return {name.rstrip(":"): int(size) << 10 for name, size, *_ in lines}


def _is_scarce(memory: dict[str, int]) -> bool:
    return memory.get("MemAvailable", 1) < memory.get("MemTotal", 0) * _LEAST_MEMORY


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
