"""Remembers what was started, so that a later start can end what was left over.

Nothing should be: helpers end with us, and all they started with them; without namespaces a watch
ends what carries our mark. A process number alone proves nothing, numbers come again; its time of
start, told by the kernel, does.
"""

import contextlib
import os
import signal
from pathlib import Path

import msgspec

from ..config.private import private_folder
from ..config.replacing import replace_file


class Started(msgspec.Struct, frozen=True):
    """A helper, or the mark of commands without one, and the process that it serves."""

    helper: int
    helper_began: int
    """Ticks since the machine's start."""
    owner: int
    owner_began: int
    boot: str
    mark: str = ""


class Registry:
    """The helpers under way of one user, a file for each."""

    def __init__(self, folder: Path) -> None:
        """`folder` is kedge's own, hidden from what runs inside; made by `sweep`."""
        self._folder = folder

    def add(self, helper: int) -> None:
        """Remember a helper of this process."""
        self._keep(str(helper), helper, "")

    def add_mark(self, mark: str) -> None:
        """Remember that commands of this process carry a mark in their environment."""
        self._keep(mark, os.getpid(), mark)

    def drop(self, what: int | str) -> None:
        """Forget a helper, or a mark, of which nothing is left. Never raises."""
        with contextlib.suppress(OSError):
            (self._folder / f"{what}.json").unlink()

    def _keep(self, name: str, helper: int, mark: str) -> None:
        own = os.getpid()
        entry = Started(helper, began(helper), own, began(own), _boot(), mark)
        with contextlib.suppress(OSError):
            # Whole: a sweep of another process drops what it cannot read.
            file = self._folder / f"{name}.json"
            replace_file(file, msgspec.json.encode(entry), durable=False)

    def sweep(self) -> tuple[int, ...]:
        """End what belongs to owners that are gone; return the helpers that were still there."""
        ended: list[int] = []
        with contextlib.suppress(OSError):
            private_folder(self._folder)
        for file in self._folder.glob("*.json"):
            try:
                entry = msgspec.json.decode(file.read_bytes(), type=Started)
            except (OSError, msgspec.MsgspecError):
                self.drop(file.stem)
                continue
            here = entry.boot == _boot()
            if here and began(entry.owner) == entry.owner_began:
                continue
            if here and began(entry.helper) == entry.helper_began >= 0:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(entry.helper, signal.SIGKILL)
                    ended.append(entry.helper)
            if here and entry.mark:
                # It imports asyncio, which `kedge sandbox run` does without.
                from .tree import Tree

                Tree(entry.mark).end_now()
            self.drop(file.stem)
        return tuple(ended)


def began(pid: int) -> int:
    """When a process was started; -1 if there is none, or it has ended and waits to be reaped."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return -1
    # proc(5): pid (name) state …; the 22nd field. The name may hold anything.
    fields = text.rpartition(")")[2].split()
    return -1 if fields[0] in "ZX" else int(fields[19])


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
