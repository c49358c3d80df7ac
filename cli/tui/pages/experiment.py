"""Which configuration runs, what is another since the last session, and what ran before."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from ....agent.codec import decode
from ....agent.events import SessionStarted
from ....agent.ports import Store
from ....config.errors import KedgeError
from ....config.layers import Loaded
from ...counts import counted
from .page import Page, Row, head, page

MOST: Final = 50
"""Sessions that are looked at."""
_STARTS: Final = b'"session.started"'


class Ran(Struct, frozen=True):
    """How a session was opened, the last time."""

    session: str
    when: str
    """RFC 3339."""
    started: SessionStarted


def ran(store: Store, session: str) -> Ran | None:
    """How a session was opened last; None if it says nothing that can be read."""
    found: Ran | None = None
    try:
        for line in store.lines(session):
            # Most of a long log is something else.
            fact = decode(line) if _STARTS in line else None
            if fact is not None and isinstance(fact.body, SessionStarted):
                found = Ran(session, fact.ts, fact.body)
    except KedgeError:
        pass
    return found


def experiment_page(loaded: Loaded, now: SessionStarted, earlier: Sequence[Ran]) -> Page:
    """The configuration of this session; `earlier` are others here, the last one first."""
    return page("configuration and experiments", _rows(loaded, now, earlier))


def _rows(loaded: Loaded, now: SessionStarted, earlier: Sequence[Ran]) -> Iterator[Row]:
    yield head(f"configuration {now.config_version}, kedge {now.kedge_version}")
    yield from _set_by(loaded)
    arm = now.experiment_arm
    yield Row(f"experiment: {arm}" if arm else "no experiment runs", "" if arm else "dim")
    if not earlier:
        yield head("no session before this one is known here")
        return
    last = earlier[0]
    yield head(f"since the session before, {last.session} ({_day(last.when)})")
    changes = list(_changes(last.started, now))
    yield from (Row(change) for change in changes)
    if not changes:
        yield Row("nothing changed", "dim")
    yield head(f"versions in the last {counted(len(earlier), 'session')} here")
    yield from _versions(earlier)


def _set_by(loaded: Loaded) -> Iterator[Row]:
    places: set[str] = set()
    own: dict[str, list[str]] = {}
    for key, origin in loaded.origins.items():
        if origin.source.layer == "session":
            own.setdefault(origin.source.where, []).append(key)
        elif origin.source.layer != "default":
            places.add(origin.source.where)
    yield Row(f"set by {', '.join(sorted(places))}" if places else "as packaged")
    yield from (Row(f"{how}: {', '.join(sorted(keys))}") for how, keys in own.items())


def _changes(last: SessionStarted, now: SessionStarted) -> Iterator[str]:
    named = (
        ("configuration", last.config_version, now.config_version),
        ("kedge", last.kedge_version, now.kedge_version),
        ("model", last.model, now.model),
        ("mode", last.mode, now.mode),
        ("sandbox", last.sandbox, now.sandbox),
    )
    yield from (f"{what}: {was} → {is_now}" for what, was, is_now in named if was != is_now)
    # The hash has the mode in it.
    if last.policy_hash != now.policy_hash and last.mode == now.mode:
        yield "rules, hooks or sandbox settings changed"
    if last.system != now.system:
        yield "system text changed"
    if last.instructions != now.instructions:
        yield "instruction files changed"
    both = last.tool_versions.keys() & now.tool_versions.keys()
    other = sorted(name for name in both if last.tool_versions[name] != now.tool_versions[name])
    news = sorted(now.tool_versions.keys() - last.tool_versions.keys())
    gone = sorted(last.tool_versions.keys() - now.tool_versions.keys())
    parts = (("with another description", other), ("new", news), ("gone", gone))
    yield from (f"tools {what}: {', '.join(names)}" for what, names in parts if names)


def _versions(earlier: Sequence[Ran]) -> Iterator[Row]:
    found: dict[str, list[Ran]] = {}
    for one in earlier:
        found.setdefault(one.started.config_version, []).append(one)
    for version, runs in found.items():
        days = dict.fromkeys((_day(runs[-1].when), _day(runs[0].when)))
        models = ", ".join(dict.fromkeys(one.started.model for one in runs))
        yield Row(f"{version}  {' to '.join(days)}  {counted(len(runs), 'session')}  {models}")


def _day(when: str) -> str:
    return when[:10]
