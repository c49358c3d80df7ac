"""The ends of actions, as they are recorded."""

import time

from .events import ActionEnded, ActionStatus
from .messages import Text, ToolCall
from .ports import Output


def ended(
    call: ToolCall, status: ActionStatus, text: str, error_kind: str | None = None
) -> ActionEnded:
    """An end that is told in words."""
    return ActionEnded(call.id, call.name, status, (Text(text),), error_kind)


def from_output(call: ToolCall, output: Output) -> ActionEnded:
    """The end of an action that gave something back."""
    return ActionEnded(
        call.id,
        call.name,
        "ok",
        output.content,
        exit_code=output.exit_code,
        signal=output.signal,
        truncated=output.truncated,
        full_output=output.full_output,
        changes=output.changes,
        background=output.background,
    )


def since(began: float) -> int:
    """Milliseconds since a moment on `time.monotonic()`."""
    return round((time.monotonic() - began) * 1000)
