"""How a turn ended, as a person is told it; records and exit codes have words of their own."""

from collections.abc import Mapping
from typing import Final

from ....agent.events import Event, Failure, Result
from ....config.exit_codes import Status
from ...counts import counted
from .blocks import Ended

_ENDED: Final[Mapping[Status, str]] = {
    "done": "done",
    "failed": "failed",
    "config": "failed: something in the configuration",
    "credentials": "failed: no key that works",
    "sandbox": "failed: no sandbox",
    "approval": "stopped: nobody could be asked",
    "budget": "stopped: the budget is spent",
    "turn_limit": "stopped: the limit of model calls is reached",
    "verification": "failed: a check did not pass",
    "loop": "stopped: it did the same over and over",
    "upstream": "failed: the provider did not answer",
    "interrupted": "interrupted",
    "terminated": "ended from outside",
}
_FAILED: Final[Mapping[str, str]] = {
    "rate_limit": "too many requests for now",
    "quota": "the provider's quota is used up",
    "overloaded": "the provider is overloaded",
    "server": "the provider has a fault",
    "connection": "no connection",
    "tls": "no secure connection",
    "timeout": "no answer in time",
    "cut_off": "the answer broke off",
    "malformed": "the answer could not be read",
    "empty": "the answer was empty",
    "context_length": "too long for the model",
    "not_found": "no such model or address",
    "invalid": "the provider refused the request",
    "paused": "the provider is paused after failures",
    "max_tokens": "the answer grew too long",
    "refusal": "the model refused",
    "store": "the session log could not be written",
}
"""By the code of a failure."""


def ended(id: int, event: Event, result: Result) -> Ended:
    """The end of a turn."""
    return Ended(
        id,
        event.seq,
        event.path,
        result.status,
        result.duration_ms / 1000,
        result.cost_usd,
        result.evidence.files_changed,
        result.evidence.unverified_claims,
        cost_estimated=result.cost_estimated,
        said=ending(result),
    )


def ending(result: Result) -> str:
    """How a turn ended, in a few words."""
    if result.status == "blocked":
        return f"done, {counted(len(result.denials), 'action')} not allowed"
    if result.error is not None and (why := _why(result.error)):
        return f"failed: {why}"
    return _ENDED.get(result.status, "failed")


def _why(error: Failure) -> str:
    # Without a status nobody was asked: there is no key.
    if error.code == "credentials":
        return "the key was refused" if error.http_status else "no key that works"
    return _FAILED.get(error.code, "")
