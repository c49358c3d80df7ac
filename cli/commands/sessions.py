"""`kedge sessions show|rename`: one session that was kept."""

import re
import sys
from collections.abc import Mapping

from ...agent.bus import Bus
from ...agent.codec import encode
from ...agent.lineage import Renamed
from ...config.errors import UsageError
from ..catalogue import Catalogue
from ..render import Renderer
from ..saved import named
from ..surroundings import surroundings
from ..terminal import Out, Style, harmless

MAX_NAME = 60
"""Characters of a session's name."""

_LIKE_AN_ID = re.compile(r"2|20\d{0,6}|\d{8}(-.*)?")


def show_session(session: str, *, as_json: bool) -> None:
    """Print what happened: the records themselves, or as a run shows them.

    Raises:
        KedgeError: there is no such session, or its log is damaged.
    """
    where = surroundings()
    out = Out(1)
    renderer = Renderer(Style.of(out, where.env), stored=True)
    catalogue = Catalogue(where)
    for event in catalogue.store.read(named(catalogue.store, session, catalogue.names)):
        if as_json:
            out.write(encode(event) + b"\n")
        else:
            out.say(renderer.render(event))
    out.require_whole()


def rename_session(session: str, name: str) -> None:
    """Give a session a name; an empty one takes it away.

    Raises:
        KedgeError: there is no such session, it is in use, or another one is called so.
    """
    rename(Catalogue(surroundings(), _warn), session, name)


def rename(catalogue: Catalogue, session: str, name: str) -> None:
    """As `rename_session`, in this catalogue."""
    names = catalogue.names()
    id = named(catalogue.store, session, lambda: names)
    name = free_name(name, id, names)
    log = catalogue.store.open(id)
    try:
        bus = Bus(id, log)
        bus.announce(Renamed(name))
        bus.require_log(on_disk=True)
    finally:
        log.close()


def free_name(name: str, id: str, names: Mapping[str, str]) -> str:
    """A name that a session may have, as it is kept; `names` are those of all sessions, by id.

    Raises:
        UsageError: it is too long, looks like an id, or another one is called so.
    """
    name = " ".join(harmless(name).split())
    if len(name) > MAX_NAME:
        raise UsageError(f"a name has at most {MAX_NAME} characters, this one {len(name)}")
    if _LIKE_AN_ID.fullmatch(name):
        raise UsageError(f"{name!r} could be taken for an id", hint="take another name")
    holder = next((one for one, called in names.items() if name and called == name), id)
    if holder != id:
        raise UsageError(f"session {holder} is called {name!r} already", hint="take another name")
    return name


def _warn(words: str) -> None:
    sys.stderr.write(harmless(f"kedge: {words}\n"))
