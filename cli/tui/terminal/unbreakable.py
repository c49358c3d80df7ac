"""The screen as a file that can be written to although nobody may be behind it any more."""

import io
import os
import select
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_GLANCE: Final = 0.1
"""Seconds between two looks at whether it was given up."""


class Unbreakable(io.RawIOBase):
    """What cannot be written is lost. Textual writes in a thread; if that died of an error, or
    waited for ever for a terminal that stands still, so would everybody who writes afterwards."""

    def __init__(self, descriptor: int) -> None:
        """The descriptor stays open."""
        super().__init__()
        self._descriptor = descriptor
        self._own = _opened_again(descriptor)
        self._gone = False

    def fileno(self) -> int:
        """The descriptor that was given."""
        return self._descriptor

    def writable(self) -> bool:
        """It is, always."""
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write all, unless it is given up meanwhile."""
        rest = memoryview(data)
        size = rest.nbytes
        while rest and not self._gone:
            try:
                rest = rest[os.write(self._own, rest) :]
            except BlockingIOError:
                select.select([], [self._own], [], _GLANCE)
            except OSError:
                self._gone = True
        return size

    def give_up(self) -> None:
        """Drop what is being written, and all that follows. For any thread."""
        self._gone = True

    def as_text(self) -> io.TextIOWrapper:
        """The file that takes text."""
        return io.TextIOWrapper(io.BufferedWriter(self), "utf-8", "replace", newline="")


def _opened_again(descriptor: int) -> int:
    """The terminal so that a write to it never waits. That holds for the open file, which programs
    share that were started from one shell: hence one of our own."""
    try:
        name = os.ttyname(descriptor)
        return os.open(name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return descriptor
