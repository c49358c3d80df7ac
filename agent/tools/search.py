"""A search in files: what is asked, the two programs that can answer, and reading their answer.

Both programs speak ripgrep's output format with NUL after the path, so that everything behind
(order, filters, paging) is written once. They are programs because a regular expression can take
for ever: a process can be ended, a thread in `re` cannot.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from ...sandbox.errors import CannotStart
from ...sandbox.ports import Command, Exit, Sandbox
from ...sandbox.run import run
from ..errors import ToolError

Mode = Literal["files_with_matches", "content", "count"]
Wanted = Callable[[str], bool]
"""Whether a file counts, by its path relative to the place searched."""

WIDEST_LINE = 2048
"""Bytes of a line that the programs print; more than is ever shown."""
_MOST_FILES = 200_000
_MOST_UNORDERED = 10_000
"""Lines that are collected in any order and sorted; with more, a slower ordered search is made."""


class Query(Struct, frozen=True):
    """What to look for, and where."""

    pattern: str
    """Regular expression in Rust's syntax."""
    place: Path
    """A directory, or one file; resolved."""
    mode: Mode = "files_with_matches"
    context: int = 0
    """Lines before and after each match."""
    ignore_case: bool = False
    multiline: bool = False
    """Matches may span lines."""
    type_name: str = ""
    """A type that only ripgrep knows."""
    names: tuple[str, ...] = ()
    """Globs of file names, one of which must match; those that count may be fewer."""

    @property
    def directory(self) -> Path:
        """Where the program runs; its paths are relative to it."""
        return self.place.parent if self.names_file else self.place

    @property
    def names_file(self) -> bool:
        """Whether one file is searched, whatever its name."""
        return not self.place.is_dir()


class Engine(Protocol):
    """A program that searches."""

    def command(self, query: Query, *, ordered: bool) -> tuple[str, ...]:
        """Program and arguments; ordered by path (and with one thread), or in any order."""
        ...


class Line(Struct, frozen=True):
    """A line of a file."""

    path: str
    number: int
    text: str
    matched: bool
    """False for context."""


class Found(Struct, frozen=True):
    """An answer."""

    lines: tuple[Line, ...] = ()
    """By path and number."""
    counts: tuple[tuple[str, int], ...] = ()
    """Path and number of matches; 0 where only the path was asked for. In any order."""
    complete: bool = True
    """False: there is more than was asked for."""
    timed_out: bool = False
    remarks: tuple[str, ...] = ()
    """What the program had to say about single files."""


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
        self._seconds = seconds

    async def search(self, query: Query, wanted: Wanted, most: int) -> Found:
        """Search; in content mode for the first `most` lines.

        Raises:
            ToolError: the pattern or the type is not valid, or no engine works.
        """
        self._engines = self._engines or self._find_engines()
        if query.mode != "content":
            return await self._ask(query, _Files(wanted), ordered=False)
        if not query.names_file:
            found = await self._ask(query, _Lines(wanted, _MOST_UNORDERED), ordered=False)
            if found.complete:
                return found
        return await self._ask(query, _Lines(wanted, most), ordered=True)

    async def _ask(self, query: Query, answer: "_Answer", *, ordered: bool) -> Found:
        timed_out = False
        try:
            ended = await self._run(query, answer, ordered)
        except _Enough:
            pass
        else:
            answer.end()
            timed_out = ended.timed_out
            trouble = "\n".join(answer.remarks)
            if "(os error 11)" in trouble and not ordered:
                # EAGAIN: no thread could be started, because of a limit on processes.
                return await self._ask(query, type(answer)(answer.wanted, answer.most), ordered=True)
            if not timed_out and ended.code not in (0, 1) and not answer.has_results:
                _refuse(query, ended, trouble)
        return answer.found(timed_out=timed_out)

    async def _run(self, query: Query, answer: "_Answer", ordered: bool) -> Exit:
        while True:
            command = Command(
                run=self._engines[0].command(query, ordered=ordered),
                cwd=query.directory,
                env=self._env,
                timeout=self._seconds,
            )
            try:
                return await run(self._sandbox, command, answer.take)
            except CannotStart as error:
                self._engines = self._engines[1:]
                if not self._engines:
                    raise ToolError("other", f"No search program can be started: {error}") from error


class _Enough(Exception):
    """The rest of the answer is not needed."""
