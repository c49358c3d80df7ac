"""Which answer is a plan that waits for a decision: a fold of a session's events."""

from ....agent.checkpoint_facts import Rewound
from ....agent.events import Event, Result, SessionStarted, TurnStarted
from ....agent.person import ModeChanged


class Planned:
    """The last words of a turn that was in mode plan from its beginning to its own end, until
    something else is said, the mode is another, or one goes back."""

    def __init__(self) -> None:
        self.text = ""
        """The plan; empty if there is none."""
        self._in_plan = False
        """Whether the mode is plan."""
        self._planning = False
        """Whether the turn has been in it all the time."""

    def add(self, event: Event) -> None:
        """Fold one more event in."""
        if len(event.path) > 1:
            return
        match event.body:
            case SessionStarted(mode=mode) | ModeChanged(mode):
                self._in_plan = mode == "plan"
                self._planning = self._planning and self._in_plan
                self.text = self.text if self._in_plan else ""
            case TurnStarted():
                self._planning, self.text = self._in_plan, ""
            case Result(status, text=text):
                over = status in ("done", "blocked")
                self.text = text.strip() if over and self._planning else ""
                self._planning = False
            case Rewound():
                self.text = ""
            case _:
                pass
