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
from ....agent.person import ModeChanged
from ....agent.spending import ModelLost
from ....config.settings import MODES, Mode
from ...coming import Coming
from ...commands.why import explained
from ...decided import decisions
from ...terminal import Style
from .planned import Planned


class Watch:
    """A fold of one session's events, its log first."""

    def __init__(self) -> None:
        self.name = ""
        self.begun = False
        """Whether a person said anything."""
        self.cost: float | None = 0.0
        """US dollars; None if the price of a model is not known."""
        self.cost_estimated = False
        """Whether a part of that is estimated."""
        self.mode: Mode | None = None
        """The one that its model was told last, as far as the log says."""
        self.coming = Coming()
        self.planned = Planned()
        self._judged: list[Event] = []

    def add(self, event: Event) -> None:
        """Fold one more event in."""
        self.coming.add(event)
        self.planned.add(event)
        match event.body:
            case MessageAdded("assistant") | ModelLost() as used:
                self._pay(used)
            case TurnStarted():
                self.begun = True
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

    def _pay(self, used: MessageAdded | ModelLost) -> None:
        known = self.cost is not None and used.cost_usd is not None
        self.cost = (self.cost or 0.0) + (used.cost_usd or 0.0) if known else None
        self.cost_estimated = self.cost_estimated or used.estimated

    def why(self, call: str) -> str:
        """What was decided about a call, or last if none is named, in words; empty if nothing."""
        decided = [
            (event.seq, event.body.id) for event in self._judged if isinstance(event.body, Decision)
        ]
        wanted = call or (decided[-1][1] if decided else "")
        seqs = {seq for seq, id in decided if id in (wanted, f"{wanted}.escalate")}
        rows = [row for row in decisions(self._judged) if row.seq in seqs]
        return "\n\n".join("\n".join(explained(row, Style(colour=False))) for row in rows)
