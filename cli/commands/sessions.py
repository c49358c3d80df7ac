"""`kedge sessions`: what was kept, and what happened in it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ...agent.codec import encode
from ...agent.errors import StoreError
from ...agent.events import Result, SessionStarted, TurnStarted
from ...agent.messages import Text
from ...agent.ports import Store
from ..compose import saved_sessions
from ..render import Renderer
from ..saved import named
from ..surroundings import surroundings
from ..terminal import Out, Style, harmless

COLUMNS = 100
"""A session is one line of at most so many characters."""


class _Row(msgspec.Struct):
    id: str
    started: str
    cwd: str
    model: str
    prompt: str
    status: str
    """Of the last run; `unfinished` if the log breaks off."""


def list_sessions(cd: str, *, everywhere: bool, as_json: bool) -> None:
    """Print the sessions of a directory, or all, newest first."""
    where = surroundings(cd)
    store = saved_sessions(where)
    shown = 0
    for id in store.sessions():
        row = _summary(store, id)
        if row is None or not (everywhere or row.cwd == str(where.cwd)):
            continue
        shown += 1
        if as_json:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        else:
            sys.stdout.write(_line(row, datetime.now(UTC), everywhere) + "\n")
    if not shown and not as_json:
        sys.stderr.write("no sessions here yet\n")


def _line(row: _Row, now: datetime, everywhere: bool) -> str:
    place = f"{Path(row.cwd).name}: " if everywhere else ""
    model = row.model.rpartition("/")[2]
    prompt = " ".join(row.prompt.split())
    age = age_of(datetime.fromisoformat(row.started), now)
    line = harmless(f"{row.id}  {age:>7}  {row.status:<12}  {model:<18}  {place}{prompt}")
    return line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…"


def age_of(then: datetime, now: datetime) -> str:
    """How long ago that was, in the largest unit that fits."""
    minutes = max(0, int((now - then).total_seconds())) // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _summary(store: Store, id: str) -> _Row | None:
    """A session in one row; None if its log is empty. Damage is its status."""
    row: _Row | None = None
    try:
        for event in store.read(id):
            match event.body:
                case SessionStarted(cwd=cwd, model=model) if row is None:
                    row = _Row(id, event.ts, cwd, model, "", "unfinished")
                case TurnStarted(prompt) if row is not None:
                    row.status = "unfinished"
                    row.prompt = row.prompt or "".join(
                        part.text for part in prompt if isinstance(part, Text)
                    )
                case Result(status=status) if row is not None:
                    row.status = status
                case _:
                    pass
    except StoreError:
        if row is not None:
            row.status = "damaged"
    return row


def show_session(session: str, *, as_json: bool) -> None:
    """Print what happened: the records themselves, or as a run shows them.

    Raises:
        KedgeError: there is no such session, or its log is damaged.
    """
    where = surroundings()
    store = saved_sessions(where)
    out = Out(1)
    renderer = Renderer(Style.of(out, where.env), stored=True)
    for event in store.read(named(store, session)):
        if as_json:
            out.write(encode(event) + b"\n")
        else:
            out.say(renderer.render(event))
