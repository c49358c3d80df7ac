"""What hooks are told, on stdin: Claude Code's fields, so that hooks written for it work, and ours.

Arguments need no translation, since the tools have the same names for them; names of tools do.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from ...config.hooks import CLAUDE_EVENTS, HookEvent
from ..events import ActionEnded
from ..messages import Text
from ..ports import Action, Ruling

Payload = dict[str, object]

CLAUDE_TOOLS: Final[Mapping[str, str]] = {
    "bash": "Bash",
    "read": "Read",
    "edit": "Edit",
    "write": "Write",
    "glob": "Glob",
    "grep": "Grep",
    "todo": "TodoWrite",
    "bash_output": "BashOutput",
    "bash_kill": "KillShell",
}
_PATCH = "apply_patch"
_CLAUDE_MODES = {
    "plan": "plan",
    "ask": "default",
    "auto": "acceptEdits",
    "full": "bypassPermissions",
}
_CLAUDE_NAMES: Mapping[HookEvent, str] = {ours: theirs for theirs, ours in CLAUDE_EVENTS.items()}


class Place(Struct, frozen=True):
    """The session that hooks are told of."""

    session: str
    transcript: str
    """The file of its log; empty if none is kept."""
    cwd: str
    mode: str


def stage_payload(place: Place, event: HookEvent, **fields: object) -> Payload:
    """An event that is about no action."""
    return {
        "session_id": place.session,
        "transcript_path": place.transcript,
        "cwd": place.cwd,
        "permission_mode": _CLAUDE_MODES.get(place.mode, "default"),
        "hook_event_name": _CLAUDE_NAMES[event],
        "event": event,
        "mode": place.mode,
        **fields,
    }


def action_payloads(place: Place, event: HookEvent, action: Action) -> list[Payload]:
    """An event about an action. A patch is one event for each file that it touches, as an `Edit`
    of this file, so that no hook for files is passed by."""
    call = action.call
    common: Payload = {
        "tool_name": CLAUDE_TOOLS.get(call.name, call.name),
        "tool_input": action.arguments,
        "tool_use_id": call.id,
        "tool": call.name,
        "risk": action.risk,
        "effects": msgspec.to_builtins(action.effects),
    }
    changing = (effect.target for effect in action.effects if effect.kind in ("write", "delete"))
    touched = dict.fromkeys(changing if call.name == _PATCH else ())
    if not touched:
        return [stage_payload(place, event, **common)]
    return [
        stage_payload(place, event, **(common | _as_edit(action.arguments, path)))
        for path in touched
    ]


def _as_edit(arguments: Mapping[str, object], path: str) -> Payload:
    return {"tool_name": "Edit", "tool_input": {**arguments, "file_path": path}}


def arguments_of(action: Action, updated: Mapping[str, object]) -> dict[str, object]:
    """The arguments that a hook gave back, without what only hooks are told."""
    added = {"file_path"} if action.call.name == _PATCH else set[str]()
    return {name: value for name, value in updated.items() if name not in added}


def with_ruling(payload: Payload, ruling: Ruling) -> Payload:
    """With what the validators, and the reviewers before, say of the action."""
    return {**payload, "verdict": ruling.outcome, "by": ruling.by, "reason": ruling.reason}


def with_result(payload: Payload, ended: ActionEnded) -> Payload:
    """With how the action ended."""
    text = text_of(ended)
    response: Payload = {
        "content": text,
        "status": ended.status,
        "is_error": ended.status != "ok",
        "exit_code": ended.exit_code,
        "changes": [change.path for change in ended.changes],
    }
    if ended.tool == "bash":
        response |= {"stdout": text, "stderr": "", "interrupted": ended.status == "cancelled"}
    return {**payload, "tool_response": response, "duration_ms": ended.duration_ms}


def text_of(ended: ActionEnded) -> str:
    """The words of a result."""
    return "".join(part.text for part in ended.content if isinstance(part, Text))


def names_of(action: Action) -> Sequence[str]:
    """What matchers may call the action's tool."""
    name = action.call.name
    covered = ("Edit", "Write", "MultiEdit") if name == _PATCH else ()
    return (name, CLAUDE_TOOLS.get(name, name), *covered)
