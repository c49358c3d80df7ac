"""Keeps the output of a command: its head and tail for the model, the whole in a file.

What is kept is text as a person would have read it: see `terminal.Cleaner`. Memory is bounded by
three times the limit and an unfinished line, whatever the command prints.
"""

import os
import re
from io import BufferedWriter
from pathlib import Path
from typing import Protocol

from ..config.private import private_folder
from .terminal import Cleaner

_LONGEST_LINE = 2_000
"""Characters of one line that the model sees."""
_LONG_LINE = re.compile(rf"[^\n]{{{_LONGEST_LINE + 1}}}")


class Hide(Protocol):
    """Takes out of a text that comes in pieces what nobody may see."""

    def feed(self, text: str, /) -> str:
        """What can be shown of the text so far and was not yet."""
        ...

    def finish(self) -> str:
        """The rest."""
        ...


class Capture:
    """Takes the output of one command, chunk by chunk.

    Up to the limit `text()` is the cleaned output, and no file is made. Beyond it the file holds
    the whole cleaned output, and the text its first and last lines, with a line between them that
    says what is missing and where to find it. A line that was cut counts as beyond the limit.
    """

    def __init__(
        self, limit: int, spill: Path, *, spill_limit: int = 1 << 30, hide: Hide | None = None
    ) -> None:
        """`limit`: bytes of UTF-8 that the model sees, about. `spill`: a path that is free, taken
        by a private file when it is needed. `spill_limit`: bytes that file takes at most. `hide`
        decides what of the output is kept at all."""
        self._hide = hide
        self._cleaner = Cleaner()
        self._view = _Ends(limit)
        self._column = 0
        self._cut = 0
        self._whole = bytearray()
        self._spill = _Spill(spill, spill_limit)

    @property
    def spilled(self) -> Path | None:
        """The file with the whole output; `None` if none was needed or it could not be made."""
        return self._spill.made

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; characters and escape sequences may be split anywhere."""
        text = self._cleaner.feed(chunk)
        self._keep(self._hide.feed(text) if self._hide else text)

    def finish(self) -> None:
        """Take note that nothing follows, and close the file. Harmless when repeated."""
        text = self._cleaner.finish()
        self._keep(self._hide.feed(text) + self._hide.finish() if self._hide else text)
        self._end_line()
        self._spill.close()

    def text(self) -> str:
        """Return what the model sees; before `finish` with the line under way as it stands."""
        shown = self._view.text(self._spill.note()) + self._cleaner.pending[:_LONGEST_LINE]
        if not self._cut or self._view.omits:
            return shown
        lead = "" if shown.endswith("\n") else "\n"
        return f"{shown}{lead}[... {self._cut} long lines cut; {self._spill.note()} ...]\n"

    def _keep(self, text: str) -> None:
        if not text:
            return
        self._show(text)
        data = text.encode()
        if self._spill.begun:
            self._spill.write(data)
            return
        self._whole += data
        if self._view.omits or self._cut or self._column > _LONGEST_LINE:
            self._spill.write(self._whole)
            self._whole = bytearray()

    def _show(self, text: str) -> None:
        if self._column + len(text) <= _LONGEST_LINE or not (
            self._column or _LONG_LINE.search(text)
        ):
            self._view.add(text)
            newline = text.rfind("\n")
            self._column = len(text) - newline - 1 + (self._column if newline < 0 else 0)
            return
        *lines, rest = text.split("\n")
        for line in lines:
            self._show_part(line)
            self._end_line()
            self._view.add("\n")
        self._show_part(rest)

    def _show_part(self, part: str) -> None:
        """Show what still fits of a line."""
        self._view.add(part[: max(0, _LONGEST_LINE - self._column)])
        self._column += len(part)

    def _end_line(self) -> None:
        if self._column > _LONGEST_LINE:
            self._cut += 1
            self._view.add(
                f" [... {self._column - _LONGEST_LINE} more characters in this line ...]"
            )
        self._column = 0


class _Ends:
    """The first and the last bytes of a text, half of the limit each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._bytes = 0
        self._lines = 0

    @property
    def omits(self) -> bool:
        """Whether there was more than the limit."""
        return self._bytes > self._limit

    def add(self, text: str) -> None:
        data = text.encode()
        self._bytes += len(data)
        self._lines += data.count(b"\n")
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        most = self._limit - self._half
        # Cut only now and then: every cut moves the rest.
        if len(self._tail) > 2 * most:
            del self._tail[:-most]

    def text(self, note: str) -> str:
        """Return the text, with a line saying what was left out, and `note`, if anything was."""
        if not self.omits:
            return (self._head + self._tail).decode()
        head = self._head[: self._head.rfind(b"\n") + 1] or self._head
        tail = self._tail[-(self._limit - self._half) :]
        tail = tail[tail.find(b"\n") + 1 :] or tail
        lines = self._lines - head.count(b"\n") - tail.count(b"\n")
        size = self._bytes - len(head) - len(tail)
        lead = "" if head.endswith(b"\n") else "\n"
        marker = f"[... {lines} lines / {size} bytes omitted; {note} ...]\n"
        # A character may be split where there was no newline to cut at.
        return head.decode(errors="ignore") + lead + marker + tail.decode(errors="ignore")


class _Spill:
    """A private file for the whole output, made by the first write."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._file: BufferedWriter | None = None
        self._size = 0
        self._failure = ""
        self.begun = False

    @property
    def made(self) -> Path | None:
        return self._path if self.begun and not self._failure else None

    def note(self) -> str:
        """Where the whole output is, or why it is nowhere."""
        if self._failure:
            return f"the full output could not be saved: {self._failure}"
        if self._size > self._limit:
            return f"first {self._limit} bytes of the output: {self._path}"
        return f"full output: {self._path}"

    def write(self, data: bytes | bytearray) -> None:
        """Append; a file that cannot be written must not stop the command, only be told of."""
        room = self._limit - self._size
        self._size += len(data)
        if self._failure or room <= 0:
            return
        try:
            if not self.begun:
                self.begun = True
                self._file = _private(self._path)
            if self._file is not None:
                self._file.write(data[:room])
        except OSError as error:
            self._failure = error.strerror or str(error)

    def close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as error:
            self._failure = error.strerror or str(error)


def _private(path: Path) -> BufferedWriter:
    private_folder(path.parent)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return open(fd, "wb")
