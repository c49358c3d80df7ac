"""What can be said of hooks: the user's own programs that judge, change and add to what happens."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

HookEvent = Literal[
    "prompt",
    "before_tool",
    "after_tool",
    "permission",
    "stop",
    "session_start",
    "session_end",
    "compact",
    "after_compact",
]
"""When a hook runs."""

CLAUDE_EVENTS: Final[Mapping[str, HookEvent]] = {
    "UserPromptSubmit": "prompt",
    "PreToolUse": "before_tool",
    "PostToolUse": "after_tool",
    "PermissionRequest": "permission",
    "Stop": "stop",
    "SessionStart": "session_start",
    "SessionEnd": "session_end",
    "PreCompact": "compact",
    "PostCompact": "after_compact",
}
"""Claude Code's names of the events, where the meaning is the same
(https://code.claude.com/docs/en/hooks)."""

OnFailure = Literal["block", "ask", "allow"]
"""What follows where a hook gave no valid answer, strictest first."""


class FailurePolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What a hook's failure means, by what the action does at worst."""

    read: OnFailure = "ask"
    write: OnFailure = "ask"
    run: OnFailure = "ask"
    reach: OnFailure = "ask"

    def at(self, risk: Literal["read", "write", "run", "reach"] | None) -> OnFailure:
        """What holds for this risk; the strictest of all where there is no action to go by."""
        by_risk: dict[str, OnFailure] = {
            "read": self.read,
            "write": self.write,
            "run": self.run,
            "reach": self.reach,
        }
        if risk is not None:
            return by_risk[risk]
        said = by_risk.values()
        return "block" if "block" in said else "ask" if "ask" in said else "allow"


class HookSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[hooks]]` entry."""

    event: HookEvent
    command: str | Annotated[tuple[str, ...], Meta(min_length=1)]
    """A line for the shell, or a program with its arguments."""
    name: str = ""
    """Shown in decisions; empty is made of the event and the command."""
    match: str = ""
    """A regular expression, case aside; empty or `*` is all. For the whole name of the tool, in
    our spelling or in Claude Code's (`Edit|Write`; either covers `apply_patch`); for what began
    or ended the session; for what asked to compact."""
    timeout_seconds: Annotated[float, Meta(gt=0, le=3_600)] = 10.0
    """When it is ended, with everything it started."""
    on_failure: OnFailure | FailurePolicy = "ask"
    """One for all actions, or a table by risk."""
    may_allow: bool = False
    """Whether its `allow` answers a question that no rule demanded. Not for a project to say."""

    @property
    def policy(self) -> FailurePolicy:
        """`on_failure`, spelled out."""
        said = self.on_failure
        return FailurePolicy(said, said, said, said) if isinstance(said, str) else said
