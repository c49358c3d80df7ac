"""Records to lines and back: the border between the record and the bytes that strangers read.

A line is one JSON object: the envelope's fields and the body's side by side. Unknown fields and
unknown kinds are tolerated on reading, and so is every format that was ever shipped (`formats.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import cast

import msgspec
from msgspec import structs

from .errors import FormatError, StoreError
from .events import Body, Event
from .formats import FORMAT_VERSION, UPGRADES, Record, Upgrade
from .messages import legible_text


class Envelope(msgspec.Struct):
    """The fields of a line that are not the body's."""

    v: int
    seq: int
    session: str
    path: tuple[str, ...]
    turn: int
    ts: str
    prev: str | msgspec.UnsetType = msgspec.UNSET


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)
_bodies: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)
_DAMAGE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON it was promised."""


def encode(event: Event) -> bytes:
    """The line of a record, without its newline.

    Raises:
        UnicodeEncodeError: a text holds lone surrogates; see `legible`.
    """
    prev = msgspec.UNSET if event.prev is None else event.prev
    envelope = _encoder.encode(
        Envelope(FORMAT_VERSION, event.seq, event.session, event.path, event.turn, event.ts, prev)
    )
    return envelope[:-1] + b"," + _encoder.encode(event.body)[1:]


def legible(event: Event) -> Event:
    """The record with every text as UTF-8 can carry it."""
    return structs.replace(
        event, body=msgspec.convert(_legible(msgspec.to_builtins(event.body)), Body)
    )


def _legible(value: object) -> object:
    match value:
        case str():
            return legible_text(value)
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return {legible_text(key): _legible(inner) for key, inner in pairs}
        case list() | tuple():
            return [_legible(inner) for inner in cast("list[object]", value)]
        case _:
            return value


def decode(line: bytes, upgrades: Sequence[Upgrade] = UPGRADES) -> Event | None:
    """The record of a line; None if its kind is not known to this version.

    Raises:
        StoreError: the line is not a record, or of a later format.
    """
    head = _envelope(line, len(upgrades) + 1)
    try:
        body = _bodies.decode(_upgraded(line, upgrades[head.v - 1 :]))
    except _DAMAGE as error:
        if str(error).startswith("Invalid value") and str(error).endswith("`$.kind`"):
            return None
        raise StoreError(f"record {head.seq}: {error}") from error
    prev = None if isinstance(head.prev, msgspec.UnsetType) else head.prev
    return Event(head.seq, head.session, head.path, head.turn, head.ts, body, prev)


def _upgraded(line: bytes, upgrades: Sequence[Upgrade]) -> bytes:
    if not upgrades:
        return line
    record = msgspec.json.decode(line, type=Record)
    for upgrade in upgrades:
        record = upgrade(record)
    return _encoder.encode(record)


def sequence(line: bytes) -> int:
    """The `seq` of a line, whatever its kind.

    Raises:
        StoreError: the line is not a record.
    """
    return _envelope(line).seq


def chained_to(line: bytes) -> str | None:
    """What a line says of the one before; None if it says nothing.

    Raises:
        StoreError: the line is not a record.
    """
    prev = _envelope(line).prev
    return None if isinstance(prev, msgspec.UnsetType) else prev


def _envelope(line: bytes, newest: int = FORMAT_VERSION) -> Envelope:
    try:
        head = _envelopes.decode(line)
    except _DAMAGE as error:
        raise StoreError(f"not a record: {error}") from error
    if not 1 <= head.v <= newest:
        formats = f"formats 1 to {newest}" if newest > 1 else "format 1"
        raise FormatError(
            f"record {head.seq} has format {head.v}; this kedge reads {formats}",
            hint="a later kedge wrote it: update this one",
        )
    return head


def digest(line: bytes) -> str:
    """What the next fact's `prev` says of this line."""
    return sha256(line).hexdigest()


def chained(lines: Iterable[bytes], session: str) -> Iterator[Event]:
    """The records of a session's lines, each of which follows the one before.

    Raises:
        FormatError: a later kedge wrote a line.
        StoreError: a line is no record; or something between was changed, added or removed.
    """
    before = ""
    for number, line in enumerate(lines, 1):
        try:
            event = decode(line)
        except FormatError:
            raise
        except StoreError as error:
            raise _broken(session, number, str(error)) from error
        if event is not None:
            if event.prev != before:
                words = f"record {event.seq} does not follow the one before"
                raise _broken(session, number, words)
            yield event
        before = digest(line)


def _broken(session: str, number: int, what: str) -> StoreError:
    return StoreError(
        f"session {session!r} is damaged at line {number} of its log: {what}",
        hint="kedge sessions doctor says more; with --fix it saves what is before the damage",
    )
