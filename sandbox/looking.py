"""Looks into one directory: what of it counts, and what is new since it was looked into last.

A file is taken as unchanged while its number and its time of change are: that time the kernel sets
at every write, rename and change of mode, and no program can set it. What was changed just before
it was read is read again next time, because the clock of a file system ticks slowly.
"""

import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from .inside.placeholders import stands_at
from .paths import open_beneath
from .rule_files import RULE_FILES
from .snapshot import GIT, Entry, Listing

REPOSITORIES = frozenset({GIT, ".hg", ".svn", ".jj"})
"""Never entered: what is in them is version control's own to undo. A file `.git` counts: it only
says where the repository of a submodule or worktree is."""
_SETTLED_NS = 2_000_000_000
"""How long ago a change must be to be told from a later one: FAT counts in two seconds."""
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_UNCHANGED = _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Put = Callable[[bytes], bytes]
"""Keeps content; gives its digest."""


class Ignoring(Protocol):
    """What is ignored within one directory."""

    def within(self, directory: str, names: Collection[str]) -> "Ignoring":
        """The same for a directory directly below; `names` are its entries."""
        ...

    def hide(self, path: str, name: str, is_directory: bool) -> bool:
        """Whether an entry is ignored: absolute path and its last part."""
        ...


class Caps(msgspec.Struct, frozen=True):
    """How much one checkpoint covers at most."""

    file: int = 32 << 20
    """Bytes of one file."""
    total: int = 4 << 30
    """Bytes of all files together."""
    files: int = 300_000


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A file or link, with what it is recognised by."""

    changed: int
    """Time of change in nanoseconds; 0 if it may change once more within the same tick."""
    number: int
    entry: Entry


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A directory as it was looked into last."""

    changed: int
    number: int
    mode: int
    entries: dict[str, Known]
    below: tuple[str, ...]
    """Names of the directories in it that count."""
    digest: bytes = b""
    """Of its listing."""

    @property
    def listing(self) -> Listing:
        """What is kept of it."""
        return Listing(self.mode, {name: known.entry for name, known in self.entries.items()})


class Unreachable(Exception):
    """A directory is not looked into; the words say why."""


