"""Actions as cards: a line at a glance, everything when opened."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace
from rich.segment import Segment
from rich.style import Style

from ....agent.effects import FileChange
from ...refused import shown
from .blocks import Card, CardStatus
from .clean import one_line, printed, words
from .diff import drawn, rows
from .flow import Line, behind, flow, one
from .found import found
from .links import at, linked
from .look import Look
from .prose import code

GLANCE: Final = 3
"""Lines of a running command's output that are shown."""
GLANCE_DIFF: Final = 12
"""Lines of a change that are shown."""
OPEN: Final = 400
"""Lines of an output or a change that are shown when opened."""
_SEARCHED: Final = 8_000
"""Characters at the end of an output in which its last lines are looked for."""
_FOLDS: Final = 20
"""Lines of the screen that one line of output may take."""

_SIGNS: Final[dict[CardStatus, tuple[str, str]]] = {
    "proposed": ("○", "dim"),
    "asked": ("?", "bold warn"),
    "running": ("●", "accent"),
    "ok": ("✓", "good"),
    "failed": ("✗", "bad"),
    "denied": ("⊘", "bad"),
    "timeout": ("✗", "bad"),
    "cancelled": ("◌", "warn"),
    "unknown": ("?", "warn"),
}
_WORDS: Final[dict[CardStatus, str]] = {
    "asked": "waits for your answer",
    "failed": "failed",
    "denied": "not allowed",
    "timeout": "ran out of time",
    "cancelled": "cancelled",
    "unknown": "begun; its end is not known",
}
"""What is said of states that their signs do not tell well enough."""
_TOLD: Final = frozenset({"content", "old_string", "new_string", "patch", "edits"})
"""Arguments that a diff shows better."""


def card(block: Card, look: Look) -> list[Line]:
    """An action."""
    margin = [Segment("  ")]
    inner = replace(look, width=max(10, look.width - 2))
    body = _opened(block, inner) if look.expanded else _glance(block, inner)
    return [_head(block, look), *behind(list(body), margin)]


def _head(block: Card, look: Look) -> Line:
    sign, ink = _SIGNS[block.status]
    failed = block.status == "ok" and block.exit_code
    if failed:
        sign, ink = "✗", "bad"
    facts = [Segment(" " + text, look.ink(style)) for text, style in _facts(block)]
    tool = Segment(words(block.tool), look.ink("bold text"))
    about = Segment(f" {words(block.title)}" if block.title else "", look.ink("text"))
    room = look.width - sum(len(fact.text) for fact in facts)
    head = one([tool, about], max(12, room), [Segment(f"{sign} ", look.ink(ink))])
    whole = Line((*head.segments, *facts), head.cells, head.lead)
    return one(whole.segments[1:], look.width, whole.segments[:1])


def _facts(block: Card) -> Iterator[tuple[str, str]]:
    """What stands behind the title, with its style."""
    if block.exit_code:
        yield f"exit {block.exit_code}", "bad"
    elif block.signal:
        yield f"ended by {block.signal}", "bad"
    elif block.status in _WORDS:
        yield _WORDS[block.status], _SIGNS[block.status][1]
    added = sum(change.added for change in block.changes)
    removed = sum(change.removed for change in block.changes)
    if block.changes:
        yield f"+{added}", "good"
        yield f"-{removed}", "bad"
    if block.status == "ok" and (words := found(block.tool, block.arguments, block.content)):
        yield words, "dim"
    if block.duration_ms >= 100:
        yield duration(block.duration_ms / 1000), "dim"


