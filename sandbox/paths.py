"""Keeps paths inside the directories that may be touched."""

import errno
import os
from pathlib import Path

import msgspec

from . import linux
from .errors import OutsideRoots, SandboxError


class Roots(msgspec.Struct, frozen=True):
    """The directories that may be touched, each absolute and without links; see `at`."""

    workspace: Path
    added: tuple[Path, ...] = ()

    @staticmethod
    def at(workspace: Path, added: tuple[Path, ...] = ()) -> "Roots":
        """Resolve the directories once: a root replaced by a link later is not followed.

        Raises:
            OSError: one of them does not exist, or is no directory.
        """
        return Roots(_directory(workspace), tuple(_directory(path) for path in added))

    @property
    def all(self) -> tuple[Path, ...]:
        """The workspace, then the added directories."""
        return (self.workspace, *self.added)


class Place(msgspec.Struct, frozen=True):
    """Where a path is: below which root, and how it is reached from there."""

    root: Path
    relative: str
    """Without links or dots when it was resolved; `.` for the root itself."""

    @property
    def path(self) -> Path:
        return self.root / self.relative


def confine(path: str | Path, cwd: Path, roots: Roots) -> Path:
    """Return where `path` leads: absolute, without links or dots, inside a root.

    `~` is expanded, relative paths start at `cwd`, links are followed wherever they appear, also
    where they dangle; what does not exist yet stays as it is. The answer is true for the instant
    it was given: open it with `open_beneath`, which cannot be led out by a link put there since.

    Raises:
        OutsideRoots: it leads out, or in a circle.
        SandboxError: it is empty or holds a NUL.
    """
    return place(path, cwd, roots).path


def place(path: str | Path, cwd: Path, roots: Roots) -> Place:
    """As `confine`, told apart into root and rest."""
    absolute = _absolute(path, cwd)
    return _beneath(str(path), _resolve(absolute, str(path), roots), roots)


def place_of_entry(path: str | Path, cwd: Path, roots: Roots) -> Place:
    """As `place`, but of the name itself: a link at the end is not followed.

    Raises:
        OutsideRoots: as `confine`; also for a root itself.
        SandboxError: as `confine`; also if the last component is no name.
    """
    absolute = _absolute(path, cwd)
    parent, name = os.path.split(absolute.rstrip("/"))
    if name in ("", ".", ".."):
        raise SandboxError(f"{str(path)!r} does not end in a name")
    entry = _resolve(parent, str(path), roots) / name
    found = _beneath(str(path), entry, roots)
    if found.relative == ".":
        raise OutsideRoots(str(path), entry, roots.all)
    return found


def open_beneath(root: Path, relative: str, flags: int, mode: int = 0o666) -> int:
    """Open `relative` below `root` and return the descriptor, whatever others rename meanwhile.

    Every link is refused: a resolved path has none, unless one was put there since.

    Raises:
        OSError: EXDEV or ELOOP if the path leads out, besides the usual.
    """
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if linux.has_openat2():
            return linux.openat2_beneath(directory, relative, flags, mode)
        return open_stepwise(directory, relative, flags, mode)
    finally:
        os.close(directory)


def open_stepwise(directory: int, relative: str, flags: int, mode: int) -> int:
    """Open `relative` below the directory one component at a time, following no link."""
    *parents, name = [part for part in relative.split("/") if part not in ("", ".")] or ["."]
    if relative.startswith("/") or ".." in (*parents, name):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
    here = os.dup(directory)
    try:
        for part in parents:
            deeper = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=here)
            os.close(here)
            here = deeper
        return os.open(name, flags | _SAFE, mode, dir_fd=here)
    finally:
        os.close(here)


_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC


def _directory(path: Path) -> Path:
    real = path.expanduser().resolve(strict=True)
    if not real.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return real


def _absolute(path: str | Path, cwd: Path) -> str:
    text = str(path)
    if not text or "\0" in text:
        raise SandboxError(f"{text!r} is no path: it is empty or holds a NUL")
    return os.path.join(cwd, os.path.expanduser(text))


def _resolve(absolute: str, asked: str, roots: Roots) -> Path:
    real = os.path.realpath(absolute)
    # realpath gives up at a circle of links and returns the rest as it was, links and all.
    if os.path.realpath(real) != real:
        raise OutsideRoots(asked, Path(real), roots.all)
    return Path(real)


def _beneath(asked: str, real: Path, roots: Roots) -> Place:
    holding = [root for root in roots.all if real.is_relative_to(root)]
    if not holding:
        raise OutsideRoots(asked, real, roots.all)
    root = max(holding, key=lambda path: len(path.parts))
    return Place(root, str(real.relative_to(root)))
