"""Commands that only lines need: the screen has keys for them, or shows it all the time."""

from ....agent.messages import Text, said_in
from ....config.errors import UsageError
from ..desk.facts import Facts
from ..slash.command import Command
from ..slash.surface import Surface


async def _status(surface: Surface, words: str) -> None:
    surface.say("\n".join(status_lines(surface.look())))


def status_lines(facts: Facts) -> list[str]:
    """How things stand."""
    cost = "not known" if facts.cost_usd is None else f"${facts.cost_usd:.4f}"
    window = f" of {facts.context_window:,}" if facts.context_window else ""
    branch = f", branch {facts.branch}{' (changed)' if facts.dirty else ''}" if facts.branch else ""
    running = sum(task.running for task in facts.tasks)
    lines = [
        f"session {facts.session or 'none'}{f', called {facts.name}' if facts.name else ''}",
        f"directory {facts.cwd}{branch}",
        f"model {facts.model or 'none'}{f', effort {facts.effort}' if facts.effort else ''}",
        f"mode {facts.mode}, sandbox {facts.sandbox or 'not known'}",
        f"about {facts.context_tokens:,} tokens{window}, cost {cost}",
        f"{'working' if facts.working else facts.doing or 'at rest'}, commands running: {running}",
    ]
    lines += (f"waits until the turn is over: {one.words}" for one in facts.queue)
    lines += (f"not heard yet: {one.words}" for one in facts.steering)
    lines += (f"to do, {item.status}: {item.content}" for item in facts.todo)
    return lines


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
    Command("status", "how things stand", _status),
    Command("later", "say this when the turn is over", _later, "<words>"),
    Command("take-back", "take back what waits, to change it", _back),
    Command("background", "let the running command go on in the background", _background),
)
"""Their order is that of the help."""
