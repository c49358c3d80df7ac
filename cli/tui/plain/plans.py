"""A plan in numbered lines: read, remarked on, edited and decided on."""

import re
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from ....config.errors import KedgeError
from ...terminal import harmless
from ..asking.deciding import WHOLE, Choice, PlanDecided, decided
from .choosing import Host, choice
from .keyboard import Ask

_NOTE: Final = re.compile(r"(\d{1,5})\s*:\s*(.+)", re.ASCII)
_HOW: Final = (
    "words behind the number of a line and a colon are on that line, such as 3: not this file; "
    "words alone are on all of it"
)


_DECISIONS: Final[tuple[tuple[Choice | Literal["edit"], str], ...]] = (
    ("auto", "accept it, and go on in mode auto"),
    ("ask", "accept it, and go on in mode ask"),
    ("revise", "have it revised: you say what is to change"),
    ("reject", "leave it"),
    ("edit", "edit it in your editor first"),
)


Edit = Callable[[str], Awaitable[str]]
"""Gives what a person makes of a text in their editor; raises `KedgeError` where that failed."""


async def reviewed(host: Host, plan: str, edit: Edit) -> PlanDecided | None:
    """What a person decides on a plan, which may be another one by then; None: nothing yet."""
    written = plan = harmless(plan).strip("\n")
    while True:
        title = f"the plan:\n{plan_lines(plan)}\n"
        found = await choice(host, title, [("", words) for _, words in _DECISIONS])
        decision = "reject" if found is None else _DECISIONS[found][0]
        if decision == "edit":
            plan = await _edited(host, plan, edit)
            continue
        edited, notes = plan != written, dict[int, str]()
        if decision == "revise":
            given = await notes_on(host, plan)
            if given is None or not (given or edited):
                return None
            notes = given
        return decided(decision, plan, notes, edited=edited)


async def _edited(host: Host, plan: str, edit: Edit) -> str:
    try:
        return harmless(await edit(plan)).strip("\n")
    except KedgeError as error:
        host.say(f"! {error.in_words}")
        return plan


def plan_lines(plan: str) -> str:
    """A plan as it is printed."""
    return "\n".join(f"  {number} {line}" for number, line in enumerate(plan.splitlines(), 1))


async def notes_on(host: Host, plan: str) -> dict[int, str] | None:
    """What is to change, by places; None if the person gave that up."""
    count, notes = len(plan.splitlines()), dict[int, str]()
    host.say(_HOW)
    while (said := await host.line(Ask("what is to change, Enter sends it: "))) is not None:
        if not said.strip():
            return notes
        place, words = note_of(said)
        if place >= count:
            host.say(f"there is no line {place + 1}; the last one is {count}")
        else:
            notes[place] = "\n".join(filter(None, (notes.get(place, ""), words)))
    return None


def note_of(said: str) -> tuple[int, str]:
    """A note with its place, from 0; `WHOLE` where it names none."""
    match = _NOTE.fullmatch(said.strip())
    if match is None or match[1].strip("0") == "":
        return WHOLE, said.strip()
    return int(match[1]) - 1, match[2]
