"""What of a session can be undone: a fold of its facts."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from ..agent.events import ActionProposed, ActionStarted, Event, SessionStarted, TurnStarted
from ..agent.kept import GOING_BACK, Checkpointed, Reach, Rewound
from ..agent.messages import Text
from ..agent.ports import reads_only


class Turn(Struct):
    """A turn, and how the files were around it."""

    seq: int
    """Of its `turn.started`."""
    number: int
    prompt: str
    checkpoints: list[str]
    """From before its changes, oldest first; empty if it changed nothing."""
    after: str = ""
    """How it left things; empty if it broke off."""
    workspace: str = ""
    """Where it worked: a session can be gone on with elsewhere."""
    lasting: list[str] = []
    """Effects that files do not show."""
    ran: bool = False
    """Whether commands ran that may have changed something."""


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


def history(facts: Iterable[Event]) -> History:
    """What the log says of turns and their files."""
    known = History([], [])
    proposed: dict[str, ActionProposed] = {}
    for fact in facts:
        turn = known.turns[-1] if known.turns else None
        match fact.body:
            case SessionStarted(cwd):
                known.workspace = cwd
            case TurnStarted(prompt):
                words = " ".join(part.text for part in prompt if isinstance(part, Text))
                begun = Turn(fact.seq, fact.turn, words, [], workspace=known.workspace)
                known.turns.append(begun)
                known.begun, known.last = "", fact.seq
            case Checkpointed(id, reason=reason) if reason == GOING_BACK:
                known.begun = known.begun or id
            case Checkpointed(id, closes=True) if turn is not None:
                turn.after = id
            case Checkpointed(id) if turn is not None:
                turn.checkpoints.append(id)
                turn.after = ""
            case ActionProposed(id) as action:
                proposed[id] = action
            case ActionStarted(id) if turn is not None and id in proposed:
                turn.lasting += _lasting(proposed[id])
                turn.ran = turn.ran or _runs(proposed[id])
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
        if known.undone:
            known.turns = sorted((*known.turns, *known.undone.pop().turns), key=lambda it: it.seq)
        return
    gone: list[Turn] = []
    if rewound.what != "conversation":
        gone = in_one_place([turn for turn in known.turns if turn.seq >= rewound.to])
        known.turns = [turn for turn in known.turns if turn not in gone]
    known.undone.append(Undone(seq, rewound.what, rewound.before, rewound.after, tuple(gone)))


def _runs(action: ActionProposed) -> bool:
    return any(one.command is not None and not reads_only(one) for one in action.effects)


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
