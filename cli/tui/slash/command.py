"""What a slash command is."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from ....config.errors import UsageError
from ....config.explain import nearest
from ..entry import Entry

S = TypeVar("S")
_Name = TypeVar("_Name", bound=str)


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
    listed: bool = True
    """As in `Entry`."""
    gives_way: bool = False
    """Whether a file may have its name, as it may have those of what is not listed."""

    @property
    def entry(self) -> Entry:
        """As it is proposed."""
        return Entry(self.name, self.help, self.arguments, self.aliases, self.listed)


def unknown(name: str, known: Iterable[str]) -> str:
    """What to say of a command that does not exist."""
    names = list(known)
    begun = min((one for one in names if one.startswith(name)), key=len, default="")
    guess = begun or nearest(name, names)
    return f"there is no command /{name}; " + (f"/{guess}?" if guess else "/help lists all")


def named(word: str, names: Sequence[_Name], what: str) -> _Name:
    """The one of these that a word behind a command names.

    Raises:
        UsageError: it is none of them, and so no `what`.
    """
    for name in names:
        if name == word:
            return name
    raise UsageError(f"{word!r} is no {what}", hint=f"one of {', '.join(names)}")
