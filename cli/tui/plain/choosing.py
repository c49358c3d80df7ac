"""Choosing by number, line by line."""

from collections.abc import Sequence
from typing import Protocol

from .keyboard import Ask
from .pages import chosen, numbered


class Host(Protocol):
    """Who has the lines."""

    def say(self, words: str) -> None:
        """Print words on lines of their own."""
        ...

    async def line(self, ask: Ask) -> str | None:
        """The line that a person types; None: they give none."""
        ...


async def choice(
    host: Host, title: str, items: Sequence[tuple[str, str]], words: str = "a number"
) -> int | None:
    """Which of these a person chooses, from 0; None: none."""
    if not items:
        host.say(f"{title}\n  none")
        return None
    host.say(f"{title}\n{numbered(items)}")
    return await number(host, words, len(items))


async def number(host: Host, words: str, count: int) -> int | None:
    """Which of so many, which were shown, a person chooses, from 0; None: none."""
    while line := await host.line(Ask(f"{words}, Enter leaves it: ")):
        if (found := chosen(line.strip(), count)) is not None:
            return found
        if not line.strip():
            return None
        host.say(f"{line.strip()!r} is no number from 1 to {count}")
    return None
