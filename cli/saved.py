"""Finds saved sessions by what a person says of them, and reads arguments that may be files."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from ..agent.bus import now
from ..agent.codec import decode
from ..agent.errors import StoreError
from ..agent.events import SessionStarted
from ..agent.person import ModeChanged, ModelChanged
from ..agent.ports import Store
from ..agent.session import new_session_id
from ..config.errors import UsageError
from ..config.layers import Loaded
from ..config.settings import MODES, Mode
from .options import Run
from .surroundings import Surroundings


class Resumed(Struct, frozen=True):
    """The session that a run goes on with; a new one has no id."""

    id: str = ""
    started: SessionStarted | None = None
    """How it was opened last."""
    fork: bool = False
    """Whether to leave it as it is, and go on in a new one."""

    def forked(self, store: Store) -> "Resumed":
        """This session, or if it is to be forked, the new one, which is made here.

        Raises:
            StoreError: it cannot be made.
        """
        if not self.fork:
            return self
        from ..agent.stores.forking import fork

        new = new_session_id()
        fork(store, self.id, new, now())
        return structs.replace(self, id=new, fork=False)

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

    def loaded(self, loaded: Loaded) -> Loaded:
        """The settings, with the model and the mode as they were, unless this run asks for others.

        A mode that the project's file narrows stays at least as narrow.
        """
        if self.started is None:
            return loaded
        name, mode = self.started.model, _mode(self.started.mode)
        if mode not in (None, loaded.settings.mode) and not _asked("mode", loaded):
            narrowed = _layer("mode", loaded) == "project"
            wider = MODES.index(mode) > MODES.index(loaded.settings.mode)
            if not (narrowed and wider):
                settings = structs.replace(loaded.settings, mode=mode)
                loaded = loaded.amended(settings, _AS_LEFT, ("mode",))
        model = loaded.settings.model
        if name == model.name or _asked("model.name", loaded) or name.startswith("scripted:"):
            return loaded
        settings = structs.replace(loaded.settings, model=structs.replace(model, name=name))
        return loaded.amended(settings, _AS_LEFT, ("model", "name"))

    def restored(self, configured: Mode, mode: Mode) -> tuple[tuple[str, str], ...]:
        """What a person should know of the mode that they did not ask for now, with a code."""
        if mode == configured:
            return ()
        words = (
            f"the session goes on in mode {mode}, as it was left; a new one would begin "
            f"in mode {configured} (--mode says which)"
        )
        return (("mode", words),)


_AS_LEFT = "as the session was left"
_CHOSEN_NOW = ("environment", "profile", "set", "flag", "session", "managed")
"""Layers that speak of this run; files speak of runs in general."""


def _layer(key: str, loaded: Loaded) -> str:
    chosen = loaded.origins.get(key)
    return chosen.source.layer if chosen else ""


def _asked(key: str, loaded: Loaded) -> bool:
    return _layer(key, loaded) in _CHOSEN_NOW


def _mode(said: str) -> Mode | None:
    """A mode as a log names it; None if there is no such mode any more."""
    return next((mode for mode in MODES if mode == said), None)


def resumed(run: Run, where: Surroundings, store: Store) -> Resumed:
    """The session to go on with, as `--continue` or `--resume` say.

    Raises:
        UsageError: there is no such session, or the options contradict each other.
        StoreError: its log is damaged.
    """
    resume, go_on = run.values["resume"] is not None, run.flag("continue")
    if not (resume or go_on):
        if run.flag("fork"):
            raise UsageError("--fork goes on with a session", hint="add -c, or -r and which one")
        return Resumed()
    if resume and go_on:
        raise UsageError("give --continue or --resume, not both")
    if run.flag("no_session"):
        raise UsageError("--no-session keeps nothing that could be continued")
    if resume:
        from .catalogue import Catalogue

        id = named(store, run.text("resume"), Catalogue(where).names)
    else:
        id = latest(store, where.cwd)
    return Resumed(id, _left_at(store, id), run.flag("fork"))


_TELLING = (b'"kind":"session.started"', b'"kind":"mode"', b'"kind":"model"')
_BEGINNING = 400
"""Bytes of a line that tell its kind, as kedge writes it."""


def _left_at(store: Store, id: str) -> SessionStarted | None:
    """How a session was opened last, with the mode and the model that it was left with. The session
    reads the log again, and whole: here only the few lines are understood that matter."""
    last: SessionStarted | None = None
    for line in store.lines(id):
        beginning = line[:_BEGINNING]
        if not any(kind in beginning for kind in _TELLING) or (event := decode(line)) is None:
            continue
        match event.body:
            case SessionStarted() as started:
                last = started
            case ModeChanged(mode) if last is not None:
                last = structs.replace(last, mode=mode)
            case ModelChanged(model) if last is not None:
                last = structs.replace(last, model=model)
            case _:
                pass
    return last


_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
"""A whole id: whether there is such a session can be seen without looking at all."""


def named(store: Store, said: str, names: Callable[[], Mapping[str, str]] | None = None) -> str:
    """The session with this id or name, or the only one whose id begins so, or whose name does.

    `names` tells the name of each session that has one, by id; it is asked only where no id fits.

    Raises:
        UsageError: there is none, or there are several.
    """
    if _ID.fullmatch(said) and _is_there(store, said):
        return said
    ids = store.sessions()
    if said in ids:
        return said
    found = [id for id in ids if said and id.startswith(said)]
    if not found and said and names is not None:
        known = names()
        found = [id for id in ids if known.get(id) == said]
        found = found or [id for id in ids if known.get(id, "").startswith(said)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"there is no session {said!r}", hint="see kedge sessions list --all")
    raise UsageError(f"several sessions are meant by {said!r}: {', '.join(found[:5])}")


def _is_there(store: Store, id: str) -> bool:
    try:
        next(store.lines(id), None)
    except StoreError:
        return False
    return True


def latest(store: Store, cwd: Path) -> str:
    """The session written to last of those that were opened last in this directory.

    Raises:
        UsageError: there is none.
    """
    for id in store.sessions():
        try:
            opened = _left_at(store, id)
        except StoreError:
            continue  # damage elsewhere must not keep this directory from going on
        if opened is not None and opened.cwd == str(cwd):
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
