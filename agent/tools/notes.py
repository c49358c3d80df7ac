"""The `remember` and `forget` tools: notes for later sessions, in Markdown that people review.

One note is one line `- TEXT (YYYY-MM-DD)`. kedge writes the file itself, since no file tool may;
the gate treats it as running something, so that a person is asked and nothing is kept silently.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta

from ...config.private import private_folder
from ...config.replacing import replace_file
from ..effects import Effect
from ..errors import ToolError
from ..ports import Arguments
from .function import FunctionTool

Scope = Literal["project", "user"]

MAX_NOTE: Final = 1_000
"""Characters of one note."""
MAX_BYTES: Final = 16 * 1024
"""Of one file, half of what all instruction files together may have."""
_JOINERS: Final = "\u200c\u200d"
"""Invisible, but parts of words in some scripts."""
_TITLE: Final = "# Notes\n\nKept by kedge with your consent; edit them as you like.\n\n"


def _today() -> str:
    return time.strftime("%Y-%m-%d")


class Notes:
    """The notes of a person and of a project."""

    def __init__(
        self,
        files: Mapping[Scope, Sequence[Path]],
        today: Callable[[], str] = _today,
    ) -> None:
        """`files` says where notes are kept: new ones in the first, whose directory is made when
        needed; those in the others can be forgotten."""
        self._files = dict(files)
        self._today = today

    def tools(self) -> tuple[FunctionTool, ...]:
        """As tools."""
        return (
            FunctionTool(self.remember, effects=partial(self.effects, "remember")),
            FunctionTool(self.forget, effects=partial(self.effects, "forget")),
        )

    @staticmethod
    def effects(tool: str, arguments: Arguments) -> tuple[Effect, ...]:
        """It changes notes; no mode but `full` lets that pass without a question."""
        return (Effect("run", f"{tool}, which changes the notes of the {arguments['scope']}"),)

    async def remember(
        self,
        text: Annotated[str, Meta(min_length=1, max_length=MAX_NOTE)],
        scope: Scope = "project",
    ) -> str:
        """Keep a note for later sessions."""
        note = " ".join(_plain(text).split())
        if not note.strip(_JOINERS):
            raise ToolError("other", "The note is empty.")
        for path in self._files[scope]:
            if any(_text_of(line) == note for line in _lines(path)):
                return f"That is already noted in {path}."
        path = self._files[scope][0]
        _write(path, [*_lines(path), f"- {note} ({self._today()})"])
        return f"Noted in {path}; later sessions begin with it."

    async def forget(
        self, text: Annotated[str, Meta(min_length=1)], scope: Scope = "project"
    ) -> str:
        """Remove the note that contains this text."""
        wanted = " ".join(text.split()).casefold()
        files = self._files[scope]
        found = [
            (path, line)
            for path in files
            for line in _lines(path)
            if line.startswith("- ") and wanted in line.casefold()
        ]
        if not found:
            raise ToolError("not_found", f"No note in {files[0]} contains {text!r}.")
        if len(found) > 1:
            listed = "\n".join(line for _, line in found)
            raise ToolError("ambiguous", f"{len(found)} notes contain {text!r}:\n{listed}")
        ((path, gone),) = found
        lines = _lines(path)
        lines.remove(gone)
        _write(path, lines)
        return f"Removed from {path}: {gone[2:]}"


def _plain(text: str) -> str:
    """Without what a person who reviews the file would not see, or their terminal obey."""
    return "".join(mark if mark.isprintable() or mark in _JOINERS else " " for mark in text)


def _text_of(line: str) -> str:
    return line.removeprefix("- ").rpartition(" (")[0]


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = _TITLE
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError("other", f"{path} cannot be read: {error}") from error
    return text.splitlines()


def _write(path: Path, lines: list[str]) -> None:
    data = ("\n".join(lines) + "\n").encode()
    if len(data) > MAX_BYTES:
        raise ToolError("other", f"{path} is full ({MAX_BYTES} bytes). Forget something first.")
    if path.is_symlink():
        raise ToolError("other", f"{path} is a link, so it is not written through.")
    try:
        # What a project has is for all who share it.
        if path.parent.name == ".kedge":
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            private_folder(path.parent)
        replace_file(path, data, private=False)
    except OSError as error:
        raise ToolError("other", f"{path} cannot be written: {error.strerror}") from error
