"""Puts files, links and directories back as a checkpoint has them, each at once or not at all."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Collection, Generator, Iterable
from pathlib import Path

import msgspec

from .entries import Entry as Name
from .entries import kind, open_parent
from .errors import SandboxError
from .paths import Place, Roots, open_beneath
from .snapshot import Changed, Entry, State

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_OURS = 0o700
"""What we need of a directory to work in it."""


class Restored(msgspec.Struct, frozen=True):
    """What came of a restoring."""

    before: str
    """The checkpoint of how it was just before: restoring that undoes this."""
    changes: tuple[Changed, ...]
    """What was done, by path."""
    refused: tuple[str, ...]
    """What was not, each with the reason."""
    hindered: bool = False
    """Whether some of that can be done once what is in the way is gone."""


class Restorer:
    """One restoring."""

    def __init__(
        self,
        roots: Roots,
        get: Callable[[bytes], bytes],
        directories: Collection[str] | None = None,
    ) -> None:
        """`get` gives the content of a digest; of `directories` only these are meant, or all."""
        self._roots = roots
        self._get = get
        self._directories = directories
        self._made: set[str] = set()
        self.done: list[Changed] = []
        self.refused: list[str] = []
        self.hindered = False

    def files(self, changes: Iterable[Changed]) -> None:
        """Make files and links what they are *before* each change: the one that is undone."""
        wanted = list(changes)
        for change in wanted:
            if change.before is None:
                self._attempt(change, self._remove)
        for change in wanted:
            if change.before is not None:
                self._attempt(change, self._put)

    def set_modes(self, then: State, now: State) -> None:
        """Give directories their modes; last, because they may keep us out."""
        for path in sorted(then.directories):
            if then.is_alike(now, path) or then.passes_over(path) or now.passes_over(path):
                continue
            if not self._is_meant(path) and path not in self._made:
                continue
            listing = then.listing(path)
            if listing is not None:
                with self._minding(path):
                    self._set_mode(path, listing.mode)

    def make_room(self, then: State, now: State) -> None:
        """Let directories whose mode was changed be written while this lasts."""
        for path in sorted({*then.directories} & {*now.directories}):
            listing = None if now.is_alike(then, path) else now.listing(path)
            if listing is not None and listing.mode & _OURS != _OURS and self._is_meant(path):
                with self._minding(path):
                    self._set_mode(path, listing.mode | _OURS)

    def remove_directories(self, then: State, now: State) -> None:
        """Remove those that were made since, unless something that is not covered is in them."""
        for path in sorted({*now.directories} - {*then.directories}, reverse=True):
            if then.passes_over(path) or not self._is_meant(path):
                continue
            with contextlib.suppress(OSError), self._parent(path) as (directory, name):
                os.rmdir(name, dir_fd=directory)

    def make_directories(self, then: State, now: State, holding: Iterable[str]) -> None:
        """Make those that are gone; also where they are only to hold these paths."""
        needed = {str(up) for path in holding for up in Path(path).parents}
        for path in sorted({*then.directories} - {*now.directories}):
            if not now.passes_over(path) and (self._is_meant(path) or path in needed):
                self._made.add(path)
                with self._minding(path), self._parent(path) as (directory, name):
                    self._make(directory, name)

    def _is_meant(self, path: str) -> bool:
        return self._directories is None or path in self._directories

    def _make(self, directory: int, name: str) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, _OURS, dir_fd=directory)

    def _attempt(self, change: Changed, step: Callable[[Changed], None]) -> None:
        refused = len(self.refused)
        with self._minding(change.path):
            step(change)
        if len(self.refused) == refused:
            self.done.append(Changed(change.path, change.after, change.before))

    @contextlib.contextmanager
    def _minding(self, path: str) -> Generator[None]:
        try:
            yield
        except OSError as error:
            self.hindered = True
            self.refused.append(f"{path}: {_reason(error)}")
        except SandboxError as error:
            self.refused.append(f"{path}: {error}")

    def _remove(self, change: Changed) -> None:
        _check_kept(change)
        with self._parent(change.path) as (directory, name), contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)

    def _put(self, change: Changed) -> None:
        _check_kept(change)
        entry = change.before
        if entry is None:
            return
        with self._parent(change.path) as (directory, _):
            target = Name(directory, Path(change.path))
            found = target.stat()
            if found is not None and kind(found) not in ("file", "link"):
                raise FileExistsError(errno.EEXIST, f"a {kind(found)} is there")
            staged = target.beside()
            try:
                self._fill(staged, entry, target, directory)
                staged.rename(target)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    staged.unlink()

    def _fill(self, staged: Name, entry: Entry, target: Name, directory: int) -> None:
        if entry.kind == "link":
            os.symlink(entry.what, os.fsencode(staged.path.name), dir_fd=directory)
        else:
            staged.fill(self._get(entry.what), entry.mode, target)

    @contextlib.contextmanager
    def _parent(self, path: str) -> Generator[tuple[int, str]]:
        """The open directory that holds a path, and its name in it."""
        place = self._place(path)
        directory = open_parent(place, [])
        try:
            yield directory, os.path.basename(place.relative)
        finally:
            os.close(directory)

    def _set_mode(self, path: str, mode: int) -> None:
        place = self._place(path)
        fd = open_beneath(place.root, place.relative, _DIRECTORY)
        try:
            if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
                os.fchmod(fd, mode)
        finally:
            os.close(fd)

    def _place(self, path: str) -> Place:
        holding = [root for root in self._roots.all if Path(path).is_relative_to(root)]
        if not holding:
            raise SandboxError("it lies outside of the workspace")
        root = max(holding, key=lambda one: len(one.parts))
        return Place(root, os.path.relpath(path, root))


def _reason(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "a link or a file is where a directory was"
    return error.strerror or str(error)


def _check_kept(change: Changed) -> None:
    """Return if what is to be put is kept, and what it replaces as well.

    Raises:
        SandboxError: one of them is not.
    """
    if change.before is not None and change.before.kind == "missed":
        raise SandboxError("it was not kept, so it stays as it is")
    if change.after is not None and change.after.kind == "missed":
        raise SandboxError("what is there now could not be kept, so it stays")


def within(paths: Collection[str], path: str) -> bool:
    """Whether a path is one of these, or below one."""
    return path in paths or any(str(up) in paths for up in Path(path).parents)
