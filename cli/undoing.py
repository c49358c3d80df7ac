"""What of a session can be undone: a fold of its facts."""

from collections.abc import Iterable

from msgspec import Struct

from ..agent.events import ActionProposed, ActionStarted, Event, TurnStarted
from ..agent.kept import Checkpointed, Rewound
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
    lasting: list[str] = []
    """Effects that files do not show."""


class Undone(Struct, frozen=True):
    """An undoing that can be taken back."""

    seq: int
    """Of its `rewound`."""
    before: str
    """The checkpoint of how the files were just before."""
    turns: tuple[Turn, ...]


class History(Struct):
    """The turns whose effects are there, and those that were undone; both oldest first."""

    turns: list[Turn]
    undone: list[Undone]


def history(facts: Iterable[Event]) -> History:
    """What the log says of turns and their files."""
    known = History([], [])
    proposed: dict[str, ActionProposed] = {}
    for fact in facts:
        turn = known.turns[-1] if known.turns else None
        match fact.body:
            case TurnStarted(prompt):
                words = " ".join(part.text for part in prompt if isinstance(part, Text))
                known.turns.append(Turn(fact.seq, fact.turn, words, []))
            case Checkpointed(id, closes=True) if turn is not None:
                turn.after = id
            case Checkpointed(id) if turn is not None:
                turn.checkpoints.append(id)
                turn.after = ""
            case ActionProposed(id) as action:
                proposed[id] = action
            case ActionStarted(id) if turn is not None and id in proposed:
                turn.lasting += _lasting(proposed[id])
            case Rewound() as rewound:
                _rewind(known, fact.seq, rewound)
            case _:
                pass
    return known


def _rewind(known: History, seq: int, rewound: Rewound) -> None:
    if rewound.what == "conversation":
        return
    if rewound.redone:
        if known.undone:
            known.turns += known.undone.pop().turns
        return
    gone = [turn for turn in known.turns if turn.seq >= rewound.to]
    known.turns = [turn for turn in known.turns if turn.seq < rewound.to]
    known.undone.append(Undone(seq, rewound.before, tuple(gone)))


def _lasting(action: ActionProposed) -> list[str]:
    """What an action does beyond files, in words."""
    found: list[str] = []
    for effect in action.effects:
        if effect.kind == "reach":
            found.append(f"what was sent to {effect.target}")
        elif effect.command is not None and not reads_only(effect):
            if effect.command.words[:1] == ("git",):
                found.append(f"what git keeps for itself: {' '.join(effect.command.words[:2])}")
            elif effect.command.risk in ("dangerous", "opaque"):
                found.append(
                    f"what {effect.command.words[0]} did beyond the workspace, if anything"
                )
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
