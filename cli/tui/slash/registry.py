"""All commands that are built in."""

from collections.abc import Mapping, Sequence
from typing import Final

from ....config.settings import MODES
from ..composer.sources import Candidate
from ..view.palette import AUTOMATIC, PALETTES
from .command import Command
from .looking import LOOKING
from .talking import TALKING
from .taste import TASTE

COMMANDS: Final[tuple[Command, ...]] = (*TALKING, *LOOKING, *TASTE)

BY_NAME: Final[Mapping[str, Command]] = {
    name: command for command in COMMANDS for name in (command.name, *command.aliases)
}

_WORDS: Final[Mapping[str, Sequence[str]]] = {
    "mode": MODES,
    "theme": (*PALETTES, AUTOMATIC),
    "thinking": ("collapsed", "shown", "hidden"),
    "vim": ("on", "off"),
    "compact": ("undo",),
}


async def argument_words(name: str, word: str) -> Sequence[Candidate]:
    """What may follow a command."""
    command = BY_NAME.get(name)
    words = _WORDS.get(command.name, ()) if command else ()
    return [Candidate(one, one, runs=True) for one in words if one.startswith(word)]
