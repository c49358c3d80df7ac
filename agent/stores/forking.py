"""Begins a session with what another one holds; that other one is only read."""

import contextlib
from collections.abc import Iterator

from ..codec import chained_to, decode, digest, encode, sequence
from ..errors import FormatError, StoreError
from ..events import Event
from ..lineage import Forked
from ..ports import Store


def fork(store: Store, parent: str, new: str, ts: str, upto: int | None = None) -> int:
    """Make the session `new` of the records of `parent` up to and with `upto`, by default of all.

    The lines are taken over byte for byte, so that the chain of hashes goes on and the new log
    needs no other file. The first record of its own is `forked`. Returns the `seq` of the last
    record that was taken over.

    Raises:
        StoreError: there is no such session, it has nothing to go on from, or it is damaged
            before that.
    """
    last = b""

    def taken() -> Iterator[bytes]:
        nonlocal last
        for line in store.lines(parent):
            seq, before = _place(line, parent)
            if upto is not None and seq > upto:
                break
            if before != (digest(last) if last else ""):
                raise _damaged(parent, f"record {seq} does not follow the one before")
            last = line
            yield line
            # What comes then may be damaged.
            if seq == upto:
                break
        if not last:
            raise StoreError(f"session {parent!r} has nothing to go on from")
        seq = sequence(last)
        body = Forked(parent, seq)
        yield encode(Event(seq + 1, new, ("main",), 0, ts, body, digest(last)))

    store.begin(new, taken())
    return sequence(last)


def ancestors(store: Store, session: str) -> frozenset[str]:
    """The sessions whose records a session took over, and with them what they refer to, such as
    files with whole outputs.

    Raises:
        StoreError: there is no such session.
    """
    found: set[str] = set()
    for line in store.lines(session):
        # What is damaged refers to nothing that could be found.
        with contextlib.suppress(StoreError):
            event = decode(line)
            if event is not None:
                found.add(event.session)
    return frozenset(found - {session})


def _place(line: bytes, parent: str) -> tuple[int, str | None]:
    try:
        return sequence(line), chained_to(line)
    except FormatError:
        raise
    except StoreError as error:
        raise _damaged(parent, str(error)) from error


def _damaged(parent: str, what: str) -> StoreError:
    return StoreError(
        f"session {parent!r} is damaged: {what}",
        hint="kedge sessions doctor says more; with --fix it saves what is before the damage",
    )
