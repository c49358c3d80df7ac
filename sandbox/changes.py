"""Several changes of files that happen as a whole or not at all.

Every new content is put on disk beside its target before the first target is touched; originals
are kept under a second name until the last change is through, and put back if one fails. What is
not atomic: a power cut or SIGKILL between two renames leaves the earlier changes done, the later
ones undone, and the second names (`.kedge-…`) lying about. Each single file is old or new, whole,
at any moment, except on file systems without hard links, where it can be missing for an instant.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from .entries import Entry, kind, open_parent
from .errors import Conflict, NotAFile, NotRestored
from .paths import Place, Roots, place, place_of_entry
from .ports import Change, Delete, Move, Write

if TYPE_CHECKING:
    from .guard import Guard

Step = Callable[[], None]


def apply_all(changes: Sequence[Change], roots: Roots, guard: "Guard | None" = None) -> None:
    """Carry out all changes or none; parents of new files are made.

    Raises:
        Conflict: a path appears twice, or the target of a move is taken; nothing was changed.
        NotAFile: something else than a file is in the way; nothing was changed.
        OutsideRoots: a path leads out; nothing was changed.
        Protected: the guard does not let a path be written; nothing was changed.
        OSError: the disk refused; everything is as it was.
        NotRestored: the disk refused, and refused the way back too.
    """
    batch = _Batch(roots, guard, alone=len(changes) == 1)
    try:
        steps = [batch.prepare(change) for change in changes]
        for step in steps:
            step()
        batch.sync()
    except BaseException:  # whatever stops it, a cancellation too, nothing may be left half-done
        batch.take_back()
        raise
    finally:
        batch.close()


class _Batch:
    """Changes under way: what is open, what can be taken back, what is to be thrown away."""

    def __init__(self, roots: Roots, guard: "Guard | None", *, alone: bool) -> None:
        self._roots = roots
        self._guard = guard
        self._alone = alone
        """A single change is a single rename, which needs no way back."""
        self._directories: dict[Path, int] = {}
        self._entries: dict[Path, Entry] = {}
        self._made: list[Path] = []
        self._undo: list[tuple[str, Step]] = []
        self._scrap: list[Entry] = []

    def prepare(self, change: Change) -> Step:
        """Check a change and stage its content; return the step that makes it true."""
        match change:
            case Write(path, data, mode):
                return self._write(path, data, mode)
            case Delete(path):
                return self._delete(path)
            case Move(source, target, data):
                if data is None:
                    return self._rename(source, target)
                return self._move(source, target, data)
            case _:
                assert_never(change)

    def sync(self) -> None:
        for entry in {entry.path.parent: entry for entry in self._entries.values()}.values():
            with _naming(entry.path.parent):
                entry.sync()

    def take_back(self) -> None:
        """Put everything back as it was."""
        left: list[str] = []
        for what, step in reversed(self._undo):
            try:
                step()
            except OSError as error:
                left.append(f"{what}: {error.strerror}")
        self._throw_away()
        for path in reversed(self._made):
            # Somebody else may have put something there.
            with contextlib.suppress(OSError):
                os.rmdir(path)
        if left:
            raise NotRestored(tuple(left))

    def close(self) -> None:
        self._throw_away()
        for directory in self._directories.values():
            os.close(directory)

    def _write(self, path: Path, data: bytes, mode: int | None) -> Step:
        entry = self._claim(path, place(path, self._roots.workspace, self._roots))
        exists = entry.replaceable()
        staged = self._stage(entry, data, mode, like=entry)
        return lambda: self._put(staged, entry, exists)

    def _delete(self, path: Path) -> Step:
        entry = self._existing(path)
        return lambda: self._drop(entry)

    def _rename(self, source: Path, target: Path) -> Step:
        old, new = self._existing(source), self._free(target)

        def step() -> None:
            with _naming(target):
                old.rename(new)
            self._undo.append((f"{old.path} is now {new.path}", lambda: new.rename(old)))

        return step

    def _move(self, source: Path, target: Path, data: bytes) -> Step:
        old, new = self._existing(source), self._free(target)
        old.replaceable()
        staged = self._stage(new, data, None, like=old)

        def step() -> None:
            self._put(staged, new, exists=False)
            self._drop(old)

        return step

    def _stage(self, entry: Entry, data: bytes, mode: int | None, like: Entry) -> Entry:
        staged = entry.beside()
        self._scrap.append(staged)
        with _naming(entry.path):
            staged.fill(data, mode, like)
        return staged

    def _put(self, staged: Entry, entry: Entry, exists: bool) -> None:
        with _naming(entry.path):
            if not exists:
                staged.rename(entry)
                self._undo.append((f"{entry.path} is new", entry.unlink))
                return
            if not self._alone:
                self._keep(entry)
            staged.rename(entry)

    def _keep(self, entry: Entry) -> None:
        """Keep what has the name under a second one, to be put back."""
        kept = entry.beside()
        try:
            entry.link(kept)
        except OSError:
            # No hard links here, or not to this file.
            entry.rename(kept)
        self._put_back_from(kept, entry)

    def _drop(self, entry: Entry) -> None:
        with _naming(entry.path):
            if self._alone:
                entry.unlink()
                return
            kept = entry.beside()
            entry.rename(kept)
            self._put_back_from(kept, entry)

    def _put_back_from(self, kept: Entry, entry: Entry) -> None:
        self._scrap.append(kept)

        def step() -> None:
            try:
                kept.rename(entry)
            except OSError:
                self._scrap.remove(kept)
                raise

        self._undo.append((f"the original of {entry.path} is {kept.path}", step))

    def _claim(self, asked: Path, where: Place) -> Entry:
        path = where.path
        if path in self._entries:
            raise Conflict(asked, "appears twice in one set of changes")
        if where.relative == ".":
            raise NotAFile(path, "directory")
        if self._guard is not None:
            self._guard.check_write(path)
        with _naming(path):
            if path.parent not in self._directories:
                self._directories[path.parent] = open_parent(where, self._made)
        entry = self._entries[path] = Entry(self._directories[path.parent], path)
        return entry

    def _existing(self, path: Path) -> Entry:
        where = place_of_entry(path, self._roots.workspace, self._roots)
        if not where.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        entry = self._claim(path, where)
        found = entry.stat()
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        if kind(found) == "directory":
            raise NotAFile(path, "directory")
        return entry

    def _free(self, path: Path) -> Entry:
        entry = self._claim(path, place_of_entry(path, self._roots.workspace, self._roots))
        if entry.stat() is not None:
            raise Conflict(path, "exists already")
        return entry

    def _throw_away(self) -> None:
        for entry in self._scrap:
            with contextlib.suppress(FileNotFoundError):
                entry.unlink()
        self._scrap.clear()


@contextlib.contextmanager
def _naming(path: Path) -> Generator[None]:
    """Make errors name the path that was asked for, not a temporary one."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename == str(path):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
