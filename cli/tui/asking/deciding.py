"""What a person makes of a plan, and how the model is told."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from ....agent.messages import Text

if TYPE_CHECKING:
    from ..desk.desk import Desk

Choice = Literal["auto", "ask", "revise", "reject"]
Notes = Mapping[int, str]
"""What a person remarks on a line of a plan, by its place from 0; on all of it by `WHOLE`."""
WHOLE: Final = -1

_AGREED: Final = "I accept this plan. Carry it out, and say where it turns out to be wrong."
_REVISE: Final = "Revise the plan, and answer with the whole of it. What I remark on it:"
_REMARKS: Final = "What I remark on it:"


class PlanDecided(Struct, frozen=True):
    """What a person decided."""

    choice: Choice
    """`auto` and `ask`: it is accepted, and that is the mode in which it is carried out."""
    text: str
    """The prompt that says so to the model; empty where there is nothing to say."""


def decided(choice: Choice, plan: str, notes: Notes, *, edited: bool) -> PlanDecided:
    """A decision, with the prompt that tells the model. `edited`: whether the plan is no longer
    the one that the model wrote."""
    remarks = "\n\n".join(_remark(plan, place, note) for place, note in sorted(notes.items()))
    match choice:
        case "reject":
            return PlanDecided(choice, "")
        case "revise":
            parts = [_REVISE, remarks, f"I changed it to this:\n\n{plan}" if edited else ""]
        case "auto" | "ask":
            parts = [_AGREED, plan, f"{_REMARKS}\n\n{remarks}" if remarks else ""]
    return PlanDecided(choice, "\n\n".join(filter(None, parts)))


async def follow(desk: "Desk", decision: PlanDecided) -> None:
    """Do what was decided: go on in the mode that was chosen, and tell the model.

    Raises:
        KedgeError: the mode cannot be kept.
    """
    if decision.choice in ("auto", "ask"):
        await desk.set_mode(decision.choice)
    if decision.text:
        desk.submit((Text(decision.text),))


def _remark(plan: str, place: int, note: str) -> str:
    return note if place == WHOLE else f"> {plan.splitlines()[place]}\n{note}"


def carried_over(notes: Notes, before: str, after: str) -> dict[int, str]:
    """The notes in their new places when a plan was edited: a note on a changed line is on what
    replaced it, one on a line that was taken away is gone."""
    lines = before.splitlines(), after.splitlines()
    moved: dict[int, int] = {}
    for what, start, end, to, to_end in SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
        if what in ("equal", "replace"):
            moved |= {place: min(to + place - start, to_end - 1) for place in range(start, end)}
    carried: dict[int, str] = {}
    for place, note in sorted(notes.items()):
        if place in moved:
            there = carried.get(moved[place], "")
            carried[moved[place]] = "\n".join(filter(None, (there, note)))
    return carried
