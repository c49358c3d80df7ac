"""A session as a story to read: who said what, what was done, how it ended."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from ..agent.events import (
    ActionEnded,
    ActionProposed,
    CheckEnded,
    Compacted,
    Decision,
    Event,
    Failure,
    MessageAdded,
    Notice,
    Result,
    SessionStarted,
    TurnStarted,
)
from ..agent.lineage import Forked, Renamed
from ..agent.messages import Part, Text, said_in
from .compacted import told, undone
from .money import dollars
from .terminal import harmless
from .titles import title


class Chapter(Struct, frozen=True):
    """One thing that happened."""

    title: str
    text: str = ""
    speaks: bool = False
    """Whether the text is somebody's words, rather than what a program said."""


def chapters(events: Iterable[Event]) -> Iterator[Chapter]:
    """The story of a session, in order."""
    proposed: dict[str, str] = {}
    cwd = ""
    for event in events:
        match event.body:
            case SessionStarted() as started:
                cwd = started.cwd
                yield _opening(event, started)
            case ActionProposed() as action:
                proposed[action.id] = title(action, cwd)
            case Decision(id, "deny", by, reason):
                yield _chapter(f"Not allowed by {by}: {proposed.get(id, id)}", reason)
            case ActionEnded() as ended if ended.status != "denied":
                yield _ended(ended, proposed.pop(ended.id, ended.tool))
            case _:
                yield from _words_of(event) or _remark(event)


def _words_of(event: Event) -> list[Chapter]:
    match event.body:
        case TurnStarted(prompt):
            return [_chapter("Person", said_in(prompt), speaks=True)]
        case MessageAdded(role, parts, origin) if role != "tool":
            text = said_in(parts)
            return [_chapter(_SPEAKERS[origin], text, speaks=True)] if text else []
        case _:
            return []


_SPEAKERS = {"model": "Model", "person": "Person", "check": "A check", "kedge": "kedge"}


def _remark(event: Event) -> list[Chapter]:
    match event.body:
        case CheckEnded(name, ok) as check:
            return [_chapter(f"Check {'passed' if ok else 'failed'}: {name}", check.output)]
        case Compacted(summary=summary) as compacted:
            words = told(compacted)
            return [_chapter(words[:1].upper() + words[1:], "" if undone(compacted) else summary)]
        case Forked(parent, upto):
            return [_chapter(f"Forked from session {parent} after record {upto}")]
        case Renamed(name):
            return [_chapter(f"Named {name!r}" if name else "Its name was taken away")]
        case Notice(_, text):
            return [_chapter(f"Notice: {text}")]
        case Failure(_, text):
            return [_chapter(f"Failed: {text}")]
        case Result() as result:
            cost = dollars(result.cost_usd, estimated=result.cost_estimated, unknown="unknown")
            how = f"{result.status} (exit code {result.exit_code}, cost {cost})"
            return [_chapter(f"Ended: {how}")]
        case _:
            return []


def _opening(event: Event, started: SessionStarted) -> Chapter:
    lines = (
        f"time: {event.ts}",
        f"directory: {started.cwd}",
        f"model: {started.model}",
        f"mode: {started.mode}",
        f"sandbox: {started.sandbox}",
        f"kedge: {started.kedge_version}, configuration {started.config_version}",
    )
    how = "Opened" if started.resumed_after is None else "Gone on with"
    return _chapter(how, "\n".join(lines))


def _ended(ended: ActionEnded, about: str) -> Chapter:
    how = f"exit code {ended.exit_code}" if ended.exit_code else ended.status
    diffs = "\n".join(change.diff for change in ended.changes if change.diff)
    return _chapter(f"{about} ({how})", diffs or _said(ended.content))


def _said(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def _chapter(title: str, text: str = "", *, speaks: bool = False) -> Chapter:
    return Chapter(harmless(title), harmless(text), speaks)
