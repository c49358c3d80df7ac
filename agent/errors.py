"""What can go wrong in the agent.

KedgeError
├── ToolError        a tool could not do what was asked: goes to the model, never further
├── ProviderError    a model could not be reached or answered wrongly: retried, then ends the turn
├── ScriptDiverged   the scripted provider met a conversation that is not its own
├── LoopError        the model did the same thing over and over: ends the turn
├── BudgetError      a call beside the conversation would have spent more than is allowed
└── StoreError       the session log could not be written or read
    └── FormatError  a later kedge wrote it
"""

from typing import Literal

from ..config.errors import KedgeError
from ..config.exit_codes import EXIT_CODES

ToolErrorKind = Literal[
    "not_found", "ambiguous", "stale", "no_change", "outside_workspace", "binary", "bad_patch",
    "conflict", "denied", "timeout", "other",
]  # fmt: skip

ProviderErrorKind = Literal[
    "credentials",  # 401, 403: the key is missing, wrong or not entitled
    "rate_limit",  # 429
    "quota",  # 402, or 429 that waiting will not cure
    "overloaded",  # 503, 529
    "server",  # other 5xx
    "connection",  # refused, reset, name not found
    "tls",  # the certificate or the handshake failed
    "timeout",  # nothing arrived for the idle time
    "cut_off",  # the stream ended before its terminal event
    "malformed",  # what arrived is not the wire's format
    "empty",  # a complete answer with nothing in it
    "context_length",  # the request does not fit the model's window
    "not_found",  # 404: no such model or address
    "invalid",  # other 4xx: the provider refuses the request as it is
    "paused",  # not asked at all: its circuit breaker is open
]

_RETRYABLE: frozenset[ProviderErrorKind] = frozenset(
    {"rate_limit", "overloaded", "server", "connection", "timeout", "cut_off", "malformed", "empty"}
)


_EXIT_CODES: dict[ProviderErrorKind, int] = {"credentials": 4, "not_found": 3}
"""All others are upstream trouble, 75; `retryable` says whether trying again can help."""


class ToolError(KedgeError):
    """A tool's failure, worded for the model: what was wrong and what to do instead."""

    def __init__(self, kind: ToolErrorKind, text: str) -> None:
        super().__init__(text)
        self.kind: ToolErrorKind = kind


class ProviderError(KedgeError):
    """A model call failed.

    `retry_after` is the provider's own wish in seconds, if it stated one; `status` the HTTP
    status, if there was an answer.
    """

    def __init__(
        self,
        kind: ProviderErrorKind,
        text: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(text)
        self.kind: ProviderErrorKind = kind
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id
        self.retryable = kind in _RETRYABLE if retryable is None else retryable
        self.exit_code = _EXIT_CODES.get(kind, 75)


class ScriptDiverged(KedgeError):
    """The scripted provider was asked something that its script does not answer."""

    exit_code = 1


class Blocked(KedgeError):
    """Somebody who was asked does not let a prompt through."""

    exit_code = EXIT_CODES["blocked"]


class ApprovalNeeded(KedgeError):
    """A question came up that ends the run, because it was started so."""

    exit_code = EXIT_CODES["approval"]


class LoopError(KedgeError):
    """The model repeats itself, and nothing comes of it."""

    exit_code = EXIT_CODES["loop"]


class BudgetError(KedgeError):
    """A limit leaves no room for a model call beside the conversation."""

    exit_code = EXIT_CODES["budget"]


class StoreError(KedgeError):
    """The session log could not be written or read."""

    exit_code = 1


class FormatError(StoreError):
    """A record has a format that only a later kedge reads."""
