"""The `glob` tool: finds files by their names."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from ..errors import ToolError
from ..events import Effect
from ..ports import Arguments, Output
from .function import FunctionTool
from .ignore import is_hidden_from, walk
from .listing import existing, newest_first, printable, written
from .patterns import compile_glob, names_hidden, split_literal
from .workspace import Workspace

_MOST = 100


class Glob:
    """Lists files whose paths fit a pattern."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def tool(self) -> FunctionTool:
        """As a tool."""
        return FunctionTool(self.glob, effects=self.effects)

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        """It reads the names in the place where the pattern starts."""
        base = self._workspace.resolve(str(arguments["path"] or "."))
        return (Effect("read", str(self._start(base, str(arguments["pattern"])))),)

    async def glob(self, pattern: str, path: str | None = None) -> Output:
        """Find files by a glob pattern."""
        base = existing(self._workspace, path or ".")
        if not base.is_dir():
            raise ToolError("other", f"{path!r} is not a directory.")
        start = self._start(base, pattern)
        stop = threading.Event()
        try:
            # In a thread: large trees take a while.
            found = await asyncio.to_thread(_find, base, start, _fits(pattern), pattern, stop)
        finally:
            stop.set()
        if not found:
            where = self._workspace.shown(base)
            return written((f"No files match {pattern!r} in {where}; ignored files left out.",))
        shown = [printable(self._workspace.shown(start / name)) for name in found[:_MOST]]
        if len(found) > _MOST:
            shown.append(
                f"[the newest {_MOST} of {len(found)} files; narrow the pattern for others]"
            )
        return written(shown, cut=len(found) > _MOST)

    def _start(self, base: Path, pattern: str) -> Path:
        """The directory that the pattern's beginning names."""
        return self._workspace.resolve(str(base / split_literal(pattern)[0]))


def _fits(pattern: str) -> re.Pattern[str]:
    prefix, rest = split_literal(pattern)
    try:
        return compile_glob(
            rest or "**", anchored=True if prefix or pattern.startswith("/") else None
        )
    except ValueError as error:
        raise ToolError("other", f"Invalid pattern {error}.") from error


def _find(
    base: Path, start: Path, fits: re.Pattern[str], pattern: str, stop: threading.Event
) -> list[str]:
    """The files that fit, relative to `start`, newest first; blocks."""
    if not start.is_dir() or is_hidden_from(str(base), str(start)):
        return []
    return newest_first(start, _matching(start, fits, names_hidden(pattern), stop))


def _matching(
    start: Path, fits: re.Pattern[str], hidden: bool, stop: threading.Event
) -> Iterator[str]:
    for path in walk(str(start), hidden=hidden):
        if stop.is_set():
            return
        if fits.match(path):
            yield path
