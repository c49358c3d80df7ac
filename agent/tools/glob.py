"""What `glob` does: finds files by their names."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from ..errors import ToolError
from ..ports import Output
from .ignore import is_hidden_from, walk
from .listing import existing, newest_first, printable, written
from .patterns import compile_glob, names_hidden, split_literal
from .workspace import Workspace

_MOST = 100


class Glob:
    """Lists files whose paths fit a pattern."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def start(self, pattern: str, path: str) -> Path:
        """The directory that the beginning of the pattern names, seen from `path`.

        Raises:
            ToolError: `outside_workspace`.
        """
        base = self._workspace.resolve(path)
        return self._workspace.resolve(str(base / split_literal(pattern)[0]))

    async def find(self, pattern: str, path: str) -> Output:
        """Find, and tell the model.

        Raises:
            ToolError: there is no such place, or the pattern is not valid.
        """
        base = existing(self._workspace, path)
        if not base.is_dir():
            raise ToolError("other", f"{path!r} is not a directory.")
        start = self.start(pattern, path)
        stop = threading.Event()
        try:
            # In a thread: large trees take a while.
            found = await asyncio.to_thread(self._find, base, start, pattern, stop)
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

    def _find(self, base: Path, start: Path, pattern: str, stop: threading.Event) -> list[str]:
        """The files that fit and may be read, relative to `start`, newest first; blocks."""
        fits, hides = _fits(pattern), self._workspace.files.hides
        if not start.is_dir() or is_hidden_from(str(base), str(start)) or hides(start):
            return []
        found = _matching(start, fits, names_hidden(pattern), stop)
        return newest_first(start, (path for path in found if not hides(start / path)))


def _fits(pattern: str) -> re.Pattern[str]:
    prefix, rest = split_literal(pattern)
    try:
        return compile_glob(
            rest or "**", anchored=True if prefix or pattern.startswith("/") else None
        )
    except ValueError as error:
        raise ToolError("other", f"Invalid pattern {error}.") from error


def _matching(
    start: Path, fits: re.Pattern[str], hidden: bool, stop: threading.Event
) -> Iterator[str]:
    for path in walk(str(start), hidden=hidden):
        if stop.is_set():
            return
        if fits.match(path):
            yield path
