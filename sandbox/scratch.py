"""A private folder that does not outlive its process by much, however that ends.

Its process holds a lock on it (flock(2)), which the kernel takes away with the process; whoever
makes the next one removes those that nobody holds any more.
"""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import weakref
from pathlib import Path

_PREFIX = "kedge-run-"
_NAME = re.compile(rf"{_PREFIX}\w{{8}}")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Scratch:
    """One such folder, gone after `close` or at the end of the process."""

    def __init__(self, parent: Path | None = None) -> None:
        """Make it in `parent`, or else where temporary files are, and remove what dead processes of
        this user left there.

        Raises:
            OSError: it cannot be made.
        """
        place = parent or Path(tempfile.gettempdir())
        sweep(place)
        # Locked before it has a name that a sweep looks for.
        made = tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=place)
        held = os.open(made, _DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path = os.path.join(os.path.dirname(made), os.path.basename(made)[1:])
        os.rename(made, path)
        self.path = Path(path).resolve()
        self._close = weakref.finalize(self, _remove, path, held)

    def close(self) -> None:
        """Remove it with all that is in it. May be called twice."""
        self._close()


def sweep(place: Path) -> None:
    """Remove what dead processes of this user left there."""
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    _remove_unheld(entry.path)


def _remove_unheld(path: str) -> None:
    folder = os.open(path, _DIRECTORY)
    try:
        if os.fstat(folder).st_uid == os.geteuid():
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(folder)


def _remove(path: str, held: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(held)
