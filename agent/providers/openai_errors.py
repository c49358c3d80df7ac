"""What OpenAI and the endpoints compatible to it say when they fail, told as `ProviderError`.

OpenAI: https://developers.openai.com/api/docs/guides/error-codes and `ResponseError` of the openai
package. The others differ in form and words; where a line below serves one of them, it says which.
"""

import re

import msgspec
from msgspec import Raw, Struct

from ...config.providers import ProviderTable
from ..errors import ProviderError, ProviderErrorKind
from .faults import QUOTED_BYTES, advised, kind_of

_BY_CODE: dict[str, ProviderErrorKind] = {
    "invalid_api_key": "credentials",
    "authentication_error": "credentials",
    "permission_error": "credentials",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "too_many_requests": "rate_limit",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "usage_limit_reached": "quota",
    "server_is_overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "slow_down": "overloaded",
    "capacity_exceeded": "overloaded",
    "context_length_exceeded": "context_length",
    "exceed_context_size_error": "context_length",  # llama.cpp (ggml-org/llama.cpp#15780)
    "model_not_found": "not_found",
    "model_not_available": "not_found",
}
"""By `code`, or else by `type`. Those that only say that the server failed are not here: the status
tells more."""

_TOO_LONG = re.compile(
    r"context[ _](length|window|size)"  # OpenAI, vLLM, LM Studio, Together, llama.cpp, Ollama
    r"|maximum (prompt|input) length"  # xAI, vLLM
    r"|(prompt|input|request) is too long|too many (input )?tokens|prompt too long"
    r"|input token count.{0,40}exceeds"  # Gemini
    r"|reduce the length of"  # Groq
)
_OVER_ITS_MINUTE = "request too large for"
"""OpenAI (429) and Groq (413): one request is more than a minute's allowance. Waiting does not
help, a shorter conversation does."""
_WRONG_KEY = re.compile(r"(incorrect|invalid) api key|api key not valid")
"""xAI and Gemini say so with status 400."""
_TEXT_DECIDES = (None, 200, 400, 413, 422, 500)
"""Statuses that compatible endpoints use for too many causes to be taken at their word."""

_AGAIN_IN = re.compile(r"try again in (\d+(?:\.\d+)?) ?(ms|s)\b")
_SHOWN_CHARACTERS = 600
_LAYERS = 4
"""How deep an error is looked for; nobody wraps it in more than two."""


class _Said(Struct, frozen=True):
    """One layer of an error answer. Each field may hold anything."""

    error: Raw = Raw()
    message: Raw = Raw()
    detail: Raw = Raw()
    """The message, as FastAPI servers and Mistral call it."""
    code: Raw = Raw()
    type: Raw = Raw()
    metadata: Raw = Raw()
    """OpenRouter: `raw` holds what the provider behind it said."""


class _Metadata(Struct, frozen=True):
    raw: Raw = Raw()


class _Fault(Struct, frozen=True):
    """An error answer, understood."""

    message: str
    code: str = ""
    type: str = ""

    @property
    def status(self) -> int | None:
        """The HTTP status that llama.cpp, vLLM and OpenRouter repeat as the code."""
        return int(self.code) if re.fullmatch(r"[45]\d\d", self.code) else None


_said = msgspec.json.Decoder(_Said)
_listed = msgspec.json.Decoder(list[_Said])
_metadata = msgspec.json.Decoder(_Metadata)


