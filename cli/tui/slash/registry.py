"""All commands that are built in, but for those of the full screen alone: see `taste`."""

from typing import Final

from .command import Command
from .elsewhere import ELSEWHERE
from .looking import LOOKING
from .surface import Surface
from .talking import TALKING

COMMANDS: Final[tuple[Command[Surface], ...]] = (*TALKING, *LOOKING, *ELSEWHERE)
"""Their order is that of the help."""
