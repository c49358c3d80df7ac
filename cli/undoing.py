"""What of a session can be undone: a fold of its facts."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from ..agent.checkpoint_facts import BROKE_OFF, GOING_BACK, NOT_KEPT, Checkpointed, Reach, Rewound
from ..agent.effects import reads_only
from ..agent.events import (
    ActionProposed,
    ActionStarted,
    Event,
    Notice,
    SessionStarted,
    TurnStarted,
)
from ..agent.messages import said_in


class Span(Struct):
    """Changes of ours; what changed between two spans, somebody else did."""

    checkpoints: list[str]
    """From before them, oldest first."""
    after: str = ""
    """The checkpoint of how they left things; empty: as the next span found them, or as now."""
    only: set[str] | None = None
    """Where the turn broke off, so that others may have changed something before `after`: the paths
    that actions named since the last checkpoint; None where commands ran, so that anything may be
    ours."""
    broke_off: bool = False
    """Whether nobody saw how they left things."""

    @property
    def is_narrow(self) -> bool:
        """Whether of what changed after the last checkpoint only some is ours."""
        return self.broke_off and self.only is not None

    def is_named(self, path: str) -> bool:
        """Whether a path is one of those that are ours, lies below one, or holds one."""
        named = self.only or set[str]()
        parents = map(str, Path(path).parents)
        holds = any(one.startswith(f"{path}/") for one in named)
        return path in named or holds or not named.isdisjoint(parents)


class Turn(Struct):
    """A turn, and how the files were around it."""

    seq: int
    """Of its `turn.started`."""
    number: int
    prompt: str
    spans: list[Span]
    """Its changes; empty if it changed nothing, several if it broke off and was gone on with. What
    left the files as they were, such as an edit that failed, is none."""
    workspace: str = ""
    """Where it worked: a session can be gone on with elsewhere."""
    lasting: list[str] = []
    """Effects that files do not show."""
    ran: bool = False
    """Whether commands ran that may have changed something."""

    @property
    def checkpoints(self) -> list[str]:
        """From before its changes, oldest first; empty if it changed nothing."""
        return [id for span in self.spans for id in span.checkpoints]

    @property
    def after(self) -> str:
        """The checkpoint of how it left things; empty if there is none."""
        return self.spans[-1].after if self.spans else ""

    def keep(self, kept: Checkpointed) -> None:
        """A checkpoint was taken in it, or of how it was left."""
        span = self.spans[-1] if self.spans and not self.spans[-1].after else None
        if not kept.closes:
            if span is None:
                self.spans.append(span := Span([]))
            span.checkpoints.append(kept.id)
            span.only, span.broke_off = set(), True
        elif span is not None and span.checkpoints[0] == kept.id:
            # The same state has the same id.
            self.spans.pop()
        elif span is not None:
            span.after = kept.id
            span.broke_off = kept.reason == BROKE_OFF

    def act(self, action: ActionProposed, *, background: bool) -> None:
        """An action began, maybe while a command runs in the `background`."""
        self.lasting += _lasting(action)
        self.ran = self.ran or _runs(action)
        span = self.spans[-1] if self.spans else None
        if span is None or span.only is None:
            return
        if background or _runs(action):
            span.only = None
        else:
            span.only |= {one.target for one in action.effects if one.kind in ("write", "delete")}


class Undone(Struct, frozen=True):
    """An undoing that can be taken back."""

    seq: int
    """Of its `rewound`."""
    what: Reach
    before: str
    """The checkpoint of how the files were just before; empty if they were left."""
    after: str
    """The one of how they were left."""
    turns: tuple[Turn, ...]
    left: tuple[str, ...] = ()
    """The paths that it left as they were, for somebody else had changed them."""
    finishes: bool = False
    """Whether it undid what the one before it had left."""


class History(Struct):
    """The turns whose effects are there, and those that were undone; both oldest first."""

    turns: list[Turn]
    undone: list[Undone]
    begun: str = ""
    """The checkpoint from before a going back that broke off."""
    last: int = 0
    """The `seq` of the last `turn.started`."""
    workspace: str = ""
    """Where the session was opened last."""

    @property
    def unfinished(self) -> Undone | None:
        """The last undoing of files, if it left some of them, and no turn changed any since."""
        last = next((one for one in reversed(self.undone) if one.what != "conversation"), None)
        if last is None or not last.left:
            return None
        since = any(turn.checkpoints and turn.seq > last.seq for turn in self.turns)
        return None if since else last


def history(facts: Iterable[Event]) -> History:
    """What the log says of turns and their files."""
    known = History([], [])
    proposed: dict[str, ActionProposed] = {}
    background = False
    for fact in facts:
        turn = known.turns[-1] if known.turns else None
        match fact.body:
            case SessionStarted(cwd):
                known.workspace, background = cwd, False
            case TurnStarted(prompt):
                begun = Turn(fact.seq, fact.turn, said_in(prompt), [], workspace=known.workspace)
                known.turns.append(begun)
                known.begun, known.last = "", fact.seq
            case Checkpointed(id, reason=reason) if reason == GOING_BACK:
                known.begun = known.begun or id
            case Checkpointed() as kept if turn is not None:
                turn.keep(kept)
            case ActionProposed(id) as action:
                proposed[id] = action
            case ActionStarted(id) if turn is not None and id in proposed:
                background = background or _stays(proposed[id])
                turn.act(proposed[id], background=background)
            case Rewound() as rewound:
                _rewind(known, fact.seq, rewound)
            case _:
                pass
    return known


def in_one_place(turns: Sequence[Turn]) -> list[Turn]:
    """The last of these turns, as far back as what they changed lies in one workspace: only that
    can be put back at once."""
    found: list[Turn] = []
    place = ""
    for turn in reversed(turns):
        if turn.checkpoints and place and turn.workspace != place:
            break
        place = turn.workspace if turn.checkpoints else place
        found.append(turn)
    return found[::-1]


def _rewind(known: History, seq: int, rewound: Rewound) -> None:
    known.begun = ""
    if rewound.redone:
        if known.undone and not rewound.partial:
            last = known.undone.pop()
            # The turns of one that finished another are still undone, but for what was left.
            back = () if last.finishes else last.turns
            there = {turn.seq: turn for turn in (*known.turns, *back)}
            known.turns = [there[seq] for seq in sorted(there)]
        return
    gone: list[Turn] = []
    if rewound.finishes:
        gone = list(known.unfinished.turns) if known.unfinished else []
    elif rewound.what != "conversation":
        gone = in_one_place([turn for turn in known.turns if turn.seq >= rewound.to])
    if not rewound.partial:
        known.turns = [turn for turn in known.turns if turn not in gone]
    # One that was hindered is done once more, with all that it left.
    left = rewound.left if rewound.finishes or not rewound.partial else ()
    files = rewound.before, rewound.after
    known.undone.append(
        Undone(seq, rewound.what, *files, tuple(gone), left, finishes=rewound.finishes)
    )


def _runs(action: ActionProposed) -> bool:
    commands = (one for one in action.effects if one.kind == "run" or one.command is not None)
    return not all(map(reads_only, commands))


def _stays(action: ActionProposed) -> bool:
    """Whether it goes on in the background."""
    given = action.arguments
    return isinstance(given, dict) and bool(given.get("run_in_background"))


def _lasting(action: ActionProposed) -> list[str]:
    """What an action does beyond files, in words."""
    found: list[str] = []
    for effect in action.effects:
        if effect.kind == "reach":
            found.append(f"what was sent to {effect.target}")
        elif effect.command is not None and not reads_only(effect):
            words = effect.command.words or ("a command",)
            if words[0] == "git":
                found.append(f"what git keeps for itself: {' '.join(words[:2])}")
            elif effect.command.risk in ("dangerous", "opaque"):
                found.append(f"what {words[0]} did beyond the workspace, if anything")
    return found


def not_kept(facts: Iterable[Event], turns: Sequence[Turn]) -> list[str]:
    """What was said of these turns and those after them that no checkpoint covers."""
    return [
        fact.body.text
        for fact in facts
        if fact.seq >= turns[0].seq and isinstance(fact.body, Notice) and fact.body.code == NOT_KEPT
    ]


def outside(facts: Iterable[Event], roots: tuple[str, ...], turns: Iterable[Turn]) -> list[str]:
    """Paths outside of the roots that actions of these turns named as changed."""
    numbers = {turn.number for turn in turns}
    found: dict[str, None] = {}
    for fact in facts:
        if fact.turn in numbers and isinstance(fact.body, ActionProposed):
            for effect in fact.body.effects:
                inside = any(f"{effect.target}/".startswith(f"{root}/") for root in roots)
                if effect.kind in ("write", "delete") and not inside:
                    found[effect.target] = None
    return list(found)
