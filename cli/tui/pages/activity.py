"""What goes on: commands under way, decisions, the health of everything that kedge stands on."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from ....agent.tools.todo import TodoItem
from ...commands.sessions_doctor import Finding
from ..desk.state import DeskState, Task
from .page import Page, Row, Tone, head, lines, page


def tasks_page(tasks: Sequence[Task], background: str) -> Page:
    """The commands under way and those that ended in the background, with the end of what they
    printed; those in the background can be stopped by their id. `background` is what a person
    presses or types to send one there."""
    return page("tasks", _tasks(tasks, background))


def _tasks(tasks: Sequence[Task], background: str) -> Iterator[Row]:
    for task in tasks:
        command = " ".join(task.command.split())
        tone: Tone = "good" if task.running else "dim"
        yield Row(f"{task.id or 'now':<8} {task.state:<22} {command}", tone, task.id, task.tail)
    if not tasks:
        yield Row(f"nothing runs; {background} sends a command to the background", "dim")


_SIGNS: Final[dict[str, tuple[str, Tone]]] = {
    "completed": ("done", "dim"),
    "in_progress": ("now", "good"),
    "pending": ("to do", ""),
}


def todo_page(items: Sequence[TodoItem]) -> Page:
    """What the model has set itself to do."""
    rows = (
        Row(f"{_SIGNS[one.status][0]:<6} {one.content}", _SIGNS[one.status][1]) for one in items
    )
    none = Row("there is no list: the model makes one for work with several steps", "dim")
    return page("tasks to do", rows if items else (none,))


def why_page(words: str) -> Page:
    """The decision, explained."""
    return page("why", lines(words) if words else (Row("nothing was decided yet", "dim"),))


class Health(Struct, frozen=True):
    """What the doctor looked at."""

    state: DeskState
    sandbox: tuple[tuple[str, str], ...]
    """Each rung of the ladder: `yes`, or what is in the way."""
    terminal: tuple[tuple[str, str], ...]
    """What the terminal says that it can do."""
    keys: tuple[str, ...]
    """Providers that a key is there for, or that answer."""
    needs_key: bool
    """Whether the model's provider does."""
    findings: tuple[Finding, ...]


def doctor_page(health: Health) -> Page:
    """How everything is that kedge stands on."""
    return page("doctor", _doctor(health))


def _doctor(health: Health) -> Iterator[Row]:
    state = health.state
    yield head("sandbox")
    confined = state.sandbox not in ("", "off", "none")
    yield Row(
        state.sandbox or "not known before the session is open", "good" if confined else "warn"
    )
    for rung, said in health.sandbox:
        yield Row(f"  {rung}: {said}", "" if said == "yes" else "dim")
    yield head("models")
    yield Row(f"{state.model or 'none'}{f', effort {state.effort}' if state.effort else ''}")
    keys = ", ".join(health.keys)
    missing = "no key; /model says which to set" if health.needs_key else "no key, and none needed"
    yield Row(f"keys and sign-ins: {keys}" if keys else missing)
    for name in state.open_breakers:
        yield Row(f"paused because it kept failing: {name}", "bad")
    yield head("terminal")
    for name, said in health.terminal:
        yield Row(f"{name:<12} {said}")
    yield head("what is kept")
    for finding in health.findings:
        yield Row(f"{finding.about}: {finding.meaning}", "bad" if finding.harm else "")
    if not health.findings:
        yield Row("nothing is wrong", "good")
    else:
        yield Row("kedge sessions doctor --fix repairs what it can", "dim")
