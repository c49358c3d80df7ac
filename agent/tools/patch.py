"""The V4A patch format: `parse` turns its text into operations, or says which line is wrong.

    *** Begin Patch
    *** Add File: PATH              then lines with +, none for an empty file
    *** Delete File: PATH
    *** Update File: PATH           then `*** Move to: PATH` (optional) and hunks
    *** End Patch

A hunk is `@@` or `@@ TEXT` (several may be stacked; the first of a file may leave them out), then
lines that begin with a blank (context), `-` or `+`, then `*** End of File` (optional). An empty
line is an empty context line. Facts about the format: the grammar that ships with Codex's
apply_patch.

Accepted besides: blanks around the whole, a here-document around the frame, blank lines between
operations, and a move without hunks. Everything else is an error; no line is ever skipped.
"""

import re
from typing import Literal

import msgspec

from ..errors import ToolError

_BEGIN, _END, _END_OF_FILE = "*** Begin Patch", "*** End Patch", "*** End of File"
_ADD, _DELETE, _UPDATE = "*** Add File:", "*** Delete File:", "*** Update File:"
_MOVE = "*** Move to:"
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1$")
_OPERATION = f"{_ADD} PATH, {_DELETE} PATH, {_UPDATE} PATH or {_END}"

Tag = Literal[" ", "-", "+"]


class PatchLine(msgspec.Struct, frozen=True):
    """A line of a hunk: context, removed or added."""

    tag: Tag
    text: str


class Hunk(msgspec.Struct, frozen=True):
    """One changed place of a file."""

    anchors: tuple[str, ...]
    """Lines to be found, in order, before the place itself is looked for."""
    lines: tuple[PatchLine, ...]
    """At least one."""
    end_of_file: bool
    """The place is at the very end of the file."""
    number: int
    """The 1-based line of the patch on which the hunk begins."""

    @property
    def old(self) -> list[str]:
        """The lines that the file must have: context and removed ones."""
        return [line.text for line in self.lines if line.tag != "+"]


class Add(msgspec.Struct, frozen=True):
    """A file is made."""

    path: str
    text: str
    """With LF ends; every line has one."""
    number: int


class Delete(msgspec.Struct, frozen=True):
    """A file is removed."""

    path: str
    number: int


class Update(msgspec.Struct, frozen=True):
    """A file is changed, moved, or both."""

    path: str
    move_to: str | None
    hunks: tuple[Hunk, ...]
    """In the order of the file; empty only together with `move_to`."""
    number: int


Operation = Add | Delete | Update


