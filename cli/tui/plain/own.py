"""Commands that only lines need: the screen has keys for them, or shows it all the time."""

from ....agent.messages import Text, said_in
from ....config.errors import UsageError
from ..slash.command import Command
from ..slash.surface import Surface


async def _later(surface: Surface, words: str) -> None:
    if not words:
        raise UsageError("what is to be said later?", hint="/later WORDS")
    surface.desk.later((Text(words),))


async def _back(surface: Surface, words: str) -> None:
    last = surface.desk.take_back()
    if last is None:
        surface.say("nothing waits")
    else:
        surface.put(said_in(last))


async def _background(surface: Surface, words: str) -> None:
    if not surface.desk.background():
        surface.say("no command is being waited for")


OWN: tuple[Command[Surface], ...] = (
    Command("later", "say this when the turn is over", _later, "<words>"),
    Command("take-back", "take back what waits, to change it", _back),
    Command("background", "let the running command go on in the background", _background),
)
"""Their order is that of the help."""
