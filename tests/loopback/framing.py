"""Server-sent events as bytes, and where those bytes are cut on their way."""

from collections.abc import Iterator
from random import Random
from typing import Literal

import msgspec
from msgspec import Struct


class Frame(Struct, frozen=True):
    """One event of a stream, before it is bytes."""

    data: str
    event: str | None = None
    trailer: str = ""
    """Lines that follow and are no event to the client: pings, comments, `[DONE]`."""
    terminal: bool = False
    """The stream is complete from here on."""

    def encode(self, newline: str = "\n") -> bytes:
        """The event as sent. `newline` ends each line."""
        name = f"event: {self.event}\n" if self.event is not None else ""
        text = f"{name}data: {self.data}\n\n{self.trailer}"
        return (text if newline == "\n" else text.replace("\n", newline)).encode()


def frame(
    data: object, event: str | None = None, *, trailer: str = "", terminal: bool = False
) -> Frame:
    """A frame whose data is written as compact JSON."""
    return Frame(msgspec.json.encode(data).decode(), event, trailer, terminal)


Cut = Literal["events", "tiny", "batches", "mixed"]


def cut(blocks: list[bytes], rng: Random | None) -> Iterator[bytes]:
    """The same bytes as `blocks`, in chunks: whole events without `rng`; with it pieces of 1 to 7
    bytes (splitting characters and line ends), several events at once, or both in turn."""
    if rng is None:
        yield from blocks
        return
    style: Cut = rng.choice(("events", "tiny", "batches", "mixed"))
    at = 0
    while at < len(blocks):
        size = 1 if style in ("events", "tiny") else rng.randint(1, 6)
        batch = b"".join(blocks[at : at + size])
        at += size
        if style == "tiny" or (style == "mixed" and rng.random() < 0.5):
            yield from _crumbs(batch, rng)
        elif batch:
            yield batch


def _crumbs(data: bytes, rng: Random) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = rng.randint(1, 7)
        yield data[at : at + size]
        at += size
