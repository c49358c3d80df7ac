"""Whether a session's log is whole: its chain of hashes, and where it ended when it was closed.

Each fact carries the hash of the line before (`codec.digest`), so nothing can be changed, removed
or added within a log. That nothing is missing at its end shows from a note beside it, the *head*,
written when the log is closed; what was added since by a process that was killed is not in it.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from ..codec import decode, digest
from ..errors import FormatError, StoreError


class Damage(Struct, frozen=True):
    """What is wrong with a log first; as text, in words."""

    kind: Literal["torn", "format", "record", "chain", "end"]
    """The last line is not whole; a later kedge wrote it; a line is no record; something between
    was changed, added or removed; the end is missing."""
    words: str
    seq: int
    """The last record before it; 0 if there is none."""

    def __str__(self) -> str:
        return self.words


def damage(lines: Iterable[bytes], head: str = "") -> Damage | None:
    """What is wrong with a log; None if it is whole.

    Args:
        lines: each with its newline.
        head: the hash of the last line when the log was closed last, empty if it never was.
    """
    before, seq = "", 0
    met_head = not head
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            words = f"line {number} is torn: the machine or kedge died while it was written"
            return Damage("torn", words, seq)
        line = line[:-1]
        try:
            event = decode(line)
        except FormatError as error:
            return Damage("format", f"line {number}: {error}", seq)
        except StoreError as error:
            return Damage("record", f"line {number}: {error}", seq)
        if event is not None:
            if event.prev != before:
                words = (
                    f"line {number}: record {event.seq} does not follow the one before (record "
                    f"{seq}): something between was changed, added or removed"
                )
                return Damage("chain", words, seq)
            seq = event.seq
        before = digest(line)
        met_head = met_head or before == head
    if met_head:
        return None
    return Damage("end", f"the end is missing: the log goes on after record {seq}", seq)
