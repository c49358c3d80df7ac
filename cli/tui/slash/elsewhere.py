"""Commands that people know from other agents, and that kedge has no list entry for: each says what
is there instead. Only who asks for one by name meets it."""

from typing import Final

from ....config.version import VERSION
from .command import Command
from .lookups import log_of
from .surface import Surface


def _says(name: str, help: str, words: str, *aliases: str) -> Command[Surface]:
    """A command that only says something."""

    async def say(surface: Surface, _: str) -> None:
        surface.say(words)

    return Command(name, help, say, aliases=aliases, listed=False)


async def _mention(surface: Surface, words: str) -> None:
    surface.put(f"@{words}")
    surface.say("@ and some letters of its path: the file goes along with your words")


async def _feedback(surface: Surface, words: str) -> None:
    crashes = surface.where.home.state_dir / "crashes"
    surface.say(f"nothing is sent anywhere: /export writes the session down without secrets, "
                f"reports of crashes are in {crashes}")  # fmt: skip


async def _log(surface: Surface, words: str) -> None:
    surface.say(f"the log, one event a line: {log_of(surface)}; /doctor says how everything is")


ELSEWHERE: Final[tuple[Command[Surface], ...]] = (
    Command("mention", "a file goes along: type @", _mention, aliases=("add",), listed=False),
    Command("feedback", "where reports are", _feedback, aliases=("bug",), listed=False),
    Command("log", "where the log is", _log, aliases=("debug",), listed=False),
    _says("yolo", "mode full, in which nothing is asked",
          "/mode full never asks; what is forbidden stays forbidden, and the sandbox stays. "
          "/mode auto asks only beyond the sandbox"),
    _says("version", "which kedge this is", f"kedge {VERSION}"),
    _says("statusline", "how to have a status line of your own",
          'a command prints it: status_command = "…" in [tui] of config.toml'),
    _says("add-dir", "how to work in a further directory",
          "a session gets its directories when it is opened: leave, then "
          "kedge --add-dir DIR --continue"),
    _says("agents", "there are none yet", "there are no other agents to choose from yet"),
    _says("skills", "there are none yet", "there are no skills yet; /memory has instructions and "
          "notes, and a Markdown file in .kedge/commands/ is a command"),
)  # fmt: skip
"""Their order means nothing."""
