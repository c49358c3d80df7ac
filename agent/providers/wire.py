"""What an adapter is: two pure functions and a state machine, with the I/O elsewhere.

A wire turns a `Request` into the bytes of a request body, and the events of a response stream
into deltas. `http.py` carries them over httpx2, `sdk.py` over the vendors' clients; both feed the
same decoder, so both give the same records.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from ..deltas import Delta
from ..errors import ProviderError
from ..ports import Request


class Decoder(Protocol):
    """Understands one response stream. Made anew for every attempt."""

    def feed(self, event: str, data: bytes) -> Iterable[Delta]:
        """The deltas of one server-sent event (`event` is "" where the wire names none).

        `Finished` comes out once, when the wire's terminal event has been seen.

        Raises:
            ProviderError: the event is an error of the provider, or not of this wire.
        """
        ...

    def end(self) -> Iterable[Delta]:
        """The stream is over: the last deltas, if the wire leaves some to its end.

        Raises:
            ProviderError: `cut_off` if the wire's terminal event was not seen; `empty` if a
                complete answer had nothing in it.
        """
        ...


class Wire(Protocol):
    """One wire format, set up for one model at one endpoint."""

    @property
    def name(self) -> str:
        """`anthropic`, `openai-responses` or `openai-chat`."""
        ...

    @property
    def path(self) -> str:
        """Of the endpoint, relative to the base URL, without leading slash."""
        ...

    def encode(self, request: Request) -> bytes:
        """The JSON body. Deterministic; a longer history extends the bytes of a shorter one."""
        ...

    def decoder(self) -> Decoder:
        """For the next response stream."""
        ...

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an HTTP error answer means."""
        ...
