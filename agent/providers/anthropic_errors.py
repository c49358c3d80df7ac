"""What endpoints of the Anthropic Messages wire say when they fail, told as `ProviderError`.

https://platform.claude.com/docs/en/api/errors
"""

import re

import msgspec
from msgspec import Struct

from ..errors import ProviderError, ProviderErrorKind
from .faults import QUOTED_BYTES, advised, kind_of

_BY_TYPE: dict[str, ProviderErrorKind] = {
    "authentication_error": "credentials",
    "permission_error": "credentials",
    "billing_error": "quota",
    "not_found_error": "not_found",
    "request_too_large": "context_length",
    "rate_limit_error": "rate_limit",
    "overloaded_error": "overloaded",
    "api_error": "server",
    "timeout_error": "server",
    "invalid_request_error": "invalid",
    # As Bedrock's event stream names them.
    "throttlingException": "rate_limit",
    "serviceUnavailableException": "overloaded",
    "internalServerException": "server",
    "modelStreamErrorException": "server",
    "validationException": "invalid",
}

_TOO_LONG = re.compile(r"prompt is too long|exceeds? (the )?context|context (window|length|limit)")
_NO_CREDIT = re.compile(r"credit balance is too low")


class SaidError(Struct, frozen=True):
    """An error in the provider's words."""

    type: str = ""
    message: str = ""


class _Body(Struct, frozen=True):
    error: SaidError
    request_id: str | None = None


_bodies = msgspec.json.Decoder(_Body)


class ErrorReader:
    """Reads the failures of one provider."""

    def __init__(self, title: str) -> None:
        self._title = title

    def answered(self, status: int, body: bytes) -> ProviderError:
        """What an HTTP answer means that is an error, by its status or its body."""
        try:
            said = _bodies.decode(body)
        except (ValueError, RecursionError):
            quoted = body[:QUOTED_BYTES].decode("utf-8", "replace")
            return self._error(kind_of(status), f"HTTP status {status}: {quoted!r}", status)
        error = self._error(_kind(said.error, status), _words(said.error), status)
        error.request_id = said.request_id or ""
        return error

    def streamed(self, said: SaidError | None) -> ProviderError:
        """What an error means that came in the middle of a stream."""
        said = said or SaidError()
        return self._error(_kind(said, 500), _words(said), None)

    def malformed(self, reason: str, data: bytes = b"") -> ProviderError:
        """An event that is not of the wire."""
        quoted = f": {data[:QUOTED_BYTES].decode('utf-8', 'replace')!r}" if data else ""
        return self._error("malformed", f"an event that cannot be read: {reason}{quoted}", None)

    def cut_off(self) -> ProviderError:
        """The stream is over and its terminal event has not come."""
        return self._error("cut_off", "the answer ended before it was complete", None)

    def empty(self) -> ProviderError:
        """A complete answer had nothing in it."""
        return self._error("empty", "the answer was empty", None)

    def _error(self, kind: ProviderErrorKind, text: str, status: int | None) -> ProviderError:
        return ProviderError(kind, advised(f"{self._title}: {text}", kind), status=status)


def _kind(said: SaidError, status: int) -> ProviderErrorKind:
    kind = _BY_TYPE.get(said.type) or kind_of(status)
    if kind == "invalid" and _TOO_LONG.search(said.message):
        return "context_length"
    if kind == "invalid" and _NO_CREDIT.search(said.message):
        return "quota"
    return kind


def _words(said: SaidError) -> str:
    """The message with its type, of which either may be missing."""
    if said.message and said.type:
        return f"{said.message.rstrip('.')} ({said.type})"
    return said.message or said.type or "an error without a text"
