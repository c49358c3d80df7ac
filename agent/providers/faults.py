"""What goes wrong between us and an endpoint, told as `ProviderError`.

Both transports run on httpx2, so both fail in its exceptions and answer with its headers.
"""

import os
import ssl
from collections.abc import Mapping
from time import time

import httpx2

from ..errors import ProviderError, ProviderErrorKind
from .endpoint import Endpoint

_BY_STATUS: dict[int, ProviderErrorKind] = {
    401: "credentials",
    402: "quota",
    403: "credentials",
    404: "not_found",
    408: "timeout",
    409: "server",
    413: "context_length",
    429: "rate_limit",
    503: "overloaded",
    529: "overloaded",
}

_ADVICE: dict[ProviderErrorKind, str] = {
    "credentials": "check the key and what it is entitled to",
    "quota": "waiting will not help: check plan and billing there",
    "rate_limit": "wait, or ask for a higher limit there",
    "overloaded": "try again later",
    "server": "try again later",
    "context_length": "shorten the conversation, or take a model with a larger context window",
    "not_found": "kedge models lists the models that are known",
}
"""What to do about it, where anything can be done."""

QUOTED_BYTES = 300
"""How much of an answer that makes no sense is shown."""


def kind_of(status: int) -> ProviderErrorKind:
    """What a status means where the body says nothing better."""
    return _BY_STATUS.get(status, "invalid" if 300 <= status < 500 else "server")


def advised(text: str, kind: ProviderErrorKind) -> str:
    """The text with what to do about it, unless the provider has said so itself."""
    advice = _ADVICE.get(kind)
    if not advice or advice in text.lower():
        return text
    return f"{text.rstrip('.')}; {advice}"


def heed(error: ProviderError, headers: Mapping[str, str]) -> ProviderError:
    """The error with what the headers of the answer say about trying again, and the request's id.

    `x-should-retry` overrules the status in both directions, as it does in the vendors' clients.
    """
    wait = retry_after(headers, time())
    error.retry_after = error.retry_after if wait is None else wait
    named = headers.get("request-id") or headers.get("x-request-id")
    error.request_id = named or error.request_id
    match headers.get("x-should-retry"):
        case "true":
            error.retryable = True
        case "false":
            error.retryable = False
        case _:
            pass
    return error


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (RFC 9110, 10.2.3); `now`: Unix time."""
    given = headers.get("retry-after-ms")
    if given is not None and (milliseconds := _number(given)) is not None:
        return max(milliseconds / 1000, 0.0)
    given = headers.get("retry-after")
    if given is None:
        return None
    seconds = _number(given)
    if seconds is None and (moment := _moment(given)) is not None:
        seconds = moment - now
    return None if seconds is None else max(seconds, 0.0)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number else None  # "nan" is a float to Python


def _moment(text: str) -> float | None:
    # Only a date pays for the e-mail package.
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def unsent(error: httpx2.RequestError, endpoint: Endpoint) -> ProviderError:
    """What it means that a request got no answer at all."""
    address = endpoint.address
    reason = _root(error)
    match error:
        case httpx2.ConnectTimeout():
            return ProviderError("connection", f"{address} could not be reached in time")
        case httpx2.TimeoutException():
            return ProviderError("timeout", f"{address} sent nothing for {_idle(endpoint)}")
        case _ if isinstance(reason, ssl.SSLError):
            return ProviderError("tls", _tls_text(reason, address))
        case httpx2.ProxyError():
            return ProviderError("connection", f"the proxy before {address} refused: {error}")
        case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return ProviderError(
                "not_found", f"no request can be sent to {address}: check base_url"
            )
        case httpx2.ConnectError():
            return ProviderError("connection", f"cannot connect to {address}: {_words(reason)}")
        case _:
            return ProviderError(
                "connection", f"{address} closed the connection without an answer: {_words(reason)}"
            )


def broken(error: httpx2.RequestError, endpoint: Endpoint) -> ProviderError:
    """What it means that an answer broke off."""
    address = endpoint.address
    match error:
        case httpx2.TimeoutException():
            return ProviderError("timeout", f"{address} stalled: no more for {_idle(endpoint)}")
        case httpx2.DecodingError():
            return ProviderError("malformed", f"the answer of {address} is compressed wrongly")
        case _:
            words = _words(_root(error))
            return ProviderError("cut_off", f"{address} broke off in mid-answer: {words}")


def _idle(endpoint: Endpoint) -> str:
    return f"{endpoint.http.idle_timeout_seconds:g} s (http.idle_timeout_seconds)"


def _tls_text(error: ssl.SSLError, address: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {address} is not trusted: {error.verify_message}; name its "
            "authority's file in SSL_CERT_FILE, or install the system's ca-certificates"
        )
    return f"no TLS with {address}: {error.reason or error}"


def _root(error: BaseException) -> BaseException:
    """Where the chain of causes began; of several at once (one per address) the first."""
    while not isinstance(error, ssl.SSLError):
        # httpcore2 hides the cause of what it raises, and keeps it as the argument.
        match error.__cause__ or (error.args[:1] or (None,))[0]:
            case BaseExceptionGroup(exceptions=(BaseException() as first, *_)):
                error = first
            case BaseException() as below:
                error = below
            case _:
                break
    return error


def _words(error: BaseException) -> str:
    # asyncio puts words of its own, which say less, in the place of the system's.
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
