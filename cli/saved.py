"""Finds saved sessions by what a person says of them, and reads arguments that may be files."""

from pathlib import Path

import msgspec
from msgspec import Struct, structs

from ..agent.errors import StoreError
from ..agent.events import SessionStarted
from ..agent.ports import Store
from ..config.errors import UsageError
from ..config.layers import Loaded
from ..config.settings import Settings
from .options import Run
from .surroundings import Surroundings


class Resumed(Struct, frozen=True):
    """The session that a run goes on with; a new one has no id."""

    id: str = ""
    started: SessionStarted | None = None
    """How it was opened last."""

    def place(self, where: Surroundings) -> Surroundings:
        """Where the session works: where it did before.

        Raises:
            UsageError: that directory is gone.
        """
        if self.started is None or self.started.cwd == str(where.cwd):
            return where
        cwd = Path(self.started.cwd)
        if not cwd.is_dir():
            raise UsageError(
                f"the session's directory {str(cwd)!r} is gone", hint="give one with -C"
            )
        return structs.replace(where, cwd=cwd)

    def settings(self, loaded: Loaded) -> Settings:
        """The settings, with the model that spoke before unless another is asked for now."""
        settings = loaded.settings
        chosen = loaded.origins.get("model.name")
        asked = chosen is not None and chosen.source.layer in _CHOSEN_NOW
        if self.started is None or asked or self.started.model.startswith("scripted:"):
            return settings
        model = structs.replace(settings.model, name=self.started.model)
        return structs.replace(settings, model=model)


_CHOSEN_NOW = ("environment", "profile", "set", "flag", "managed")
"""Layers that speak of this run; files speak of runs in general."""


def resumed(run: Run, where: Surroundings, store: Store) -> Resumed:
    """The session to go on with, as `--continue` or `--resume` say.

    Raises:
        UsageError: there is no such session, or the options contradict each other.
        StoreError: its log is damaged.
    """
    resume, go_on = run.values["resume"] is not None, run.flag("continue")
    if not (resume or go_on):
        return Resumed()
    if resume and go_on:
        raise UsageError("give --continue or --resume, not both")
    if run.flag("no_session"):
        raise UsageError("--no-session keeps nothing that could be continued")
    id = named(store, run.text("resume")) if resume else latest(store, where.cwd)
    openings = [event.body for event in store.read(id) if isinstance(event.body, SessionStarted)]
    return Resumed(id, openings[-1] if openings else None)


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
