"""Files that are whole at any time, and what lets processes change them one after the other.

A file is written beside its place, under a name that nobody has, is synced, and only then gets the
place. So after a crash or on a full disk there is the file as it was or the new one.
"""

import contextlib
import fcntl
import os
import pathlib
import sys
from collections.abc import Generator, Iterable


def replace_file(
    path: pathlib.Path, data: bytes, *, private: bool = True, durable: bool = True
) -> None:
    """Put this in its place, whatever was there; a link there is replaced, not followed.

    The file is for its owner only; if not `private`, for whom the one before it was, and a first
    one for whom the umask says. What is not `durable` may be empty after a power cut.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    with _beside(path, (data,), private, durable) as beside:
        os.replace(beside, path)


def create_file(path: pathlib.Path, data: Iterable[bytes]) -> None:
    """Put this, for its owner only, in a place where nothing is.

    Raises:
        FileExistsError: something is there, were it a link to nothing.
        OSError: it cannot be written; nothing is there.
    """
    with _beside(path, data) as beside:
        try:
            # Unlike a renaming, a link does not take the place of what is there.
            os.link(beside, path)
        except OSError:
            # Some file systems have no links.
            if os.path.lexists(path):
                raise
            os.replace(beside, path)


@contextlib.contextmanager
def _beside(
    path: pathlib.Path, data: Iterable[bytes], private: bool = True, durable: bool = True
) -> Generator[pathlib.Path]:
    """A file with this in it, to be given the place; gone after the block if it was not."""
    beside = path.with_name(temporary_name())
    old = None if private or not path.exists() else path.stat()
    mode = 0o666 if old is None and not private else 0o600
    try:
        with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            if old is not None:
                os.fchmod(file.fileno(), old.st_mode & 0o777)
            file.writelines(data)
            file.flush()
            if durable:
                sync_file(file.fileno())
        yield beside
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
    if durable:
        # It has its place; and some file systems cannot do this to a folder.
        with contextlib.suppress(OSError):
            sync_folder(path.parent)


def temporary_name() -> str:
    """A name that nobody has, and that says which process gave it (`sandbox/leftovers.py`)."""
    return f".kedge-{os.getpid():x}-{os.urandom(8).hex()}"


def sync_file(file: int) -> None:
    """Return when a power cut can take nothing of an open file any more. On macOS `fsync` alone
    would leave it in the drive's own memory (fsync(2) there)."""
    if sys.platform == "darwin":
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(file)


def sync_folder(folder: pathlib.Path) -> None:
    """Return when a power cut can take no name out of a folder any more."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def alone(place: pathlib.Path) -> Generator[None]:
    """Nobody else is in this block for the same place: a folder, or an empty file that is for this
    only, is made when needed, and stays. The lock ends with the process (flock(2)).

    Raises:
        OSError: it cannot be opened or locked, or is a link to a file.
    """
    kind = os.O_DIRECTORY if place.is_dir() else os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
    held = os.open(place, kind | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
