"""How much memory a tree of processes holds: proportional set sizes, as Linux counts them.

PSS charges each page to the processes that share it in equal parts, so sizes add up. What else
runs on the machine in the same Python takes a part of the interpreter's own pages over.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")
_EVERY_SECONDS = 0.005


def tree_pss(root: int) -> int:
    """Bytes that a process and all its descendants hold now; 0 once it is gone.

    A child that still has the command line of its parent is about to execute a program and, after
    vfork, lives in its parent's memory, which must not be counted twice.
    """
    total = _pss(root)
    waiting = [root]
    for parent in waiting:
        own = _text(_PROC / f"{parent}/cmdline")
        executed = [pid for pid in _children(parent) if _text(_PROC / f"{pid}/cmdline") != own]
        total += sum(map(_pss, executed))
        waiting += executed
    return total


def peak(size: Callable[[], int], going: Callable[[], bool]) -> int:
    """The largest of the sizes seen while it goes on."""
    most = 0
    while going():
        most = max(most, size())
        time.sleep(_EVERY_SECONDS)
    return most


def _children(pid: int) -> list[int]:
    """The kernel lists them by thread (CONFIG_PROC_CHILDREN)."""
    try:
        threads = os.listdir(_PROC / f"{pid}/task")
    except FileNotFoundError:
        return []
    listings = (_text(_PROC / f"{pid}/task/{thread}/children") for thread in threads)
    return [int(child) for listing in listings for child in listing.split()]


def _pss(pid: int) -> int:
    for line in _text(_PROC / f"{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _text(path: Path) -> str:
    """Empty when the process is gone."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
