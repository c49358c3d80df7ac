"""The `grep` tool: finds files, or lines of them, by a regular expression."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ..errors import ToolError
from ..events import Effect
from ..ports import Arguments, Output
from .answers import Line, Wanted
from .file_types import type_globs
from .function import FunctionTool
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

Natural = Annotated[int, Meta(ge=0)]


class Grep:
    """Searches the contents of files."""

    def __init__(self, workspace: Workspace, searcher: Searcher) -> None:
        self._workspace = workspace
        self._searcher = searcher

    def tool(self) -> FunctionTool:
        """As a tool."""
        names = {"file_type": "type", "ignore_case": "-i"}
        return FunctionTool(self.grep, effects=self.effects, names=names)

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        """It reads the place that it searches."""
        place = self._workspace.resolve(str(arguments["path"] or "."))
        return (Effect("read", str(place)),)

    async def grep(
        self,
        pattern: str,
        path: str | None = None,
        glob: str | None = None,
        file_type: Annotated[str | None, Meta(description="py, ts, rust, …")] = None,
        output_mode: Mode = "files_with_matches",
        context: Natural | None = None,
        ignore_case: bool | None = None,
        multiline: bool | None = None,
        head_limit: Natural | None = None,
        offset: Natural | None = None,
    ) -> Output:
        """Search file contents with a regular expression."""
        place = existing(self._workspace, path or ".")
        types = type_globs(file_type or "")
        query = Query(
            pattern=pattern,
            place=place,
            is_file=_is_text_file(place),
            mode=output_mode,
            context=context or 0,
            ignore_case=bool(ignore_case),
            multiline=bool(multiline),
            type_name="" if types else file_type or "",
            names=types or _name_globs(glob or ""),
        )
        limit = _limit(head_limit, output_mode)
        begin = offset or 0
        wanted = self._wanted(query, glob or "")
        found = await self._searcher.search(query, wanted, begin + limit)
        notes = tuple(self._notes(query, found))
        if not found.lines and not found.files:
            what = f"No matches for {pattern!r} in {self._workspace.shown(place)}"
            filters = _filters(glob, file_type)
            return written((f"{what}{filters}; ignored and binary files left out.", *notes))
        rows = await self._rows(query, found)
        return page(rows, begin, limit, _NOUNS[output_mode], notes, complete=found.complete)

    def _prefix(self, query: Query) -> str:
        """What the paths of a search begin with, as the model sees them."""
        shown = self._workspace.shown(query.directory)
        return "" if shown == "." else f"{shown.rstrip('/')}/"

    def _wanted(self, query: Query, glob: str) -> Wanted:
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
                "narrow the search with path, glob or type"
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


def _limit(head_limit: int | None, mode: Mode) -> int:
    """Rows of one page; 0 asks for as many as fit."""
    if head_limit is None:
        return 250 if mode == "content" else 100
    return head_limit or _MOST_ROWS


def _name_globs(glob: str) -> tuple[str, ...]:
    """A first, coarse filter for the program: the last part of a glob."""
    name = "" if glob.startswith("!") else last_name(glob)
    return (name,) if name.strip("*") else ()


def _filters(glob: str | None, file_type: str | None) -> str:
    filters = (f", glob {glob!r}" if glob else "", f", type {file_type!r}" if file_type else "")
    return "".join(filters)


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
