"""`kedge sessions`: what was kept, and what happened in it."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ...agent.bus import Bus
from ...agent.codec import encode
from ...agent.lineage import Renamed
from ...agent.stores.summary import EVERYWHERE, Said, Summary, excerpt, terms
from ...config.errors import UsageError
from ..catalogue import Catalogue, around
from ..compose import saved_sessions
from ..render import Renderer
from ..saved import named
from ..surroundings import surroundings
from ..terminal import Out, Style, harmless

COLUMNS = 100
"""A session is one line of at most so many characters."""
MAX_NAME = 60
"""Characters of a session's name."""

_LIKE_AN_ID = re.compile(r"\d{8}(-\d{6}.*)?")


def list_sessions(cd: str, *, everywhere: bool, as_json: bool) -> None:
    """Print the sessions of a directory and its repository, or all, newest first."""
    where = surroundings(cd)
    rows = Catalogue(where, _warn).summaries(EVERYWHERE if everywhere else around(where))
    shown = [row for row in rows if row.started]
    for row in shown:
        if as_json:
            sys.stdout.write(msgspec.json.encode(_plain(row)).decode() + "\n")
        else:
            sys.stdout.write(_line(row, datetime.now(UTC), everywhere) + "\n")
    if not shown and not as_json:
        sys.stderr.write("no sessions here yet\n")


def _plain(row: Summary) -> dict[str, object]:
    """All fields, also those that say nothing: whoever reads them need not know the defaults."""
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _line(row: Summary, now: datetime, everywhere: bool) -> str:
    place = f"{Path(row.cwd).name}: " if everywhere else ""
    model = row.model.rpartition("/")[2]
    about = f"[{row.name}] {row.prompt}" if row.name else row.prompt
    age = age_of(datetime.fromisoformat(row.started), now)
    words = " ".join(about.split())
    line = harmless(f"{row.id}  {age:>7}  {row.status:<12}  {model:<18}  {place}{words}")
    return line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…"


def age_of(then: datetime, now: datetime) -> str:
    """How long ago that was, in the largest unit that fits."""
    minutes = max(0, int((now - then).total_seconds())) // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def search_sessions(query: str, limit: int, cd: str, *, everywhere: bool, as_json: bool) -> None:
    """Print what was said with these words in it, best first.

    Raises:
        UsageError: there are no words in the query.
    """
    looked_for = terms(query)
    if not looked_for:
        raise UsageError(f"there are no words in {query!r}", hint="say what to look for")
    where = surroundings(cd)
    meant = EVERYWHERE if everywhere else around(where)
    found = Catalogue(where, _warn).search(query, limit, meant)
    for one in found:
        if as_json:
            sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        else:
            sys.stdout.write(_found(one, looked_for) + "\n")
    if not found and not as_json:
        sys.stderr.write("nothing was said like that here\n")


def _found(one: Said, looked_for: tuple[str, ...]) -> str:
    who = "you" if one.speaker == "person" else "kedge"
    words = harmless(excerpt(one.text, looked_for))
    return f"{one.session} {one.seq}  {one.ts[:10]}  {who}: {words}"


def show_session(session: str, *, as_json: bool) -> None:
    """Print what happened: the records themselves, or as a run shows them.

    Raises:
        KedgeError: there is no such session, or its log is damaged.
    """
    where = surroundings()
    store = saved_sessions(where)
    out = Out(1)
    renderer = Renderer(Style.of(out, where.env), stored=True)
    for event in store.read(named(store, session, Catalogue(where).names)):
        if as_json:
            out.write(encode(event) + b"\n")
        else:
            out.say(renderer.render(event))


def rename_session(session: str, name: str) -> None:
    """Give a session a name; an empty one takes it away.

    Raises:
        KedgeError: there is no such session, it is in use, or another one is called so.
    """
    where = surroundings()
    catalogue = Catalogue(where, _warn)
    names = catalogue.names()
    id = named(catalogue.store, session, lambda: names)
    name = " ".join(harmless(name).split())
    if len(name) > MAX_NAME:
        raise UsageError(f"a name has at most {MAX_NAME} characters, this one {len(name)}")
    if _LIKE_AN_ID.fullmatch(name):
        raise UsageError(f"{name!r} could be taken for an id", hint="take another name")
    holder = next((one for one, called in names.items() if name and called == name), id)
    if holder != id:
        raise UsageError(f"session {holder} is called {name!r} already", hint="take another name")
    log = catalogue.store.open(id)
    try:
        bus = Bus(id, log)
        bus.announce(Renamed(name))
        bus.require_log(on_disk=True)
    finally:
        log.close()


def _warn(words: str) -> None:
    sys.stderr.write(harmless(f"kedge: {words}\n"))
