"""How things stand, on one page."""

from collections.abc import Iterable, Iterator

from ....config.version import VERSION
from ...money import dollars
from ..desk.state import DeskState
from .modes import MODE_WORDS
from .page import Page, Row, head, page


def status_page(state: DeskState, more: Iterable[tuple[str, str]] = ()) -> Page:
    """The session and what it runs with; `more` are names and values that it does not know."""
    return page(f"kedge {VERSION}", _status(state, more))


def _status(state: DeskState, more: Iterable[tuple[str, str]]) -> Iterator[Row]:
    yield from (Row(name, note=value) for name, value in (*_session(state), *more))
    waiting = [("after this turn", one.words) for one in state.queue]
    waiting += [("sent after the current step", one.words) for one in state.steering]
    waiting += [(f"to do, {one.status}", one.content) for one in state.todo]
    if waiting:
        yield head("what waits")
    yield from (Row(what, note=words) for what, words in waiting)
    yield Row(
        "/doctor looks at the sandbox, /context at the window, /config at the settings", "dim"
    )


def _session(state: DeskState) -> Iterator[tuple[str, str]]:
    cost = dollars(state.cost_usd, estimated=state.cost_estimated, unknown="not known")
    window = f" of {state.context_window:,}" if state.context_window else ""
    changed = " (changed)" if state.dirty else ""
    running = sum(task.running for task in state.tasks)
    yield "session", f"{state.session or 'none'}{f', called {state.name}' if state.name else ''}"
    yield "directory", state.cwd
    if state.branch:
        yield "branch", f"{state.branch}{changed}"
    yield "model", f"{state.model or 'none'}{f', effort {state.effort}' if state.effort else ''}"
    yield "mode", f"{state.mode}: {MODE_WORDS[state.mode]}"
    yield "sandbox", state.sandbox or "not known yet"
    yield "context", f"about {state.context_tokens:,} tokens{window}"
    yield "cost", cost
    yield "doing", "working" if state.working else state.doing or "idle"
    yield "commands running", str(running)
    yield "configuration", state.config_version or "not known yet"
