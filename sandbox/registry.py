"""Remembers which helpers were started, so that a later start can end what was left over.

Nothing should be: helpers end with us, and all they started with them. A process number alone
proves nothing, numbers come again; its time of start, told by the kernel, does.
"""

import contextlib
import os
import signal
from pathlib import Path

import msgspec


class Started(msgspec.Struct, frozen=True):
    """A helper, and the process that it serves."""

    helper: int
    helper_began: int
    """Ticks since the machine's start."""
    owner: int
    owner_began: int
    boot: str


class Registry:
    """The helpers under way of one user, a file for each."""

    def __init__(self, folder: Path) -> None:
        """`folder` is kedge's own, hidden from what runs inside; made when needed."""
        self._folder = folder

    def add(self, helper: int) -> None:
        """Remember a helper of this process."""
        own = os.getpid()
        entry = Started(helper, began(helper), own, began(own), _boot())
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / f"{helper}.json").write_bytes(msgspec.json.encode(entry))

    def drop(self, helper: int) -> None:
        """Forget a helper that has ended."""
        (self._folder / f"{helper}.json").unlink(missing_ok=True)

    def sweep(self) -> tuple[int, ...]:
        """End the helpers whose owners are gone; return which were still there."""
        ended: list[int] = []
        for file in self._folder.glob("*.json") if self._folder.is_dir() else ():
            try:
                entry = msgspec.json.decode(file.read_bytes(), type=Started)
            except (OSError, msgspec.MsgspecError):
                file.unlink(missing_ok=True)
                continue
            here = entry.boot == _boot()
            if here and began(entry.owner) == entry.owner_began:
                continue
            if here and began(entry.helper) == entry.helper_began:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(entry.helper, signal.SIGKILL)
                    ended.append(entry.helper)
            file.unlink(missing_ok=True)
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
