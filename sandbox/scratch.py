"""A private temporary folder that does not outlive its process by much, however that ends.

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

    def __init__(self) -> None:
        """Make it, and remove what dead processes of this user left.

        Raises:
            OSError: it cannot be made.
        """
        _sweep()
        # Locked before it has a name that a sweep looks for.
        made = tempfile.mkdtemp(prefix=f".{_PREFIX}")
        held = os.open(made, _DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path = os.path.join(os.path.dirname(made), os.path.basename(made)[1:])
        os.rename(made, path)
        self.path = Path(path).resolve()
        self._close = weakref.finalize(self, _remove, path, held)

    def close(self) -> None:
        """Remove it with all that is in it. May be called twice."""
        self._close()


def _sweep() -> None:
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
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
