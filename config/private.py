"""Folders and databases of kedge's own, for their owner only."""

import contextlib
import os
import pathlib
import threading

_MAKING = threading.Lock()
"""So that no thread opens a new file as a database while another still has to close it."""


def private_folder(folder: pathlib.Path) -> None:
    """Make a folder, and those missing above it, that nobody else can look into or put things in,
    as the XDG base directory specification wants it. `mkdir(parents=True)` would leave those above
    to the umask.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.is_dir():
        private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def private_database(file: pathlib.Path) -> None:
    """Make an empty file for a SQLite database, and the folders above it, that nobody else can
    read; SQLite itself would go by the umask. Its other files follow this one.

    One that is there is not even opened: closing any descriptor of a file drops all locks that the
    process has on it, those of its open databases, too, and then another process overwrites what
    they write (sqlite.org/howtocorrupt.html, 2.2).

    Raises:
        OSError: it cannot be made.
    """
    private_folder(file.parent)
    with _MAKING, contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
