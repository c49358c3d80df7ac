"""Reads what the search programs print: ripgrep's format with NUL after the path."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from msgspec import Struct

Wanted = Callable[[str], bool]
"""Whether a file counts, by its path relative to the place searched."""

_RECORD = re.compile(rb"\./(?P<path>[^\0]*)\0(?P<number>\d+)(?P<rest>[:-].*)?\r?", re.DOTALL)
_NOT_A_PATH = b": WARNING: "
"""Marks ripgrep's note on a file that turned out to be binary half-way."""


class Line(Struct, frozen=True):
    """A line of a file."""

    path: str
    """Relative to the place searched."""
    number: int
    text: str
    matched: bool
    """False for context."""


class Count(Struct, frozen=True):
    """A file with matches."""

    path: str
    """Relative to the place searched."""
    matches: int = 0
    """0 where nobody counted."""


class Enough(Exception):
    """The rest of an answer is not needed."""


class Answer(ABC):
    """What one program has said so far."""

    end_of_piece = b"\n"

    def __init__(self, wanted: Wanted, most: int) -> None:
        self._wanted = wanted
        self._most = most
        self._rest = b""
        self._torn = b""
        self.size = 0
        """Results so far that count."""
        self.remarks: list[str] = []
        """What it said that is no result: notes on single files, or why it failed."""

    async def take(self, chunk: bytes) -> None:
        """Take the next part of the output.

        Raises:
            Enough: there are more results than were asked for.
        """
        *pieces, self._rest = (self._rest + chunk).split(self.end_of_piece)
        for piece in pieces:
            self._read(piece)
        if self.size > self._most:
            raise Enough

    def end(self) -> None:
        """The output has ended."""
        if self._rest:
            self._read(self._rest)
            self._rest = b""

    def _read(self, piece: bytes) -> None:
        whole = self._torn + piece
        if found := _RECORD.fullmatch(whole):
            self._torn = b""
            self._add(os.fsdecode(found["path"]), int(found["number"]), found["rest"])
        elif piece.startswith(b"./") and _NOT_A_PATH not in piece:
            # A path with a line end in it.
            self._torn = whole + b"\n"
        elif piece:
            self.remarks.append(piece.decode(errors="replace").removeprefix("./"))

    @abstractmethod
    def _add(self, path: str, number: int, rest: bytes | None) -> None:
        """One result: a path, with the number and the rest of a line where it has one."""


class Lines(Answer):
    """An answer of lines."""

    def __init__(self, wanted: Wanted, most: int) -> None:
        super().__init__(wanted, most)
        self.lines: list[Line] = []
        self._path = ""
        self._counts = False

    def _add(self, path: str, number: int, rest: bytes | None) -> None:
        if path != self._path:
            self._path, self._counts = path, self._wanted(path)
        if rest is not None and self._counts:
            text = rest[1:].removesuffix(b"\r").decode(errors="replace")
            self.lines.append(Line(path, number, text, rest.startswith(b":")))
            self.size += 1

    def sorted(self) -> list[Line]:
        """By path, as a directory listing goes, and number."""
        return sorted(self.lines, key=lambda line: line.path.split("/"))


class Counts(Answer):
    """An answer of files with their numbers of matches."""

    def __init__(self, wanted: Wanted, most: int) -> None:
        super().__init__(wanted, most)
        self.files: list[Count] = []

    def _add(self, path: str, number: int, rest: bytes | None) -> None:
        if self._wanted(path):
            self.files.append(Count(path, number))
            self.size += 1


class Names(Counts):
    """An answer of files."""

    end_of_piece = b"\0"

    def _read(self, piece: bytes) -> None:
        if piece.startswith(b"./"):
            self._add(os.fsdecode(piece[2:]), 0, None)
        elif piece:
            self.remarks.append(piece.decode(errors="replace"))