class ErrorReader:
    """Reads the failures of one model at one endpoint."""

    def __init__(self, table: ProviderTable, model: str) -> None:
        self._title = table.title or table.name
        self._model = model

    def answered(self, status: int, body: bytes) -> ProviderError:
        """What an HTTP answer means that is an error, by its status or its body."""
        return self._error(_understood(body), status)

    def streamed(self, body: bytes) -> ProviderError:
        """What an error means that came in the middle of a stream."""
        return self._error(_understood(body), None)

    def malformed(self, error: ValueError | RecursionError, data: bytes) -> ProviderError:
        """An event that is not of the wire."""
        quoted = _short(data.decode("utf-8", "replace"))
        return ProviderError(
            "malformed", f"{self._title} sent an event that cannot be read: {error}: {quoted!r}"
        )

    def cut_off(self) -> ProviderError:
        """The stream is over and its terminal event has not come."""
        return ProviderError("cut_off", f"{self._title} ended its answer before it was complete")

    def empty(self) -> ProviderError:
        """A complete answer had nothing in it."""
        return ProviderError("empty", f"{self._title} gave an empty answer with {self._model!r}")

    def failed(self, kind: ProviderErrorKind, reason: str) -> ProviderError:
        """The provider gave the answer up; `reason` is its word for why."""
        return self._error(_Fault(f"the answer ended with {reason!r}"), None, kind)

    def _error(
        self, fault: _Fault, status: int | None, kind: ProviderErrorKind | None = None
    ) -> ProviderError:
        if status is None or status == 200:
            status = fault.status or status
        kind = kind or _kind(fault, status)
        told = fault.message or (f"HTTP status {status}" if status else "an error without a text")
        text = f"{self._title}: {told}"
        if kind == "not_found" and self._model not in text:
            text = f"{text} (model {self._model!r})"
        wait = _AGAIN_IN.search(fault.message) if kind == "rate_limit" else None
        seconds = float(wait[1]) / (1000 if wait[2] == "ms" else 1) if wait else None
        return ProviderError(kind, advised(text, kind), status=status, retry_after=seconds)


def _kind(fault: _Fault, status: int | None) -> ProviderErrorKind:
    text = fault.message.lower()
    if _OVER_ITS_MINUTE in text:
        return "context_length"
    for word in (fault.code, fault.type):
        if kind := _BY_CODE.get(word.lower()):
            return kind
    if status in _TEXT_DECIDES:
        if _TOO_LONG.search(text):
            return "context_length"
        if _WRONG_KEY.search(text):
            return "credentials"
    if status is None or status == 200:
        known = fault.type.startswith("invalid_") or fault.code.startswith("invalid_")
        return "invalid" if known else "server"
    return kind_of(status)


def _understood(body: bytes) -> _Fault:
    """The innermost error that the body holds; its own text if it is none that is known."""
    said = _Said(error=Raw(body))
    for _ in range(_LAYERS):
        if not _text(said.error):
            break
        inner = _layer(said.error)
        if inner is None:
            return _Fault(_short(_text(said.error)), _text(said.code), _text(said.type))
        said = inner
    message = _text(said.message) or _text(said.detail) or _text(said.type)
    if behind := _behind(said.metadata):
        message = f"{message}: {behind}"
    return _Fault(_short(message), _text(said.code), _text(said.type))


def _layer(value: Raw) -> _Said | None:
    """The fields of an error; None if it is only words. Gemini wraps its error in a list."""
    try:
        return (
            _listed.decode(value)[0] if bytes(value).lstrip()[:1] == b"[" else _said.decode(value)
        )
    except (ValueError, RecursionError, IndexError):
        return None


def _behind(metadata: Raw) -> str:
    try:
        return _text(_metadata.decode(metadata).raw)
    except (ValueError, RecursionError):
        return ""


def _text(value: Raw) -> str:
    """A JSON value as words: a string without its quotes, "" for null or nothing."""
    raw = bytes(value)
    if raw in (b"", b"null"):
        return ""
    try:
        return msgspec.json.decode(raw, type=str)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")


def _short(text: str) -> str:
    """The beginning of a text, on one line. Of markup, which explains little, less is kept."""
    limit = QUOTED_BYTES if text.lstrip().startswith("<") else _SHOWN_CHARACTERS
    text = " ".join(text[: limit * 4].split())
    return text if len(text) <= limit else f"{text[:limit]} …"
