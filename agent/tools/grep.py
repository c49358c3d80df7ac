"""What `grep` does: finds files, or lines of them, by a regular expression."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from ..errors import ToolError
from ..ports import Output
from .answers import Line, Wanted
from .file_types import type_globs
from .listing import existing, fold, newest_first, page, printable, written
from .patterns import compile_glob, last_name
from .searcher import Found, Mode, Query, Searcher
from .workspace import Workspace

_MOST_ROWS = 30_000
"""More could never be shown."""
_SAMPLE = 65_536
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_REMARKS = 10
_NOUNS: dict[Mode, str] = {
    "files_with_matches": "files, newest first:",
    "content": "lines",
    "count": "files",
}


class Asked(Struct, frozen=True):
    """The arguments of a call."""

    pattern: str
    path: str
    glob: str
    file_type: str
    mode: Mode
    context: int
    ignore_case: bool
    multiline: bool
    head_limit: int | None
    """None: as many as are usual; 0: as many as fit."""
    offset: int


class Grep:
    """Searches the contents of files."""

    def __init__(self, workspace: Workspace, searcher: Searcher) -> None:
        self._workspace = workspace
        self._searcher = searcher

    async def search(self, asked: Asked) -> Output:
        """Search, and tell the model.

        Raises:
            ToolError: there is no such place, or no such search.
        """
        place = existing(self._workspace, asked.path)
        types = type_globs(asked.file_type)
        query = Query(
            pattern=asked.pattern,
            place=place,
            is_file=_is_text_file(place),
            mode=asked.mode,
            context=asked.context,
            ignore_case=asked.ignore_case,
            multiline=asked.multiline,
            type_name="" if types else asked.file_type,
            names=types or _name_globs(asked.glob),
        )
        limit = _limit(asked)
        wanted = self._wanted(query, asked.glob)
        found = await self._searcher.search(query, wanted, asked.offset + limit)
        notes = tuple(self._notes(query, found))
        if not found.lines and not found.files:
            what = f"No matches for {asked.pattern!r} in {self._workspace.shown(place)}"
            return written((f"{what}{_filters(asked)}; ignored and binary files left out.", *notes))
        rows = await self._rows(query, found)
        noun = _NOUNS[asked.mode]
        return page(rows, asked.offset, limit, noun, notes, complete=found.complete)

    def _prefix(self, query: Query) -> str:
        """What the paths of a search begin with, as the model sees them."""
        shown = self._workspace.shown(query.directory)
        return "" if shown == "." else f"{shown.rstrip('/')}/"

    def _wanted(self, query: Query, glob: str) -> Wanted:
        """Whether a file fits the glob and may be read."""
        # The programs cannot read what is hidden, unless it became so after they were confined.
        hides, place = self._workspace.files.hides, query.directory
        fits = self._fits(query, glob)
        return lambda path: fits(path) and not hides(place / path)

    def _fits(self, query: Query, glob: str) -> Wanted:
        """Whether a file fits the glob, seen from the workspace or from the place searched."""
        if not glob or query.is_file:
            return lambda path: True
        negated = glob.startswith("!")
        glob = glob.removeprefix("!")
        root = f"{str(self._workspace.root).rstrip('/')}/"
        if glob.startswith(root):
            glob = "/" + glob.removeprefix(root)
        try:
            fits = compile_glob(glob).match
        except ValueError as error:
            raise ToolError("other", f"Invalid glob {error}.") from error
        prefix = self._prefix(query)
        return lambda path: bool(fits(path) or fits(prefix + path)) != negated

    async def _rows(self, query: Query, found: Found) -> list[str]:
        prefix = self._prefix(query)
        match query.mode:
            case "content":
                return list(_line_rows(found.lines, prefix, query.context))
            case "count":
                files = sorted(found.files, key=lambda file: file.path.split("/"))
                return [f"{printable(prefix + file.path)}:{file.matches}" for file in files]
            case "files_with_matches":
                names = [file.path for file in found.files]
                # In a thread: it asks the file system about each.
                names = await asyncio.to_thread(newest_first, query.directory, names)
                return [printable(prefix + name) for name in names]

    def _notes(self, query: Query, found: Found) -> Iterator[str]:
        if query.mode == "count" and found.complete:
            matches = sum(file.matches for file in found.files)
            yield f"{matches} matches in {len(found.files)} files"
        if found.timed_out:
            yield (
                f"stopped after {self._searcher.seconds:g} s: this is only a part; "
                "narrow it with path, glob or type"
            )
        for remark in found.remarks[:_MOST_REMARKS]:
            yield f"{self._prefix(query)}{remark}"


def _line_rows(lines: Sequence[Line], prefix: str, context: int) -> Iterator[str]:
    before: Line | None = None
    for line in lines:
        gap = before and (before.path != line.path or before.number + 1 != line.number)
        sign = ":" if line.matched else "-"
        row = f"{printable(prefix + line.path)}{sign}{line.number}{sign}{fold(line.text)}"
        yield f"--\n{row}" if gap and context else row
        before = line


def _limit(asked: Asked) -> int:
    """Rows of one page."""
    if asked.head_limit is None:
        return 250 if asked.mode == "content" else 100
    return asked.head_limit or _MOST_ROWS


def _name_globs(glob: str) -> tuple[str, ...]:
    """A first, coarse filter for the program: the last part of a glob."""
    name = "" if glob.startswith("!") else last_name(glob)
    return (name,) if name.strip("*") else ()


def _filters(asked: Asked) -> str:
    """Words on what narrowed the search."""
    by_glob = f", glob {asked.glob!r}" if asked.glob else ""
    return by_glob + (f", type {asked.file_type!r}" if asked.file_type else "")


def _is_text_file(place: Path) -> bool:
    """Whether a place is a file to search; if not, it is a directory.

    Raises:
        ToolError: it is binary, or neither file nor directory.
    """
    if place.is_dir():
        return False
    if not place.is_file():
        raise ToolError("other", f"{str(place)!r} is neither a file nor a directory.")
    try:
        with place.open("rb") as file:
            start = file.read(_SAMPLE)
    except OSError as error:
        raise ToolError("other", f"Cannot read {str(place)!r}: {error.strerror}.") from error
    if b"\0" in start and not start.startswith(_UTF_16):
        raise ToolError("binary", f"{str(place)!r} is binary: grep searches text only.")
    return True
