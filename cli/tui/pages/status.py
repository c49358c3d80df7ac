"""How things stand, on one page."""

from collections.abc import Iterable, Iterator

from ....config.version import VERSION
from ..desk.facts import Facts
from .modes import MODE_WORDS
from .page import Page, Row, head, page


def status_page(facts: Facts, more: Iterable[tuple[str, str]] = ()) -> Page:
    """The session and what it runs with; `more` are names and values that facts do not know."""
    return page(f"kedge {VERSION}", _status(facts, more))


def _status(facts: Facts, more: Iterable[tuple[str, str]]) -> Iterator[Row]:
    yield from (Row(name, note=value) for name, value in (*_session(facts), *more))
    waiting = [("waits for the turn's end", one.words) for one in facts.queue]
    waiting += [("not heard yet", one.words) for one in facts.steering]
    waiting += [(f"to do, {one.status}", one.content) for one in facts.todo]
    if waiting:
        yield head("what waits")
    yield from (Row(what, note=words) for what, words in waiting)
    yield Row(
        "/doctor looks at the sandbox, /context at the window, /config at the settings", "dim"
    )


def _session(facts: Facts) -> Iterator[tuple[str, str]]:
    cost = "not known" if facts.cost_usd is None else f"${facts.cost_usd:.4f}"
    window = f" of {facts.context_window:,}" if facts.context_window else ""
    changed = " (changed)" if facts.dirty else ""
    running = sum(task.running for task in facts.tasks)
    yield "session", f"{facts.session or 'none'}{f', called {facts.name}' if facts.name else ''}"
    yield "directory", facts.cwd
    if facts.branch:
        yield "branch", f"{facts.branch}{changed}"
    yield "model", f"{facts.model or 'none'}{f', effort {facts.effort}' if facts.effort else ''}"
    yield "mode", f"{facts.mode}: {MODE_WORDS[facts.mode]}"
    yield "sandbox", facts.sandbox or "not known yet"
    yield "context", f"about {facts.context_tokens:,} tokens{window}"
    yield "cost", cost
    yield "doing", "working" if facts.working else facts.doing or "at rest"
    yield "commands running", str(running)
    yield "configuration", facts.config_version or "not known yet"
