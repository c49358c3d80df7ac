"""What a slash command is."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from ....config.explain import nearest
from ..composer.sources import Entry

if TYPE_CHECKING:
    from ..seated import Seated

Run = Callable[["Seated", str], Awaitable[None]]
"""Runs a command, given the words behind its name. Raises `KedgeError` where it cannot be done."""


class Command(Struct, frozen=True):
    """A command that is built in."""

    name: str
    help: str
    run: Run
    arguments: str = ""
    """As in `Entry`."""
    aliases: tuple[str, ...] = ()

    @property
    def entry(self) -> Entry:
        """As it is proposed."""
        also = f" (also /{', /'.join(self.aliases)})" if self.aliases else ""
        return Entry(self.name, f"{self.help}{also}", self.arguments)


def unknown(name: str, known: Iterable[str]) -> str:
    """What to say of a command that does not exist."""
    guess = nearest(name, known)
    return f"there is no command /{name}; " + (f"/{guess}?" if guess else "/help lists all")
