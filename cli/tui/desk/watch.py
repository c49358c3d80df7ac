"""What the desk remembers of the events of its session."""

from msgspec import structs

from ....agent.events import (
    ActionEnded,
    ActionProposed,
    Decision,
    Event,
    MessageAdded,
    SessionStarted,
    TurnStarted,
)
from ....agent.lineage import Renamed
from ....agent.messages import ToolCall
from ....agent.person import ModeChanged
from ....config.settings import MODES, Mode
from ...commands.why import explained
from ...decided import decisions
from ...terminal import Style


class Watch:
    """A fold of one session's events, its log first."""

    def __init__(self) -> None:
        self.name = ""
        self.begun = False
        """Whether a person said anything."""
        self.cost: float | None = 0.0
        """US dollars; None if the price of a model is not known."""
        self.mode: Mode | None = None
        """The one that its model was told last, as far as the log says."""
        self.message = 0
        """Number of the last message of the model."""
        self.to_come: dict[str, ActionProposed] = {}
        """The calls of the last message that nobody has looked at yet, by their ids."""
        self._judged: list[Event] = []

    def add(self, event: Event) -> None:
        """Fold one more event in."""
        match event.body:
            case MessageAdded("assistant", cost_usd=cost):
                self._expect(event)
                self.cost = None if self.cost is None or cost is None else self.cost + cost
            case TurnStarted():
                self.begun = True
            case ActionProposed(id) | ActionEnded(id):
                self.to_come.pop(id, None)
            case Renamed(name):
                self.name = name
            case SessionStarted(mode=mode) | ModeChanged(mode):
                self.mode = next((one for one in MODES if one == mode), None)
            case _:
                pass
        match event.body:
            case ActionEnded() as ended:
                self._judged.append(structs.replace(event, body=structs.replace(ended, content=())))
            case SessionStarted() | ModeChanged() | ActionProposed() | Decision():
                self._judged.append(event)
            case _:
                pass

    def _expect(self, event: Event) -> None:
        if isinstance(event.body, MessageAdded) and len(event.path) == 1:
            self.message = event.seq
            calls = (part for part in event.body.parts if isinstance(part, ToolCall))
            self.to_come = {
                call.id: ActionProposed(call.id, call.name, call.arguments, ()) for call in calls
            }

    def why(self, call: str) -> str:
        """What was decided about a call, or last if none is named, in words; empty if nothing."""
        decided = [
            (event.seq, event.body.id) for event in self._judged if isinstance(event.body, Decision)
        ]
        wanted = call or (decided[-1][1] if decided else "")
        seqs = {seq for seq, id in decided if id in (wanted, f"{wanted}.escalate")}
        rows = [row for row in decisions(self._judged) if row.seq in seqs]
        return "\n\n".join("\n".join(explained(row, Style(colour=False))) for row in rows)