def duration(seconds: float) -> str:
    """A time span as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _glance(block: Card, look: Look) -> Iterator[Line]:
    if block.status == "running":
        yield from _tail(block.output, GLANCE, look)
    elif block.changes:
        yield from _changes(block.changes, look, GLANCE_DIFF)
    elif block.status == "denied":
        yield one([Segment(one_line(_reason(block)), look.ink("dim"))], look.width)
    elif block.status in ("failed", "timeout"):
        yield one([Segment(one_line(block.content), look.ink("bad"))], look.width)
    elif block.tool == "todo":
        yield from _tail(_progress(block.content), 1, look)
    elif block.exit_code or _speaks(block):
        yield from _tail(block.content, GLANCE if block.exit_code else 1, look)


def _progress(listed: str) -> str:
    """How far a list of tasks is, and which one comes now."""
    items = [line for line in listed.splitlines() if line.startswith(("[x] ", "[>] ", "[ ] "))]
    if not items:
        return listed
    done = sum(item.startswith("[x]") for item in items)
    now = [item for item in items if item.startswith("[>]")]
    to_do = [item for item in items if item.startswith("[ ]")]
    return " ".join([f"{done}/{len(items)}", *(now or to_do)[:1]])


def _speaks(block: Card) -> bool:
    """Whether what it says is worth a line: what was read is not repeated."""
    return any(effect.kind == "run" for effect in block.effects) or not block.effects


def _reason(block: Card) -> str:
    return shown(block.decision.reason if block.decision is not None else block.content)


def _tail(text: str, count: int, look: Look) -> Iterator[Line]:
    lines = [line for line in printed(text[-_SEARCHED:]).split("\n") if line.strip()]
    for line in lines[-count:]:
        yield one([Segment(line, look.ink("dim"))], look.width)


def _opened(block: Card, look: Look) -> Iterator[Line]:
    yield from _arguments(block, look)
    yield from _decided(block, look)
    if block.changes:
        yield from _changes(block.changes, look, OPEN)
    if block.status == "running":
        yield from output(block.output, look)
    elif not block.changes or block.status != "ok":
        denied = block.status == "denied"
        yield from output(shown(block.content) if denied else block.content, look)
    if block.full_output:
        label = Segment("all of it: ", look.ink("dim"))
        style = at(f"{block.full_output}:1", look) or look.ink("dim")
        yield from flow([label, Segment(words(block.full_output), style)], look.width)


def _arguments(block: Card, look: Look) -> Iterator[Line]:
    given = block.arguments
    if isinstance(given, str):
        yield from output(given, look)
        return
    for name, value in given.items():
        if name == "command" and isinstance(value, str):
            yield from code(value.strip(), "bash", look)
        elif value not in (None, False, "") and not (block.changes and name in _TOLD):
            text = value if isinstance(value, str) else repr(value)
            label = Segment(f"{words(name)}: ", look.ink("dim"))
            yield from flow([label, Segment(words(text), look.ink("text"))], look.width)[:OPEN]


def _decided(block: Card, look: Look) -> Iterator[Line]:
    """Who decided, and why."""
    decision = block.decision
    if decision is None:
        return
    if decision.asked:
        waited = f" after {duration(decision.waited_ms / 1000)}" if decision.waited_ms else ""
        if decision.outcome == "allow":
            reason = f": {decision.reason}" if decision.reason else ""
            text = f"you allowed it{waited}{reason}"
        else:
            text = f"{shown(decision.reason) or 'you said no'}{waited and f' ({waited.strip()})'}"
    else:
        done = "allowed" if decision.outcome == "allow" else "not allowed"
        text = f"{done} by {decision.by}: {decision.reason}"
    rule = f" (rule {decision.rule})" if decision.rule else ""
    changed = ", with other arguments" if decision.modified is not None else ""
    yield from flow([Segment(words(f"{text}{rule}{changed}"), look.ink("dim"))], look.width)


def output(text: str, look: Look, limit: int = OPEN) -> Iterator[Line]:
    """What was printed, its middle left out where it is long."""
    lines = printed(text).rstrip().split("\n") if text.strip() else []
    hidden = max(0, len(lines) - limit)
    half = limit // 2 if hidden else len(lines)
    for line in lines[:half]:
        yield from _printed(line, look)
    if hidden:
        yield one([Segment(f"… {hidden} lines left out", look.ink("dim"))], look.width)
        for line in lines[-half:]:
            yield from _printed(line, look)


def _printed(line: str, look: Look) -> list[Line]:
    segments = list(linked(line, look.ink("dim"), look))
    return flow(segments, look.width, by_words=False)[:_FOLDS]


def _changes(changes: Sequence[FileChange], look: Look, limit: int) -> Iterator[Line]:
    for change in changes:
        if len(changes) > 1 or change.moved_from or not change.diff:
            yield from _changed(change, look)
        shown = list(rows(change.diff, change.path.rpartition("/")[2], look))
        yield from drawn(shown[:limit], look)
        if len(shown) > limit:
            more = f"… {len(shown) - limit} lines more"
            yield one([Segment(more, look.ink("dim"))], look.width)


def _changed(change: FileChange, look: Look) -> list[Line]:
    origin = f" (from {words(change.moved_from)})" if change.moved_from else ""
    style = look.ink("dim")
    return flow(
        [
            Segment(f"{change.change} ", style),
            Segment(words(change.path), (at(f"{change.path}:1", look) or Style.null()) + style),
            Segment(f"{origin} ", style),
            *counts(change.added, change.removed, look),
        ],
        look.width,
    )


def counts(added: int, removed: int, look: Look) -> list[Segment]:
    """How many lines came and went."""
    return [
        Segment(f"+{added}", look.ink("good")),
        Segment(" ", look.ink("text")),
        Segment(f"-{removed}", look.ink("bad")),
    ]
