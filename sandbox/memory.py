"""A bound on memory that the kernel keeps: a control group of the session's own, if it may be had.

https://docs.kernel.org/admin-guide/cgroup-v2.html. Where nobody lets us make one, commands are
watched instead; see `inside.watching`, which goes on besides.
"""

import contextlib
import os
from pathlib import Path

_MOUNTED = Path("/sys/fs/cgroup")
_OURS = Path("/proc/self/cgroup")
_PREFIX = "kedge-"


class MemoryGroup:
    """A control group under way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def close(self) -> None:
        """Take it away, once its processes have ended; else a later session does."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def parent_group(mounted: Path = _MOUNTED, ours: Path = _OURS) -> Path | None:
    """The nearest group above this process in which we may bound memory; None if there is none."""
    try:
        # "0::" is the line of the second version; hosts may mount both.
        lines = ours.read_text().splitlines()
        own = next(line[3:] for line in lines if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    above = [mounted / own.lstrip("/")]
    while above[-1] != mounted and above[-1].is_relative_to(mounted):
        above.append(above[-1].parent)
    return next((folder for folder in above if _may_bound(folder)), None)


def bound_memory(
    pid: int, limit: int, mounted: Path = _MOUNTED, ours: Path = _OURS
) -> MemoryGroup | None:
    """Put a process, and what it will start, into a group that has `limit` bytes; 0 is no limit.

    None if the host does not let us.
    """
    above = parent_group(mounted, ours) if limit else None
    if above is None:
        return None
    _remove_left_over(above)
    group = MemoryGroup(above / f"{_PREFIX}{os.getpid()}-{pid}")
    try:
        group.folder.mkdir()
        (group.folder / "memory.max").write_text(str(limit))
        (group.folder / "cgroup.procs").write_text(str(pid))
    except OSError:
        group.close()
        return None
    return group


def _may_bound(folder: Path) -> bool:
    try:
        controllers = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    # Moving a process needs the right to do so in the group that both places have in common.
    may_move = os.access(folder / "cgroup.procs", os.W_OK)
    return "memory" in controllers and os.access(folder, os.W_OK) and may_move


def _remove_left_over(above: Path) -> None:
    """Take away the empty groups of sessions that were killed."""
    for folder in above.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            MemoryGroup(folder).close()
