"""What is kept of things that an action deletes, and how it comes back.

One folder for each session, one in it for each action: the things themselves, named by number, and
`kept.json`, which says what they were and is written last, so that what has none was not finished.
The files are hard links where they can be: they take no room beyond what the deletion would have
freed, and have whatever was written into them between the keeping and the deletion.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from ..config.private import private_folder
from ..config.replacing import replace_file
from .carrying import Caps, Carrier, Spot
from .entries import kind, open_parent
from .errors import OutsideRoots, SandboxError
from .paths import Place, Roots, open_beneath, place_of_entry

MANIFEST = "kept.json"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_UNFINISHED_FOR = 3_600
"""Seconds after which a folder without a manifest belongs to nobody."""


class Item(msgspec.Struct, frozen=True):
    """One thing that was kept, with everything below it."""

    path: str
    """Absolute."""
    root: str
    """The workspace, or the added directory, that it lay in."""
    kind: str
    """`file`, `directory`, `link`, …"""
    mode: int
    """Permission bits."""
    name: str
    """In the folder of its action."""


class Trashed(msgspec.Struct, frozen=True):
    """What was kept before one action."""

    id: str
    time: str
    """UTC, as ISO 8601 has it."""
    session: str
    action: str
    """The id of the call."""
    why: str
    """What was about to delete it."""
    workspace: str
    items: tuple[Item, ...]
    entries: int
    """Files, links and directories in all."""
    missed: tuple[str, ...]
    """What was to be kept and is not, each with the reason."""

    @property
    def notice(self) -> str:
        """Words for a person where something is not covered; else empty."""
        if not self.missed:
            return ""
        first, *rest = self.missed
        more = f" (and {len(rest)} more)" if rest else ""
        return f"not everything that this may delete can be brought back: {first}{more}"


class Restored(msgspec.Struct, frozen=True):
    """What came of a restoring."""

    entries: int
    """Files, links and directories that are back."""
    refused: tuple[str, ...]
    """What is not, each with the reason."""


class Trash:
    """What one session deleted."""

    def __init__(self, folder: Path, caps: Caps | None = None) -> None:
        """`folder` is named for the session and need not exist; its parent holds nothing but such
        folders."""
        self._folder = folder
        self._caps = caps or Caps()

    @property
    def session(self) -> str:
        """Whose trash it is."""
        return self._folder.name

    def keep(
        self, paths: Sequence[Path], why: str, roots: Roots, *, action: str = ""
    ) -> Trashed | None:
        """Keep what is at these paths, before it is deleted; None if nothing is there.

        Paths are absolute; a link at the end is kept as such. Blocks, bounded by the caps. Of a
        root itself, which nothing deletes as a whole, its own `.git` is not kept.

        Raises:
            OSError: the trash itself cannot be written; nothing was kept.
        """
        places, missed = _places(paths, roots)
        if not (places or missed):
            return None
        private_folder(self._folder)
        id = os.urandom(4).hex()
        folder = self._folder / id
        folder.mkdir(mode=0o700)
        with contextlib.ExitStack() as undo:
            undo.callback(_remove, folder)
            carrier = Carrier(self._caps, self._avoided(places))
            items = tuple(_carried(places, folder, carrier))
            moment = datetime.now(UTC).isoformat(timespec="microseconds")
            kept = Trashed(
                *(id, moment, self.session, action, why, str(roots.workspace)),
                *(items, carrier.carried, (*missed, *carrier.missed)),
            )
            if items:
                _write(folder, kept)
                undo.pop_all()
        return kept

    def entries(self) -> tuple[Trashed, ...]:
        """What was kept, oldest first."""
        found = (_read(folder) for folder in self._folders())
        return tuple(sorted((kept for kept in found if kept), key=lambda kept: kept.time))

    def restore(self, id: str, paths: Sequence[Path] = ()) -> Restored:
        """Put back what is missing of what was kept under an id, or only of these paths.

        Nothing is overwritten; what is there already, unchanged, is passed over. It stays in the
        trash.

        Raises:
            SandboxError: nothing was kept under this id, or not of a path.
        """
        kept = next((kept for kept in self.entries() if kept.id == id), None)
        if kept is None:
            raise SandboxError(f"the trash has no {id!r}", hint="see kedge trash list")
        wanted = [(item, "") for item in kept.items]
        if paths:
            wanted = [found for path in paths for found in _meant(kept, path)]
        carrier = Carrier()
        for item, below in wanted:
            try:
                _put_back(self._folder / id, item, below, carrier)
            except OSError as error:
                carrier.missed.append(f"{item.path}{below}: {error.strerror or error}")
        return Restored(carrier.carried, tuple(carrier.missed))

    def empty(self, older_than: timedelta | None = None) -> int:
        """Throw away for good what was kept longer ago than that, or all; return how many actions'.

        Raises:
            OSError: something cannot be removed.
        """
        limit = "9999"
        if older_than is not None:
            limit = (datetime.now(UTC) - older_than).isoformat(timespec="microseconds")
        count = 0
        for folder in self._folders():
            kept = _read(folder)
            if kept.time < limit if kept else _is_abandoned(folder):
                _remove(folder)
                count += kept is not None
        with contextlib.suppress(OSError):
            self._folder.rmdir()
        return count

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def _avoided(self, places: Sequence[Place]) -> frozenset[tuple[int, int]]:
        """The trash itself, which may lie in the workspace, and the repositories of whole roots."""
        own = [where.path / ".git" for where in places if where.relative == "."]
        found: set[tuple[int, int]] = set()
        for path in (self._folder.parent, *own):
            with contextlib.suppress(OSError):
                seen = path.lstat()
                found.add((seen.st_dev, seen.st_ino))
        return frozenset(found)


def _places(paths: Sequence[Path], roots: Roots) -> tuple[list[Place], list[str]]:
    """Where the paths are, none below another; and what is in no root, with the reason."""
    found: dict[Path, Place] = {}
    missed: list[str] = []
    for path in paths:
        try:
            if path in roots.all:
                where = Place(path, ".")
            else:
                where = place_of_entry(path, roots.workspace, roots)
            if os.path.lexists(where.path):
                found[where.path] = where
        except OutsideRoots as error:
            missed.append(f"{path}: leads to {str(error.resolved)!r}, outside the workspace")
        except (OSError, SandboxError) as error:
            missed.append(f"{path}: {error}")
    outermost = [it for path, it in found.items() if not any(up in found for up in path.parents)]
    return outermost, missed


def _carried(places: Sequence[Place], folder: Path, carrier: Carrier) -> Iterator[Item]:
    """Take the things into the folder; what is gone by now is left out."""
    there = os.open(folder, _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for number, where in enumerate(places):
            target = Spot(there, str(number))
            try:
                _carry_out(where, target, carrier)
                found = target.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                carrier.missed.append(f"{where.path}: {error.strerror or error}")
                continue
            mode = found.st_mode & 0o7777
            yield Item(str(where.path), str(where.root), kind(found), mode, target.name)
    finally:
        os.close(there)


def _carry_out(where: Place, target: Spot, carrier: Carrier) -> None:
    parent, name = os.path.split(where.relative)
    directory = open_beneath(where.root, parent or ".", _DIRECTORY)
    try:
        carrier.carry(Spot(directory, name), target, str(where.path))
    finally:
        os.close(directory)


def _meant(kept: Trashed, path: Path) -> list[tuple[Item, str]]:
    """The things that a path names or holds; or the one that holds it, and where below it."""
    inside = [(item, "") for item in kept.items if Path(item.path).is_relative_to(path)]
    for item in kept.items:
        if path != Path(item.path) and path.is_relative_to(item.path):
            return [(item, f"/{path.relative_to(item.path)}")]
    if not inside:
        raise SandboxError(f"nothing of {str(path)!r} is in the trash under {kept.id}")
    return inside


def _put_back(folder: Path, item: Item, below: str, carrier: Carrier) -> None:
    path = Path(item.path + below)
    root = Path(item.root)
    where = Place(root, str(path.relative_to(root)))
    parent, name = os.path.split(item.name + below)
    source = open_beneath(folder, parent or ".", _DIRECTORY)
    try:
        target = open_parent(where, [])
        try:
            own = os.path.basename(where.relative)
            carrier.carry(Spot(source, name), Spot(target, own), str(path))
        finally:
            os.close(target)
    finally:
        os.close(source)


def _write(folder: Path, kept: Trashed) -> None:
    # Names of files need not be text: msgspec refuses what this writes as an escape.
    text = json.dumps(msgspec.to_builtins(kept)) + "\n"
    replace_file(folder / MANIFEST, text.encode("ascii"))


def _read(folder: Path) -> Trashed | None:
    """What is kept in a folder; None if it was not finished, or is damaged."""
    try:
        text = (folder / MANIFEST).read_text(encoding="ascii")
        return msgspec.convert(json.loads(text), Trashed)
    except (OSError, ValueError, msgspec.ValidationError):
        return None


def _is_abandoned(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > _UNFINISHED_FOR
    except FileNotFoundError:
        return False


def _remove(folder: Path) -> None:
    # Directories that nobody may write were kept with that.
    for _, _, _, directory in os.fwalk(folder):
        os.fchmod(directory, 0o700)
    shutil.rmtree(folder)
