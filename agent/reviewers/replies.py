"""What a hook's exit code and output mean.

Claude Code's contract (https://code.claude.com/docs/en/hooks), stricter where it leaves a failure
unnoticed: whatever is not a valid answer is a failure, and never an allowance.
"""

from typing import Literal

import msgspec
from msgspec import Struct, field

from ...config.errors import KedgeError
from ...config.hooks import CLAUDE_EVENTS, HookEvent
from ...sandbox.ports import Exit

BLOCKS = 2
"""The exit code by which a hook says no, its reason on stderr."""
CANNOT_RUN = (126, 127)
"""The exit codes by which a shell says that a program cannot be run, or is not there."""
LARGEST = 1 << 20
"""Bytes of stdout that are understood."""

_JUDGES: tuple[HookEvent, ...] = ("before_tool", "permission")
_TELLS: tuple[HookEvent, ...] = ("prompt", "session_start", "compact")


class HookFailed(KedgeError):
    """A hook gave no valid answer."""


class Reply(Struct, frozen=True):
    """How a hook's program ended, and what it printed."""

    exit: Exit
    stdout: bytes
    """Cut a byte beyond `LARGEST`."""
    stderr: str
    """Cleaned, its end cut off where it is long."""


class Said(Struct, frozen=True, omit_defaults=True):
    """What a hook answered."""

    verdict: Literal["", "allow", "ask", "deny"] = ""
    reason: str = ""
    arguments: dict[str, object] | None = None
    """The tool's arguments in place of those it was to get."""
    output: str | None = None
    """The tool's result in place of the one it gave."""
    context: str = ""
    ends: bool = False
    """Whether all work should end."""
    message: str = ""
    """For the person."""


class _Camel(Struct, rename="camel"):
    pass


class _Permission(_Camel):
    behavior: Literal["allow", "deny"]
    updated_input: dict[str, object] | None = None
    message: str | None = None


class _Specific(_Camel):
    hook_event_name: str | None = None
    permission_decision: Literal["allow", "deny", "ask", "defer"] | None = None
    permission_decision_reason: str | None = None
    updated_input: dict[str, object] | None = None
    updated_tool_output: object = None
    additional_context: str | None = None
    decision: _Permission | None = None


class _Answer(_Camel):
    go_on: bool = field(default=True, name="continue")
    stop_reason: str | None = None
    decision: Literal["approve", "allow", "ask", "block", "deny"] | None = None
    reason: str | None = None
    system_message: str | None = None
    hook_specific_output: _Specific | None = None


def understood(event: HookEvent, reply: Reply) -> Said:
    """What a reply says.

    Raises:
        HookFailed: it is not valid: killed, timed out, an exit code without meaning, garbage.
    """
    exit = reply.exit
    if exit.timed_out:
        raise HookFailed(f"it was not finished after {exit.seconds:.1f} s")
    if exit.code is None:
        raise HookFailed(f"it was ended by {exit.signal or 'something unknown'}")
    if exit.code == BLOCKS:
        return Said("deny", reply.stderr.strip() or "the hook gave no reason")
    if exit.code:
        why = "it cannot be run" if exit.code in CANNOT_RUN else "it failed"
        words = f": {reply.stderr.strip()}" if reply.stderr.strip() else ""
        raise HookFailed(f"{why}, with exit code {exit.code}{words}")
    return _printed(event, reply.stdout)


def _printed(event: HookEvent, stdout: bytes) -> Said:
    if len(stdout) > LARGEST:
        raise HookFailed(f"it printed more than {LARGEST} bytes")
    try:
        text = stdout.decode().strip()
    except UnicodeDecodeError as error:
        raise HookFailed(f"its output is not UTF-8 at byte {error.start}") from error
    if not text:
        return Said()
    if text.startswith("{"):
        return _answered(event, text)
    if event in _JUDGES:
        raise HookFailed(f"its output is not JSON: {text[:80]!r}")
    # Such hooks may print what they like; some of it is meant for the model.
    return Said(context=text) if event in _TELLS else Said()


def _answered(event: HookEvent, text: str) -> Said:
    try:
        answer = msgspec.json.decode(text, type=_Answer)
    except msgspec.MsgspecError as error:
        raise HookFailed(f"its output is not a valid answer: {error}") from error
    specific = answer.hook_specific_output or _Specific()
    named = specific.hook_event_name
    if named and CLAUDE_EVENTS.get(named, named) != event:
        raise HookFailed(f"it answers {named!r}, but was asked about {event!r}")
    said = _verdict(answer, specific)
    permission = specific.decision
    return msgspec.structs.replace(
        said,
        arguments=specific.updated_input or (permission.updated_input if permission else None),
        output=_text(specific.updated_tool_output),
        context=specific.additional_context or "",
        message=answer.system_message or "",
    )


def _verdict(answer: _Answer, specific: _Specific) -> Said:
    """The strictest of all that it says."""
    permission = specific.decision
    words = specific.permission_decision_reason or answer.reason or ""
    said = {answer.decision, specific.permission_decision}
    if not answer.go_on:
        return Said("deny", answer.stop_reason or words or "the hook ends the work", ends=True)
    if permission is not None:
        said.add(permission.behavior)
        words = words or permission.message or ""
    if said & {"block", "deny"}:
        return Said("deny", words or "the hook gave no reason")
    if said & {"ask", "defer"}:
        return Said("ask", words or "the hook wants a person to decide")
    return Said("allow", words) if said & {"allow", "approve"} else Said(reason=words)


def _text(output: object) -> str | None:
    if output is None or isinstance(output, str):
        return output
    return msgspec.json.encode(output).decode()
