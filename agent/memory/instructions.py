"""Instruction files: what a person and a project tell every agent (https://agents.md).

In each directory the first of `NAMES` that is there counts. The person's own come first, then those
from the repository's root down to the working directory: what is read later, being nearer to the
work, wins. Those of deeper directories are read when a tool first touches something there.

A line may hold `@path`, relative to its file: the text of that file follows. Only the files of
trusted folders are read, and for them nothing outside the project is, whatever a link or an `@path`
says. The person's own may lead anywhere.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

NAMES: Final = ("AGENTS.override.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md")
"""Strongest first."""
NOTES: Final = "notes.md"
"""What was to be remembered, in kedge's directory of the person or of the project."""
MAX_BYTES: Final = 32 * 1024
"""Of all files together, as in Codex, whose rule of discovery this is."""
MAX_DEPTH: Final = 5
"""Imports within imports."""

MAX_FOLDERS: Final = 5_000
"""Looked through for instruction files when a person is asked to trust a folder."""

_ANYWHERE: Final = Path("/")
_IMPORT: Final = re.compile(r"(?<![\w`@/])@((?:~/|\.{0,2}/)?[\w.\-/]*[\w\-])")
_FENCE: Final = re.compile(r"^\s*(```|~~~)")
_CODE: Final = re.compile(r"`[^`]*`")

Hides = Callable[[Path], bool]


class Piece(Struct, frozen=True):
    """The text of one file."""

    path: Path
    text: str
    imported_by: Path | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.text.encode("utf-8", "replace"))


class Merged(Struct, frozen=True):
    """Files in their order, as far as there is room for them."""

    pieces: tuple[Piece, ...] = ()
    notices: tuple[str, ...] = ()
    """What a person should know: what was cut, left out or could not be read."""

    @property
    def text(self) -> str:
        """What the model reads; empty if there is nothing."""
        if not self.pieces:
            return ""
        parts = [f"## {piece.path}\n\n{piece.text}" for piece in self.pieces]
        said = "\n".join(f"[kedge: {notice}]" for notice in self.notices)
        return "\n\n".join(
            (
                "<instructions>",
                "From the person and the project; where two differ the later one counts, and what "
                "the person says here counts most.",
                *parts,
                *((said,) if said else ()),
                "</instructions>",
            )
        )


class Scope(Struct, frozen=True):
    """Where instruction files are looked for."""

    config_dir: Path
    """Of the person: always read."""
    root: Path
    """Of the project, links resolved."""
    cwd: Path
    """In `root`, links resolved."""
    trusted: bool = False
    """Whether the project's files are read."""
    own_notes: Path | None = None
    """Of the person, on the project, and not in it: always read."""


class Instructions:
    """The instruction files of one session."""

    def __init__(self, scope: Scope, hides: Hides = lambda path: False) -> None:
        """`hides` says what must not be read, by its resolved path."""
        self._scope = scope
        self._hides = hides
        self._deeper: dict[Path, None] = {}
        self._visited: set[Path] = set()
        self._room = MAX_BYTES

    @property
    def trusted(self) -> bool:
        """Whether the project's files are read."""
        return self._scope.trusted

    def merged(self) -> Merged:
        """All that counts now, those of deeper directories that were given already included."""
        scope = self._scope
        # The person's own folder is hidden from tools as a whole, and yet theirs to give; what
        # stands there is often a link to where they keep it.
        own = _Reading(lambda path: False)
        pieces = [*own.file_of(scope.config_dir, _ANYWHERE), *own.notes(scope.config_dir)]
        pieces += own.notes(scope.own_notes) if scope.own_notes else ()
        reading = _Reading(self._hides)
        notices = own.notices
        if scope.trusted:
            pieces += reading.notes(scope.root / ".kedge")
            for folder in (*_down(scope.root, scope.cwd), *self._deeper):
                pieces += reading.file_of(folder, scope.root)
        elif found := self.unread:
            notices.append(
                f"{', '.join(found)}: not read, this folder is not trusted (kedge trust)"
            )
        merged = fitted(pieces, [*notices, *reading.notices])
        self._room = MAX_BYTES - sum(piece.size for piece in merged.pieces)
        return merged

    def nearby(self, touched: Sequence[str]) -> str:
        """The instructions for resolved paths in directories where no tool was before."""
        if not self._scope.trusted:
            return ""
        reading = _Reading(self._hides)
        pieces: list[Piece] = []
        for path in touched:
            for folder in self._fresh(Path(path)):
                found = list(reading.file_of(folder, self._scope.root))
                if found:
                    self._deeper[folder] = None
                pieces += found
        merged = fitted(pieces, reading.notices, self._room)
        self._room -= sum(piece.size for piece in merged.pieces)
        return merged.text

    def _fresh(self, path: Path) -> Iterator[Path]:
        """Directories from below the working directory down to a path, not visited before."""
        cwd = self._scope.cwd
        folder = path if os.path.isdir(path) else path.parent
        if not folder.is_relative_to(self._scope.root):
            return
        known = {*_down(self._scope.root, cwd)}
        for one in _down(self._scope.root, folder):
            if one not in known and one not in self._visited:
                self._visited.add(one)
                yield one

    @property
    def unread(self) -> list[str]:
        """The project's files that would be read here if it were trusted, by path within it."""
        if self._scope.trusted:
            return []
        found = [_present(folder) for folder in _down(self._scope.root, self._scope.cwd)]
        notes = self._scope.root / ".kedge" / NOTES
        files = [path for path in (*found, notes if os.path.isfile(notes) else None) if path]
        return [str(path.relative_to(self._scope.root)) for path in files]


