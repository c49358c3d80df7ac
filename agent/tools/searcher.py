"""A search in files: what is asked, and how it is put to a program that can answer.

There are two such programs, ripgrep and a plain one in Python. Both speak the same output format,
so that all that follows (order, filters, paging) is written once. Both are programs because a
regular expression can take for ever: a process can be ended, a thread in `re` cannot.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from ...sandbox.errors import CannotStart
from ...sandbox.ports import Command, Exit, Sandbox
from ...sandbox.run import run
from ..errors import ToolError
from .answers import Answer, Count, Counts, Enough, Line, Lines, Names, Wanted
from .file_types import unknown_type

Mode = Literal["files_with_matches", "content", "count"]

_MOST_FILES = 200_000
_MOST_UNORDERED = 10_000
"""Lines that are taken in any order, to be sorted here; with more, the search is made again in
order, which takes one thread but can stop at the last line that is wanted."""


class Query(Struct, frozen=True):
    """What to look for, and where."""

    pattern: str
    """Regular expression in Rust's syntax."""
    place: Path
    """A directory, or one file; resolved."""
    is_file: bool = False
    mode: Mode = "files_with_matches"
    context: int = 0
    """Lines before and after each match."""
    ignore_case: bool = False
    multiline: bool = False
    """Matches may span lines."""
    type_name: str = ""
    """A type that only ripgrep knows."""
    names: tuple[str, ...] = ()
    """Globs of file names, one of which must match."""
    widest_line: int = 2048
    """Bytes of a line that the programs print; more than is ever shown."""

    @property
    def directory(self) -> Path:
        """Where the program runs; its paths are relative to it."""
        return self.place.parent if self.is_file else self.place


class Engine(Protocol):
    """A program that searches."""

    def command(self, query: Query, *, ordered: bool) -> tuple[str, ...]:
        """Program and arguments; ordered by path (and with one thread), or in any order.

        Raises:
            ToolError: it cannot answer this.
        """
        ...


class Found(Struct, frozen=True):
    """An answer."""

    lines: tuple[Line, ...] = ()
    """By path and number; in content mode."""
    files: tuple[Count, ...] = ()
    """In any order; in the other modes."""
    complete: bool = True
    """False: there is more than was asked for."""
    timed_out: bool = False
    remarks: tuple[str, ...] = ()
    """What there is to say of single files."""


class Searcher:
    """Runs searches."""

    def __init__(
        self,
        sandbox: Sandbox,
        env: Mapping[str, str],
        engines: Callable[[], tuple[Engine, ...]],
        *,
        seconds: float,
    ) -> None:
        """`engines`: asked once, at the first search; best first, the others stand in for one
        that cannot be started. After `seconds` a search ends with what it has."""
        self._sandbox = sandbox
        self._env = env
        self._find_engines = engines
        self._engines: tuple[Engine, ...] = ()
        self.seconds = seconds

    async def search(self, query: Query, wanted: Wanted, most: int) -> Found:
        """Search; in content mode for the first `most` lines.

        Raises:
            ToolError: the pattern or the type is not valid, or no engine works.
        """
        self._engines = self._engines or self._find_engines()
        if query.mode == "content":
            return await self._lines(query, wanted, most)
        kind = Counts if query.mode == "count" else Names
        files = kind(wanted, _MOST_FILES)
        ending = await self._ask(query, files, ordered=False)
        if ending == "no threads":
            files = kind(wanted, _MOST_FILES)
            ending = await self._ask(query, files, ordered=True)
        return Found(
            files=tuple(files.files),
            complete=ending != "enough",
            timed_out=ending == "timeout",
            remarks=tuple(files.remarks),
        )

    async def _lines(self, query: Query, wanted: Wanted, most: int) -> Found:
        lines = Lines(wanted, _MOST_UNORDERED)
        ending = "enough" if query.is_file else await self._ask(query, lines, ordered=False)
        if ending in {"enough", "no threads"}:
            lines = Lines(wanted, most)
            ending = await self._ask(query, lines, ordered=True)
        return Found(
            lines=tuple(lines.sorted()),
            complete=ending != "enough",
            timed_out=ending == "timeout",
            remarks=tuple(lines.remarks),
        )

    async def _ask(
        self, query: Query, answer: Answer, *, ordered: bool
    ) -> Literal["all", "enough", "timeout", "no threads"]:
        try:
            ended = await self._run(query, answer, ordered)
        except Enough:
            return "enough"
        if ended.timed_out:
            return "timeout"
        answer.end()
        trouble = "\n".join(answer.remarks)
        if "os error 11" in trouble and not ordered:  # EAGAIN: processes are limited
            return "no threads"
        # 2 with results: some files could not be read.
        if ended.code not in (0, 1) and (ended.code != 2 or (trouble and not answer.size)):
            raise _refusal(query, ended, trouble)
        return "all"

    async def _run(self, query: Query, answer: Answer, ordered: bool) -> Exit:
        while True:
            command = Command(
                run=self._engines[0].command(query, ordered=ordered),
                cwd=query.directory,
                env=self._env,
                timeout=self.seconds,
            )
            try:
                return await run(self._sandbox, command, answer.take)
            except CannotStart as error:
                if not self._engines[1:]:
                    raise ToolError("other", f"The search could not be started: {error}") from error
                self._engines = self._engines[1:]


def _refusal(query: Query, ended: Exit, trouble: str) -> ToolError:
    if "unrecognized file type" in trouble:
        return unknown_type(query.type_name)
    if "regex" not in trouble:
        how = f"signal {ended.signal}" if ended.signal else f"exit code {ended.code}"
        return ToolError("other", f"The search failed ({how}): {trouble or 'it said nothing'}")
    advice = (
        "Set multiline to let matches span lines."
        if "multiline mode" in trouble
        else "The syntax is Rust's: escape literal braces, brackets and parentheses, as in \\{."
    )
    return ToolError(
        "other", f"{query.pattern!r} is not a valid regular expression.\n{trouble}\n{advice}"
    )
