"""`kedge audit`: whether the logs are whole, and what was decided in all of them."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from ...agent.errors import StoreError
from ...agent.events import Event
from ...agent.reviewers.agreement import agreement
from ...config.errors import UsageError
from ...config.exit_codes import EXIT_CODES
from ..compose import saved_sessions
from ..counts import counted
from ..decided import Row, decisions
from ..saved import named
from ..surroundings import surroundings
from ..terminal import Out, harmless

COLUMNS = (
    "ts", "session", "seq", "tool", "about", "outcome", "by", "reason", "rule", "asked",
    "waited_ms", "status", "mode", "sandbox", "config_version",
)  # fmt: skip
"""Of the CSV form, in this order."""

_AGE = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Wanted(Struct, frozen=True):
    """Which decisions are meant; empty fields do not narrow."""

    sessions: tuple[str, ...] = ()
    outcome: str = ""
    tool: str = ""
    by: str = ""
    since: str = ""
    """An age (`90m`, `12h`, `7d`, `2w`) or a date in ISO 8601."""


def verify(sessions: tuple[str, ...]) -> int:
    """Check the chains of these sessions, or all; 1 if one is not whole.

    Raises:
        KedgeError: there is no such session.
    """
    store = saved_sessions(surroundings())
    ids = [named(store, name) for name in sessions] or store.sessions()
    damaged = 0
    for id in ids:
        try:
            wrong = str(store.damage(id) or "")
        except StoreError as error:
            wrong = str(error)
        damaged += bool(wrong)
        Out(1).say(harmless(f"{id}  {wrong or 'whole'}\n"))
    gone = () if sessions else store.lost()
    for id in gone:
        Out(1).say(harmless(f"{id}  its log is gone\n"))
    damaged += len(gone)
    Out(2).say(f"{counted(len(ids), 'session')}, {damaged} damaged\n")
    return EXIT_CODES["failed"] if damaged else 0


def query(wanted: Wanted, *, as_json: bool) -> None:
    """Print decisions, oldest first, a line each.

    Raises:
        KedgeError: what was asked for does not exist, or is no time.
    """
    out = Out(1)
    for row in _rows(wanted):
        out.write(msgspec.json.encode(row) + b"\n") if as_json else out.say(_line(row))


def reviewers(sessions: tuple[str, ...], *, as_json: bool) -> None:
    """Print how often each voice was contradicted by a person's answer.

    Raises:
        KedgeError: there is no such session.
    """
    out = Out(1)
    for name, one in sorted(agreement(_events(sessions)).items()):
        rate = one.error_rate
        if as_json:
            row = {"name": name, **msgspec.structs.asdict(one), "error_rate": rate}
            out.write(msgspec.json.encode(row) + b"\n")
            continue
        judged = "never answered by a person" if rate is None else f"{rate:.0%} overruled"
        counts = (
            f"{counted(one.verdicts, 'verdict')}, {one.failures} not heard, {one.answered} answered"
        )
        needless = counted(one.needless, "needless question")
        out.say(harmless(f"{name}  {judged}  ({counts}, {needless})\n"))


def _events(sessions: tuple[str, ...]) -> Iterator[Event]:
    """The facts of these sessions, or all; what is damaged is said and left out."""
    store = saved_sessions(surroundings())
    for id in [named(store, name) for name in sessions] or list(reversed(store.sessions())):
        try:
            yield from store.read(id)
        except StoreError as error:
            Out(2).say(harmless(f"kedge: {error}\n"))


def export(wanted: Wanted, form: str) -> None:
    """Print decisions whole, as JSON lines or CSV.

    Raises:
        KedgeError: what was asked for does not exist, or is no time.
    """
    out = Out(1)
    if form == "csv":
        out.say(_csv(COLUMNS))
    for row in _rows(wanted):
        if form == "csv":
            out.say(_csv(str(getattr(row, column)) for column in COLUMNS))
        else:
            out.write(msgspec.json.encode(row) + b"\n")


def _rows(wanted: Wanted) -> Iterator[Row]:
    if wanted.outcome not in ("", "allow", "deny"):
        raise UsageError(f"no outcome {wanted.outcome!r}", hint="--outcome allow or deny")
    store = saved_sessions(surroundings())
    since = _time(wanted.since, datetime.now(UTC))
    ids = [named(store, name) for name in wanted.sessions] or list(reversed(store.sessions()))
    for id in ids:
        for row in decisions(_events((id,))):
            if _is_meant(row, wanted) and row.ts >= since:
                yield row


def _is_meant(row: Row, wanted: Wanted) -> bool:
    return (
        wanted.outcome in ("", row.outcome)
        and wanted.tool in ("", row.tool)
        and (not wanted.by or wanted.by in row.by.split(", "))
    )


def _time(said: str, now: datetime) -> str:
    """The moment that is meant, as records state it; empty for no moment.

    Raises:
        UsageError: it is none.
    """
    if not said:
        return ""
    if age := _AGE.fullmatch(said):
        return (now - timedelta(**{_UNITS[age[2]]: int(age[1])})).isoformat()
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        raise UsageError(
            f"{said!r} is no time", hint="for example --since 7d or --since 2026-11-01"
        ) from error
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _line(row: Row) -> str:
    asked = f" ({row.waited_ms / 1000:.1f} s)" if row.asked else ""
    said = f"{row.ts[:19]}  {row.session} {row.seq}  {row.outcome:<5} by {row.by}{asked}"
    return harmless(f"{said}  {row.about}") + "\n"


def _csv(values: Iterator[str] | tuple[str, ...]) -> str:
    text = io.StringIO()
    # A spreadsheet takes a cell that begins so for a formula.
    csv.writer(text).writerow(
        f"'{value}" if value.startswith(("=", "+", "-", "@")) else value for value in values
    )
    return text.getvalue()