class _Reading:
    """Files being read, for one text."""

    def __init__(self, hides: Hides) -> None:
        self._hides = hides
        self._depths: dict[Path, int] = {}
        """How deep each file was read. Files that all import each other are read once, not once
        for each way to them; what is found again nearer to the start is, for what it imports."""
        self.notices: list[str] = []

    def file_of(self, folder: Path, root: Path) -> Iterator[Piece]:
        """The instruction file of a directory, and what it imports from within `root`."""
        if (path := _present(folder)) is not None:
            yield from self._read(path, root, ())

    def notes(self, folder: Path) -> Iterator[Piece]:
        """The notes in a directory of kedge's. They import nothing."""
        path = folder / NOTES
        if os.path.isfile(path) and (piece := self._piece(path, folder, None)) is not None:
            yield piece

    def _read(self, path: Path, root: Path, above: tuple[Path, ...]) -> Iterator[Piece]:
        """A file, then what it imports; `above` are the files that led here."""
        real = Path(os.path.realpath(path))
        if self._depths.get(real, len(above) + 1) <= len(above):
            return
        self._depths[real] = len(above)
        piece = self._piece(path, root, above[-1] if above else None)
        if piece is None:
            return
        yield piece
        for name in imports(piece.text):
            yield from self._imported(name, root, (*above, path))

    def _imported(self, name: str, root: Path, above: tuple[Path, ...]) -> Iterator[Piece]:
        path = Path(os.path.normpath(above[-1].parent / os.path.expanduser(name)))
        if not os.path.isfile(path) or path in above:
            # Most names with an @ are people and packages, not files.
            return
        if len(above) > MAX_DEPTH:
            self.notices.append(f"{path}: not read, it is imported more than {MAX_DEPTH} deep")
            return
        yield from self._read(path, root, above)

    def _piece(self, path: Path, root: Path, importer: Path | None) -> Piece | None:
        """The file's text, unless it is empty or may not be read, which is said."""
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(root)):
            self.notices.append(f"{path}: not read, it leads outside the project")
            return None
        if self._hides(real):
            self.notices.append(f"{path}: not read, nobody may see its content")
            return None
        try:
            with open(real, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            self.notices.append(f"{path}: cannot be read ({error.strerror})")
            return None
        text = data.decode("utf-8", "replace").removeprefix("\ufeff").strip()
        return Piece(path, text, importer) if text else None


def imports(text: str) -> list[str]:
    """The paths that a text imports, in order, each once; code is no import."""
    found: dict[str, None] = {}
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            found.update(dict.fromkeys(_IMPORT.findall(_CODE.sub("", line))))
    return list(found)


def fitted(pieces: Sequence[Piece], notices: Sequence[str] = (), limit: int = MAX_BYTES) -> Merged:
    """As much of the files as `limit` bytes hold, from the first on, each file once; what is cut
    is said."""
    kept: dict[Path, Piece] = {}
    said = list(notices)
    room = limit
    for piece in pieces:
        if piece.path in kept:
            continue
        if piece.size <= room:
            kept[piece.path] = piece
            room -= piece.size
            continue
        cut = piece.text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
        what = f"cut after {len(cut.encode())} bytes" if cut else "left out"
        said.append(
            f"{piece.path}: {what}; all instruction files together may have {MAX_BYTES} bytes"
        )
        if cut:
            kept[piece.path] = Piece(piece.path, cut, piece.imported_by)
        room = 0
    return Merged(tuple(kept.values()), tuple(dict.fromkeys(said)))


def deeper(root: Path, most: int = 10) -> list[Path]:
    """The first instruction files below a directory, upper ones first. Hidden folders, those of
    other people's packages, and what is beyond `MAX_FOLDERS` are not looked at."""
    found: list[Path] = []
    pending = deque([root])
    for _ in range(MAX_FOLDERS):
        if not pending or len(found) >= most:
            break
        folder = pending.popleft()
        if folder != root and (path := _present(folder)) is not None:
            found.append(path)
        try:
            with os.scandir(folder) as entries:
                names = sorted(one.name for one in entries if one.is_dir(follow_symlinks=False))
        except OSError:
            continue
        pending += (
            folder / name for name in names if not name.startswith(".") and name != "node_modules"
        )
    return found


def _present(folder: Path) -> Path | None:
    return next((folder / name for name in NAMES if os.path.isfile(folder / name)), None)


def _down(root: Path, folder: Path) -> list[Path]:
    """The directories from `root` down to `folder`; only `folder` if it is not below."""
    if not folder.is_relative_to(root):
        return [folder]
    names = folder.relative_to(root).parts
    return [root.joinpath(*names[:depth]) for depth in range(len(names) + 1)]
