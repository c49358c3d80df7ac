"""Reads and changes files inside the roots.

Changes are atomic file by file, and last: the content is on disk before the name points to it.
Links are followed to their targets, which must be inside too; the link itself stays. Paths are
absolute or relative to the workspace. See `changes` for what several files at once can promise.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .changes import apply_all
from .entries import kind
from .errors import NotAFile, TooLarge
from .paths import Roots, confine, open_beneath, place
from .ports import Change, Delete, Move, Write


def open_read(path: str | Path, roots: Roots, guard: "Guard | None" = None) -> BinaryIO:
    """Open a file for reading; never waits for a pipe's other end.

    Raises:
        OutsideRoots: the path leads out.
        Protected: the guard does not let it be read.
        NotAFile: it is a directory, pipe, device or socket.
        OSError: it does not exist, or may not be read.
    """
    where = place(path, roots.workspace, roots)
    if guard is not None:
        guard.check_read(where.path)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
    try:
        fd = open_beneath(where.root, where.relative, flags)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise NotAFile(where.path, "socket") from error
        raise OSError(error.errno, os.strerror(error.errno or 0), str(path)) from error
    found = kind(os.fstat(fd))
    if found != "file":
        os.close(fd)
        raise NotAFile(where.path, found)
    return open(fd, "rb")


def read_bytes(path: str | Path, roots: Roots, limit: int, guard: "Guard | None" = None) -> bytes:
    """Return the whole content of a file.

    Raises:
        TooLarge: it has more than `limit` bytes.
        OutsideRoots, Protected, NotAFile, OSError: as `open_read`.
    """
    with open_read(path, roots, guard) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(Path(path), limit)
    return data


def write_atomic(path: str | Path, data: bytes, roots: Roots, *, mode: int | None = None) -> None:
    """Replace a file's content, or make the file and its parents.

    Mode bits (but set-user-id and set-group-id, which a write clears), owner and extended
    attributes of an existing file are kept as far as permitted; a hard link to it keeps the old
    content. `mode` sets the permission bits; without it a new file obeys the umask.

    Raises:
        OutsideRoots: the path, its links followed, leads out.
        NotAFile: a directory or special file is there.
        OSError: the disk refused, or the file is write-protected; it is as it was.
    """
    apply_all((Write(Path(path), data, mode),), roots)


def remove(path: str | Path, roots: Roots) -> None:
    """Remove a file or a link, not the link's target.

    Raises:
        OutsideRoots, OSError: as `write_atomic`.
        NotAFile: it is a directory.
    """
    apply_all((Delete(Path(path)),), roots)


def rename(source: str | Path, target: str | Path, roots: Roots) -> None:
    """Give a file or link another name, in a directory that is made if need be.

    Raises:
        Conflict: the other name is taken.
        OutsideRoots, NotAFile, OSError: as `remove`.
    """
    apply_all((Move(Path(source), Path(target)),), roots)


class RootedFiles:
    """`ports.Files` inside these roots, as far as a guard lets it."""

    def __init__(self, roots: Roots, guard: "Guard | None" = None) -> None:
        self.roots = roots
        self._guard = guard

    def confine(self, path: str | Path, cwd: Path) -> Path:
        return confine(path, cwd, self.roots)

    def hides(self, path: Path) -> bool:
        return self._guard is not None and self._guard.hides(path)

    def read(self, path: Path, limit: int) -> bytes:
        return read_bytes(path, self.roots, limit, self._guard)

    def write(self, path: Path, data: bytes, *, mode: int | None = None) -> None:
        self.apply((Write(path, data, mode),))

    def remove(self, path: Path) -> None:
        self.apply((Delete(path),))

    def rename(self, source: Path, target: Path) -> None:
        self.apply((Move(source, target),))

    def apply(self, changes: Sequence[Change]) -> None:
        apply_all(changes, self.roots, self._guard)


if TYPE_CHECKING:
    from .guard import Guard
    from .ports import Files

    _files: type[Files] = RootedFiles
