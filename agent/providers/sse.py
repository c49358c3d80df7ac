"""Server-sent events out of network chunks, as bytes.

Grammar: WHATWG HTML, section 9.2.6. Why not httpx2's own `EventSource`: it decodes to text, walks
every line and hands events over one by one. Of 20,000 events of Anthropic's wire, read from a
socket and decoded as JSON, CPU seconds with it and with this, one event per chunk and ten:
0.28 and 0.23; 0.09 and 0.05. Reading the bytes alone: 0.16; 0.02.
"""

from msgspec import Struct

from ..errors import ProviderError

EVENT_LIMIT = 8 * 1024 * 1024
"""Bytes that one event may have."""

_BOM = b"\xef\xbb\xbf"


class ServerSentEvent(Struct, frozen=True):
    """One event; `id` and `retry` concern readers that reconnect, which no model wire allows."""

    name: str
    """Its `event` field; "" where there is none."""
    data: bytes


class EventParser:
    """Takes the chunks of one stream in order. What the last one leaves unfinished is no event."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._after_cr = False
        self._begun = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that this chunk completes.

        Raises:
            ProviderError: `malformed`, the event being received is larger than the limit.
        """
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_newlines(chunk)
        self._pending.append(chunk)
        self._pending_size += len(chunk)
        events: list[ServerSentEvent] = []
        if b"\n" in chunk:
            *blocks, rest = b"".join(self._pending).split(b"\n\n")
            self._pending = [rest]
            self._pending_size = len(rest)
            events = [event for block in blocks if (event := self._event(block))]
        if self._pending_size > self._limit:
            raise ProviderError(
                "malformed", f"the answer contains an event of more than {self._limit} bytes"
            )
        return events

    def _with_newlines(self, chunk: bytes) -> bytes:
        """The chunk with LF for CR LF and CR, also where a CR LF is torn between two chunks."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if chunk.endswith(b"\r"):
            self._after_cr = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _event(self, block: bytes) -> ServerSentEvent | None:
        if not self._begun:
            self._begun = True
            block = block.removeprefix(_BOM)
        name = b""
        data: list[bytes] = []
        for line in block.split(b"\n"):
            if line.startswith(b"data:"):
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b"event:"):
                name = line[6:].removeprefix(b" ")
            elif line == b"data":
                data.append(b"")
        return ServerSentEvent(name.decode("utf-8", "replace"), b"\n".join(data)) if data else None
