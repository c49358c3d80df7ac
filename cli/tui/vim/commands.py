"""The grammar of vi's normal and visual modes: keys into commands."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from .motions import FINDS, MOTIONS, OBJECTS

_OPERATORS = frozenset("dcy")
_COMMANDS = frozenset("xXsSoOpPuJ~vViaIACDY.r") | {"ctrl+r"}
_VISUAL = frozenset("dxXDcsCSyYoJ~uUpPvVr")
_ALIASES = {" ": "l", "backspace": "h", "left": "h", "right": "l", "home": "0", "end": "$"}
_MOST = 9_999
"""The largest count: with more, keys that were held down would freeze the terminal."""


class Command(Struct, frozen=True):
    """What a complete sequence of keys asks for."""

    name: str
    """A motion, a text object, a command; `line` for an operator said twice."""
    count: int = 0
    """0: none was said."""
    operator: Literal["", "d", "c", "y"] = ""
    argument: str = ""
    """The character of f t F T r."""

    @property
    def times(self) -> int:
        """How often; once if nothing was said."""
        return self.count or 1


Incomplete = Literal["incomplete"]


def parse(keys: Sequence[str], *, visual: bool = False) -> Command | Incomplete | None:
    """The command that keys make up; None if there is no such command."""
    rest = [_ALIASES.get(key, key) for key in keys]
    count = _count(rest)
    operator: Literal["", "d", "c", "y"] = ""
    match rest[:1]:
        case [("d" | "c" | "y") as said] if not visual:
            operator = said
            del rest[0]
            if more := _count(rest):
                count = min(_MOST, (count or 1) * more)
        case _:
            pass
    if not rest:
        return "incomplete"
    return _named(rest, list(keys), count, operator, visual)


def _named(
    rest: list[str],
    keys: list[str],
    count: int,
    operator: Literal["", "d", "c", "y"],
    visual: bool,
) -> Command | Incomplete | None:
    head, second = rest[0], rest[1:2]
    if operator and head == operator:
        return Command("line", count, operator)
    takes_object = head in ("i", "a") and (visual or operator)
    takes_character = head in FINDS or (head == "r" and not operator)
    if (head == "g" or takes_object or takes_character) and not second:
        return "incomplete"
    if head == "g":
        return Command("gg", count, operator) if second == ["g"] else None
    if takes_object:
        name = head + second[0]
        return Command(name, count, operator) if name in OBJECTS else None
    if takes_character:
        character = keys[-1]
        return Command(head, count, operator, character) if len(character) == 1 else None
    others = frozenset[str]() if operator else _VISUAL if visual else _COMMANDS
    return Command(head, count, operator) if head in MOTIONS or head in others else None


def _count(rest: list[str]) -> int:
    """The number at the beginning, which is taken away; 0 if there is none."""
    count = 0
    while rest and len(rest[0]) == 1 and rest[0] in "0123456789" and (count or rest[0] != "0"):
        count = min(_MOST, count * 10 + int(rest.pop(0)))
    return count
