"""The slash commands of the plain mode: what can be said in words."""

from collections.abc import Awaitable, Callable

from ....config.errors import UsageError
from ....config.settings import MODES
from ..desk.desk import Desk

UNKNOWN = "there is no command /{} here; /help lists those that there are"

_Run = Callable[[Desk, str], Awaitable[str]]


async def run_command(desk: Desk, name: str, words: str) -> str | None:
    """What a command has to say; None if there is none of this name.

    Raises:
        KedgeError: it could not be done.
    """
    if name not in _COMMANDS:
        return None
    return await _COMMANDS[name][1](desk, words)


async def _help(desk: Desk, words: str) -> str:
    lines = [f"/{name:<8} {help}" for name, (help, _) in _COMMANDS.items()]
    return "\n".join(
        [*lines, "/quit     leave, as Ctrl+D does", "!COMMAND  your own shell", "#TEXT     a note"]
    )


async def _mode(desk: Desk, words: str) -> str:
    if words and words not in MODES:
        raise UsageError(f"{words!r} is no mode", hint=f"one of {', '.join(MODES)}")
    for mode in MODES:
        if mode == words:
            await desk.set_mode(mode)
    return f"the mode is {desk.facts.mode}"


async def _model(desk: Desk, words: str) -> str:
    if words:
        await desk.set_model(words)
    return f"the model is {desk.facts.model}"


async def _compact(desk: Desk, words: str) -> str:
    return await desk.compact(words)


async def _undo(desk: Desk, words: str) -> str:
    return await desk.undo(int(words) if words.isdecimal() else 1)


async def _redo(desk: Desk, words: str) -> str:
    return await desk.redo()


async def _new(desk: Desk, words: str) -> str:
    await desk.new()
    return f"session {desk.facts.session}"


async def _resume(desk: Desk, words: str) -> str:
    await desk.resume(words)
    return f"session {desk.facts.session}"


async def _continue(desk: Desk, words: str) -> str:
    return "going on" if desk.go_on() else "there is nothing to go on with; /resume ID"


async def _why(desk: Desk, words: str) -> str:
    return desk.why(words) or "nothing was decided" + (f" about {words}" if words else " yet")


async def _tasks(desk: Desk, words: str) -> str:
    desk.refresh()
    tasks = desk.facts.tasks
    return "\n".join(f"{task.id or 'now'} {task.state}: {task.command}" for task in tasks) or "none"


async def _status(desk: Desk, words: str) -> str:
    facts = desk.facts
    cost = "not known" if facts.cost_usd is None else f"${facts.cost_usd:.2f}"
    return (
        f"session {facts.session}, model {facts.model}, mode {facts.mode}, "
        f"sandbox {facts.sandbox}, about {facts.context_tokens} tokens, cost {cost}"
    )


_COMMANDS: dict[str, tuple[str, _Run]] = {
    "help": ("this list", _help),
    "mode": (f"[{'|'.join(MODES)}]: how much may happen without asking", _mode),
    "model": ("[PROVIDER/NAME]: which model answers", _model),
    "compact": ("[WHAT MATTERS]: summarise the conversation", _compact),
    "undo": ("[N]: the files as they were before the last turns", _undo),
    "redo": ("take the last undoing back", _redo),
    "why": ("[CALL]: what was decided last, or about a call", _why),
    "tasks": ("what runs", _tasks),
    "status": ("how things stand", _status),
    "new": ("begin a new session", _new),
    "continue": ("go on with the turn that broke off", _continue),
    "resume": ("ID: go on with another session", _resume),
}
