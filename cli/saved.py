"""Finds saved sessions by what a person says of them, and reads arguments that may be files."""

from pathlib import Path

import msgspec

from ..agent.errors import StoreError
from ..agent.events import SessionStarted
from ..agent.ports import Store
from ..config.errors import UsageError


def named(store: Store, name: str) -> str:
    """The session with this id, or the only one whose id begins so.

    Raises:
        UsageError: there is none, or there are several.
    """
    ids = store.sessions()
    if name in ids:
        return name
    found = [id for id in ids if name and id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"there is no session {name!r}", hint="see kedge sessions list --all")
    raise UsageError(f"several sessions begin with {name!r}: {', '.join(found[:5])}")


def latest(store: Store, cwd: Path) -> str:
    """The session of this directory that was written to last.

    Raises:
        UsageError: there is none.
    """
    for id in store.sessions():
        try:
            first = next(store.read(id), None)
        except StoreError:
            continue  # damage elsewhere must not keep this directory from going on
        if first and isinstance(first.body, SessionStarted) and first.body.cwd == str(cwd):
            return id
    raise UsageError(f"there is no session of {cwd} yet", hint="see kedge sessions list --all")


def json_argument(given: str, cwd: Path) -> dict[str, object]:
    """A JSON object given as such, or as the name of a file that holds it.

    Raises:
        UsageError: it is neither.
    """
    source = "--json-schema"
    text: str | bytes = given
    if not given.lstrip().startswith("{"):
        source = given
        try:
            text = (cwd / given).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {given!r}: {error.strerror}") from error
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise UsageError(f"{source}: not a JSON object: {error}") from error