class Look:
    """One look at a directory."""

    def __init__(self, root: Path, path: str, before: Seen | None, caps: Caps, put: Put) -> None:
        """`before` is the look before; `path` lies in `root`; `caps.total` is what is left."""
        self._root = root
        self._path = path
        self._before: Mapping[str, Known] = before.entries if before else {}
        self._caps = caps
        self._room = caps.total
        self._put = put
        self._settled = time.time_ns() - _SETTLED_NS
        self.names: frozenset[str] = frozenset()
        """All that is in it."""
        self.ignores: Ignoring | None = None
        """What is ignored in it."""

    def whole(self, ignores: Ignoring, extras: Collection[str], device: int) -> Seen:
        """Everything in it that is not ignored, and these files even so; without a digest.

        `ignores` are the rules above it.

        Raises:
            FileNotFoundError: it is gone.
            Unreachable: it is on another device, or may not be read.
        """
        fd = self._opened()
        try:
            found = os.fstat(fd)
            if found.st_dev != device:
                raise Unreachable("another file system begins there")
            with os.scandir(fd) as scanned:
                there = list(scanned)
            self.names = frozenset(entry.name for entry in there)
            self.ignores = ignores = ignores.within(self._path, self.names)
            entries: dict[str, Known] = {}
            below: list[str] = []
            for entry in there:
                name, path = entry.name, f"{self._path}/{entry.name}"
                is_directory = entry.is_dir(follow_symlinks=False)
                if name in REPOSITORIES:
                    if (
                        name == GIT
                        and (known := self._known(fd, name))
                        and known.entry.kind == "file"
                    ):
                        entries[name] = known
                    continue
                # Files that say what is ignored count even where they ignore themselves: without
                # them nobody could tell what else was.
                rules = name in RULE_FILES and not is_directory
                if ignores.hide(path, name, is_directory) and not rules and path not in extras:
                    continue
                if is_directory:
                    # What stands only while commands run is nothing to come back to.
                    if not stands_at(path):
                        below.append(name)
                elif known := self._known(fd, name):
                    entries[name] = known
        except PermissionError as error:
            raise Unreachable(error.strerror or str(error)) from error
        finally:
            os.close(fd)
        changed = self._stamp(found)
        mode = stat.S_IMODE(found.st_mode)
        return Seen(changed, found.st_ino, mode, entries, tuple(sorted(below)))

    def part(self, names: Collection[str]) -> Seen:
        """Only these files in it; without a digest.

        Raises:
            FileNotFoundError: it is gone.
            Unreachable: it may not be read.
        """
        fd = self._opened()
        try:
            found = os.fstat(fd)
            entries = {name: known for name in names if (known := self._known(fd, name))}
        finally:
            os.close(fd)
        return Seen(0, found.st_ino, stat.S_IMODE(found.st_mode), entries, ())

    def _opened(self) -> int:
        relative = os.path.relpath(self._path, self._root)
        try:
            return open_beneath(self._root, relative, _DIRECTORY)
        except NotADirectoryError as error:
            raise FileNotFoundError(*error.args) from error
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Unreachable(error.strerror or str(error)) from error

    def _stamp(self, found: os.stat_result) -> int:
        return found.st_ctime_ns if found.st_ctime_ns < self._settled else 0

    def _known(self, directory: int, name: str) -> Known | None:
        """A file or link; None for what is neither, or gone."""
        try:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            old = self._before.get(name)
            if old and (old.changed, old.number) == (found.st_ctime_ns, found.st_ino):
                self._room -= old.entry.kept
                return old
            if stat.S_ISLNK(found.st_mode):
                leads = os.fsencode(os.readlink(name, dir_fd=directory))
                entry = Entry("link", 0, len(leads), leads)
                return Known(self._stamp(found), found.st_ino, entry)
            return self._file(directory, name, found) if stat.S_ISREG(found.st_mode) else None
        except FileNotFoundError:
            return None

    def _file(self, directory: int, name: str, found: os.stat_result) -> Known | None:
        most = max(0, min(self._caps.file, self._room))
        if found.st_size > most:
            return _missed(found, self._stamp(found))
        try:
            fd = os.open(name, _FILE, dir_fd=directory)
        except FileNotFoundError:
            return None
        except OSError:
            return _missed(found, 0)
        with open(fd, "rb", buffering=0) as file:
            # It may have changed places with something else, and may grow while it is read.
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                return None
            content = _content(file.fileno(), found.st_size, most)
            after = os.fstat(fd)
        if len(content) > most:
            return _missed(after, 0)
        self._room -= len(content)
        calm = found.st_ctime_ns == after.st_ctime_ns
        mode = stat.S_IMODE(found.st_mode)
        entry = Entry("file", mode, len(content), self._put(content))
        return Known(self._stamp(found) if calm else 0, found.st_ino, entry)


def _content(fd: int, size: int, most: int) -> bytes:
    """What a file holds, up to one byte more than `most`."""
    content = os.read(fd, min(size, most) + 1)
    if len(content) == size:
        return content
    pieces = [content]
    left = most + 1 - len(content)
    while left > 0 and (piece := os.read(fd, min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _missed(found: os.stat_result, changed: int) -> Known:
    mode = stat.S_IMODE(found.st_mode)
    entry = Entry("missed", mode, found.st_size, str(found.st_mtime_ns).encode())
    return Known(changed, found.st_ino, entry)


class Comparer:
    """Tells which directories are not as they were: what is asked for most often in all this.

    Nearly all of its time is the kernel's and that of making a `stat_result` for each file.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Seen, list[bytes], list[int]]] = {}
        """Names as the kernel has them, and times of change, of looks."""

    def unlike(self, looks: Mapping[str, Seen]) -> Iterator[str]:
        """The directories that are not like these looks."""
        for path, seen in looks.items():
            try:
                fd = os.open(path, _UNCHANGED)
            except OSError:
                yield path
                continue
            try:
                if not self._alike(fd, path, seen):
                    yield path
            finally:
                os.close(fd)

    def _alike(self, fd: int, path: str, seen: Seen) -> bool:
        _, names, changed = self._row(path, seen)
        look = os.lstat
        try:
            found = os.fstat(fd)
            if found.st_ctime_ns != seen.changed or found.st_ino != seen.number:
                return False
            # While the directory's time stands, no name in it means another file. From the
            # directory on, the kernel has one name to find instead of a path.
            return [look(name, dir_fd=fd).st_ctime_ns for name in names] == changed
        except OSError:
            return False

    def _row(self, path: str, seen: Seen) -> tuple[Seen, list[bytes], list[int]]:
        row = self._rows.get(path)
        if row is None or row[0] is not seen:
            changed = [known.changed for known in seen.entries.values()]
            row = self._rows[path] = (seen, list(map(os.fsencode, seen.entries)), changed)
        return row
