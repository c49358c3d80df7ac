"""Whether a session's log is whole: its chain of hashes, and where it ended when it was closed.

Each fact carries the hash of the line before (`codec.digest`), so nothing can be changed, removed
or added within a log. That nothing is missing at its end shows from a note beside it, the *head*,
written when the log is closed; what was added since by a process that was killed is not in it.
"""

from collections.abc import Iterable

from ..codec import decode, digest
from ..errors import StoreError


def damage(lines: Iterable[bytes], head: str = "") -> str:
    """What is wrong with a log, in words; empty if it is whole.

    Args:
        lines: each with its newline.
        head: the hash of the last line when the log was closed last, empty if it never was.
    """
    before, seq = "", 0
    met_head = not head
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return f"line {number} is torn: the machine or kedge died while it was written"
        line = line[:-1]
        try:
            event = decode(line)
        except StoreError as error:
            return f"line {number}: {error}"
        if event is not None:
            if event.prev != before:
                return (
                    f"line {number}: record {event.seq} does not follow the one before (record "
                    f"{seq}): something between was changed, added or removed"
                )
            seq = event.seq
        before = digest(line)
        met_head = met_head or before == head
    return "" if met_head else f"the end is missing: the log goes on after record {seq}"
