"""All commands that are built in, but for those of the full screen alone: see `taste`."""

from typing import Final

from .command import Command
from .conversation import CONVERSATION
from .elsewhere import ELSEWHERE
from .surface import Surface
from .views import VIEWS

COMMANDS: Final[tuple[Command[Surface], ...]] = (*CONVERSATION, *VIEWS, *ELSEWHERE)
"""Their order is that of the help."""
