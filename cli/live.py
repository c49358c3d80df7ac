"""What is going on right now: the few lines at the end of a terminal that are redrawn."""

from collections.abc import Callable

from ..agent.events import (
    ActionEnded,
    ActionOutput,
    ActionStarted,
    Event,
    Failure,
    MessageAdded,
    ModelRequest,
    TextStreamed,
    ThinkingStreamed,
    TurnEnded,
)
from ..agent.messages import ToolCall
from .counts import counted
from .terminal import fitting, harmless

MAX_LINES = 8
TAIL_LINES = 3
"""Lines of output shown of an action that runs alone; of one among several, the last."""

_KEPT = 4_000
"""Characters of output kept of each action, its last."""


class Live:
    """Follows the events; can say at any time what is running."""

    def __init__(self, title: Callable[[str], str]) -> None:
        """`title` names the action with an id."""
        self._title = title
        self._waiting_for = ""
        self._printed: dict[str, str] = {}
        """What each running action has printed."""

    def see(self, event: Event) -> None:
        """Take one more event in."""
        match event.body:
            case ModelRequest() | ThinkingStreamed():
                self._waiting_for = "thinking…"
            case MessageAdded(role="assistant", parts=parts):
                done = not any(isinstance(part, ToolCall) for part in parts)
                self._waiting_for = "checking…" if done else ""
            case TextStreamed() | Failure() | TurnEnded():
                self._waiting_for = ""
            case ActionStarted(id):
                self._printed[id] = ""
            case ActionOutput(id, text) if id in self._printed:
                self._printed[id] = (self._printed[id] + text)[-_KEPT:]
            case ActionEnded(id):
                self._printed.pop(id, None)
            case _:
                pass

    def lines(self, columns: int, rows: int) -> list[str]:
        """At most so many lines less one, each narrower than the terminal: none may wrap."""
        tail = TAIL_LINES if len(self._printed) == 1 else 1
        lines: list[str] = []
        for id, printed in self._printed.items():
            lines.append(f"▸ {self._title(id)}")
            lines += [f"  {line}" for line in _last_lines(printed, tail)]
        if not lines and self._waiting_for:
            lines = [self._waiting_for]
        room = max(1, min(MAX_LINES, rows - 1))
        if len(lines) > room:
            lines = [
                f"… {counted(len(lines) - room + 1, 'line')} before",
                *lines[len(lines) - room + 1 :],
            ]
        return [fitting(line, columns - 1) for line in lines]


def _last_lines(printed: str, count: int) -> list[str]:
    lines = [line.expandtabs() for line in harmless(printed).splitlines() if line.strip()]
    return lines[-count:]
