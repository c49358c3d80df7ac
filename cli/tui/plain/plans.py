"""A plan in numbered lines, and what a person remarks on them."""

import re
from typing import Final, Protocol

from ..asking.deciding import WHOLE
from .keyboard import Ask

_NOTE: Final = re.compile(r"(\d{1,5})\s*:\s*(.+)", re.ASCII)
_HOW: Final = (
    "words behind the number of a line and a colon are on that line, such as 3: not this file; "
    "words alone are on all of it"
)


class Host(Protocol):
    """Who has the lines."""

    def say(self, words: str) -> None:
        """Print words on lines of their own."""
        ...

    async def line(self, ask: Ask) -> str | None:
        """The line that a person types; None: they give none."""
        ...


def plan_lines(plan: str) -> str:
    """A plan as it is printed."""
    return "\n".join(f"  {number} {line}" for number, line in enumerate(plan.splitlines(), 1))


async def notes_on(host: Host, plan: str) -> dict[int, str]:
    """What is to change, by places; nothing if the person gave that up."""
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
    return {}


def note_of(said: str) -> tuple[int, str]:
    """A note with its place, from 0; `WHOLE` where it names none."""
    match = _NOTE.fullmatch(said.strip())
    if match is None or match[1].strip("0") == "":
        return WHOLE, said.strip()
    return int(match[1]) - 1, match[2]
