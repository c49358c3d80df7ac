"""What a slash command is."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from ....config.explain import nearest
from ..composer.sources import Entry

S = TypeVar("S")


class Command(Struct, Generic[S], frozen=True):
    """A command that is built in, for who sits at an `S`."""

    name: str
    help: str
    run: Callable[[S, str], Awaitable[None]]
    """Runs it, given the words behind its name. Raises `KedgeError` where it cannot be done."""
    arguments: str = ""
    """As in `Entry`."""
    aliases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """What may follow, where that is known."""

    @property
    def entry(self) -> Entry:
        """As it is proposed."""
        also = f" (also /{', /'.join(self.aliases)})" if self.aliases else ""
        return Entry(self.name, f"{self.help}{also}", self.arguments)


def unknown(name: str, known: Iterable[str]) -> str:
    """What to say of a command that does not exist."""
    guess = nearest(name, known)
    return f"there is no command /{name}; " + (f"/{guess}?" if guess else "/help lists all")
