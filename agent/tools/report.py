"""What a tool says of the files that it changed: to the model short numbered excerpts and new
syntax errors, to the record what became of each file. Everything is bounded.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from ..effects import FileChange
from ..messages import Text
from ..ports import Output
from .excerpt import Diff, diff, excerpt
from .syntax import new_errors

_EXCERPT_LINES = 60
"""Lines of files that one result shows."""
_PLACE_LINES = 24
"""Lines of one changed place."""
_NEW_FILE_LINES = 6
"""Lines of a new file, which the model has just written."""
_FEWEST_LINES = 3
"""Room below which a further place is only counted."""
_DIFF_LINES = 200
_DIFF_BYTES = 16_384

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@$", re.MULTILINE)


class Changed(Struct, frozen=True):
    """A file before and after."""

    title: str
    """The line that announces it to the model."""
    path: str
    """As shown; where it is now, or was if it is gone."""
    before: str | None
    """Its text; empty if it has none that could be compared, None if there was no file."""
    after: str | None
    """The same for the end; None if there is no file any more."""
    moved_from: str = ""

    @property
    def change(self) -> Literal["created", "modified", "deleted", "moved"]:
        if self.after is None:
            return "deleted"
        if self.before is None:
            return "created"
        return "moved" if self.moved_from else "modified"


class Planned(Struct, frozen=True):
    """The content that one file is to have, and what there will be to tell."""

    place: Path
    data: bytes
    changed: Changed
    notes: tuple[str, ...] = ()


def report(files: Sequence[Changed], notes: Sequence[str] = ()) -> Output:
    """The result of a call that changed these files; `notes` is what else the model must know."""
    lines: list[str] = []
    changes: list[FileChange] = []
    left, hidden = _EXCERPT_LINES, 0
    for file in files:
        compared = diff(file.before or "", file.after or "", file.path, max_lines=_DIFF_LINES)
        changes.append(_recorded(file, compared))
        lines.append(file.title)
        if file.after is None:
            continue
        for first, last in _places(compared):
            if left < _FEWEST_LINES:
                hidden += 1
                continue
            most = _PLACE_LINES if file.before is not None else _NEW_FILE_LINES
            shown = excerpt(file.after, first, last, context=0, max_lines=min(most, left))
            left -= shown.count("\n") + 1
            lines.append(shown)
        errors = new_errors(file.path, file.before, file.after)
        lines += [f"New syntax error: {error}" for error in errors]
    if hidden:
        lines.append(f"Changed places not shown here: {hidden}.")
    return Output((Text("\n".join((*lines, *notes))),), changes=tuple(changes))


def _recorded(file: Changed, compared: Diff) -> FileChange:
    return FileChange(
        file.path,
        file.change,
        added=compared.added,
        removed=compared.removed,
        moved_from=file.moved_from,
        diff=_cut(compared.text),
    )


def _cut(text: str) -> str:
    data = text.encode()
    if len(data) <= _DIFF_BYTES:
        return text
    kept = data[: data.rfind(b"\n", 0, _DIFF_BYTES) + 1].decode()
    return f"{kept}... (the rest of the diff is not shown)\n"


def _places(compared: Diff) -> Iterator[tuple[int, int]]:
    """First and last line of each changed place in the new text, with some lines around, as the
    hunks of the diff name them."""
    for start, length in _HUNK.findall(compared.text):
        yield int(start), int(start) + int(length or 1) - 1