class Patch(msgspec.Struct, frozen=True):
    """What a patch asks for, in its order."""

    operations: tuple[Operation, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is named, once, as it is spelled."""
        named: dict[str, None] = {}
        for operation in self.operations:
            named[operation.path] = None
            if isinstance(operation, Update) and operation.move_to is not None:
                named[operation.move_to] = None
        return tuple(named)


def parse(text: str) -> Patch:
    """Read a patch.

    Raises:
        ToolError: `bad_patch`; the message names the line of the patch and what was expected.
    """
    return _Parser(text).patch()


class _Parser:
    """A cursor over the lines of one patch."""

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._at: int = 0
        self._stop: int = len(self._lines)
        """The index of the line with the end marker, once the frame is known."""

    def patch(self) -> Patch:
        self._open_frame()
        operations: list[Operation] = []
        while True:
            self._skip_blank()
            if self._at >= self._stop:
                break
            operations.append(self._operation())
        if not operations:
            raise self._error(_OPERATION.removesuffix(f" or {_END}"))
        return Patch(tuple(operations))

    def _open_frame(self) -> None:
        self._skip_blank()
        last = self._last_line()
        if self._at <= last and (heredoc := _HEREDOC.search(self._lines[self._at].rstrip())):
            if self._lines[last].strip() != heredoc[2]:
                self._at = last
                raise self._error(f"{heredoc[2]}, the end of the here-document")
            self._at += 1
            self._stop = last
            self._skip_blank()
            last = self._last_line()
        if self._at > last or self._lines[self._at].strip() != _BEGIN:
            raise self._error(_BEGIN)
        if self._lines[last].strip() != _END:
            self._at = last
            raise self._error(f"{_END} as the last line")
        self._at += 1
        self._stop = last

    def _operation(self) -> Operation:
        number, line = self._at + 1, self._lines[self._at].strip()
        header = next((h for h in (_ADD, _DELETE, _UPDATE) if line.startswith(h)), None)
        if header is None:
            raise self._error(_OPERATION)
        path = self._path(line, header)
        self._at += 1
        if header == _ADD:
            return Add(path, self._added_text(), number)
        return Delete(path, number) if header == _DELETE else self._update(path, number)

    def _path(self, line: str, header: str) -> str:
        path = line.removeprefix(header).strip()
        if not path:
            raise self._error(f"a path after {header!r}")
        return path

    def _added_text(self) -> str:
        added: list[str] = []
        while self._at < self._stop and self._lines[self._at].startswith("+"):
            added.append(self._lines[self._at][1:] + "\n")
            self._at += 1
        before_blank = self._at
        self._skip_blank()
        if self._at < self._stop and not self._at_header():
            self._at = before_blank
            raise self._error("a line of the new file, which begins with +, or the next operation")
        return "".join(added)

    def _update(self, path: str, number: int) -> Update:
        move_to = None
        if self._at < self._stop and self._lines[self._at].strip().startswith(_MOVE):
            move_to = self._path(self._lines[self._at].strip(), _MOVE)
            self._at += 1
        hunks: list[Hunk] = []
        while True:
            before_blank = self._at
            self._skip_blank()
            if self._at >= self._stop or self._at_header():
                break
            if not hunks and not _is_anchor(self._lines[self._at]):
                self._at = before_blank
            hunks.append(self._hunk(first=not hunks))
        if not hunks and move_to is None:
            raise self._error(f"a hunk for {path!r}: @@ and then lines with a blank, - or +")
        return Update(path, move_to, tuple(hunks), number)

    def _hunk(self, first: bool) -> Hunk:
        number = self._at + 1
        anchors: list[str] = []
        while self._at < self._stop and _is_anchor(self._lines[self._at]):
            anchors.append(self._lines[self._at].rstrip()[3:])
            self._at += 1
        if not anchors and not first:
            raise self._error("@@ or @@ TEXT, which begin a hunk, or the next operation")
        if not anchors and self._lines[self._at][:1] not in ("", " ", "-", "+"):
            raise self._error("@@, @@ TEXT, or a line that begins with a blank, - or +")
        lines = self._hunk_lines()
        end_of_file = self._at < self._stop and self._lines[self._at].rstrip() == _END_OF_FILE
        if not lines:
            raise self._error("a line of the hunk, which begins with a blank, - or +")
        if end_of_file:
            self._at += 1
        return Hunk(tuple(filter(None, anchors)), tuple(lines), end_of_file, number)

    def _hunk_lines(self) -> list[PatchLine]:
        lines: list[PatchLine] = []
        while self._at < self._stop:
            line = self._lines[self._at]
            match line[:1]:
                case "":
                    lines.append(PatchLine(" ", ""))
                case " " | "-" | "+" as tag:
                    lines.append(PatchLine(tag, line[1:]))
                case _ if _is_anchor(line) or self._at_header() or line.rstrip() == _END_OF_FILE:
                    break
                case _:
                    raise self._error(
                        "a blank, - or + at the beginning of each line of a hunk, @@ for the "
                        "next one, or the next operation"
                    )
            self._at += 1
        return lines

    def _at_header(self) -> bool:
        return self._lines[self._at].startswith((_ADD, _DELETE, _UPDATE))

    def _skip_blank(self) -> None:
        while self._at < self._stop and not self._lines[self._at].strip():
            self._at += 1

    def _last_line(self) -> int:
        last = self._stop - 1
        while last > self._at and not self._lines[last].strip():
            last -= 1
        return last

    def _error(self, expected: str) -> ToolError:
        at_end = self._at >= len(self._lines)
        got = "the end of the patch" if at_end else repr(self._lines[self._at][:200])
        return ToolError(
            "bad_patch", f"Line {self._at + 1} of the patch: expected {expected}; got {got}."
        )


def _is_anchor(line: str) -> bool:
    return line.rstrip() == "@@" or line.startswith("@@ ")
