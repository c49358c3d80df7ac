"""The one place that knows everyone: makes a session of settings. No behaviour of its own.

Imports stand inside the functions because start-up needs it: what a run does not use is not
loaded. Everything else receives the parts that it works with.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..agent.budget import Ledger, limits_of
from ..agent.events import SessionStarted
from ..agent.fittings import Fittings
from ..agent.guarded import Guarded
from ..agent.ports import Check, Store, Tool
from ..agent.session import Session, new_session_id
from ..config.errors import UsageError
from ..config.layers import CHOSEN, Loaded
from ..config.models import ModelProfile
from ..config.settings import Effort, Mode, Settings
from ..config.values import KeyPath, Table, merged
from ..config.version import VERSION
from .effective import settings_of
from .models import Model, model_of
from .options import Run
from .saved import resumed
from .storage import Storage, storage_of
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..agent.checks.schema import SchemaCheck
    from ..agent.memory.repository import Repository
    from ..agent.ports import Approver
    from ..agent.stores.jsonl import JsonlStore
    from .judges import Judges, Scene
    from .knowledge import Knowledge
    from .toolbox import Toolbox


class Composed:
    """A session with everything that has to be closed after it."""

    def __init__(
        self,
        session: Session,
        toolbox: "Toolbox",
        judges: "Judges",
        loaded: Loaded,
        storage: Storage,
        knowing: Sequence[Tool],
        model: Model,
    ) -> None:
        """`knowing`: the tools that are not of the toolbox."""
        self.session = session
        self.toolbox = toolbox
        self.judges = judges
        self._opened = self.loaded = loaded
        """The settings, with the model that answers now, and the mode that decides now."""
        self.storage = storage
        self._knowing = knowing
        self.model = model
        """The one that answers now."""

    def reach(self, addresses: Mapping[str, str]) -> None:
        """Have servers called at these base URLs, by provider, by models that answer later."""
        self._opened = _reaching(self._opened, addresses)
        self.loaded = _reaching(self.loaded, addresses)

    @property
    def own_mode(self) -> Mode | None:
        """The mode, if it is the session's own; None if any that is opened would have it."""
        origin = self.loaded.origins["mode"]
        return self.loaded.settings.mode if origin.source.layer == "session" else None

    def set_mode(self, mode: Mode) -> None:
        """Decide by another mode from here on.

        Raises:
            KedgeError: the log has ended; the mode stays.
        """
        self.session.conduct.set_mode(mode)
        self._amend(replace(self.loaded.settings, mode=mode))

    async def set_model(self, name: str, effort: Effort | None, where: Surroundings) -> None:
        """Have another model answer from here on: by `provider/model`, or the same if empty; its
        effort stays without one.

        Raises:
            KedgeError: it cannot be called.
            RuntimeError: a prompt is being worked on.
        """
        wanted = self.loaded.settings.model
        wanted = replace(
            wanted,
            name=name or wanted.name,
            effort=self.session.use.effort if effort is None else effort,
        )
        settings = replace(self.loaded.settings, model=wanted)
        model = await asyncio.to_thread(model_of, settings, where)
        breaker = self.judges.breakers.of(f"provider {model.provider.name}")
        tools = (*self.toolbox.without(_other_edit_tool(model.profile)), *self._knowing)
        provider = Guarded(model.provider, breaker)
        before = self.session.set_model(provider, model.use(settings), tools)
        self.model = model
        self._amend(settings)
        await before.close()

    def _amend(self, settings: Settings) -> None:
        """Have other settings hold; what is as it was at first is from where it was from then."""
        opened = self._opened
        values: tuple[tuple[KeyPath, str, str], ...] = (
            (("mode",), opened.settings.mode, settings.mode),
            (("model", "name"), opened.settings.model.name, settings.model.name),
            (("model", "effort"), opened.settings.model.effort, settings.model.effort),
        )
        news = [key for key, first, now in values if first != now]
        self.loaded = replace(self.loaded, origins=opened.origins).amended(settings, CHOSEN, *news)

    async def close(self) -> None:
        """Close the session, then end what its tools left running."""
        await self.session.close()
        await self.judges.close()
        await self.toolbox.close()
        await asyncio.to_thread(self.storage.forget)


def _reaching(loaded: Loaded, addresses: Mapping[str, str]) -> Loaded:
    known = loaded.settings.providers
    new: dict[str, Table] = {name: {"base_url": url} for name, url in addresses.items()}
    both = {name: merged(known.get(name, {}), new.get(name, {})) for name in known | new}
    keys = [("providers", name, "base_url") for name in addresses]
    return loaded.amended(replace(loaded.settings, providers=both), CHOSEN, *keys)


def compose(
    run: Run,
    where: Surroundings,
    *,
    schema: "SchemaCheck | None" = None,
    pace: float = 0.0,
    approver: "Approver | None" = None,
    interactive: bool = False,
) -> Composed:
    """The session that a run asks for. Not within an event loop: the sandbox may have to be tried.

    `schema` is the check of its answer's form; `approver` answers questions, by default nobody;
    `interactive`: a person sits there, which the model is told; they attach pictures later, too.

    Raises:
        KedgeError: whatever is wrong with the settings, the key, the session or the schema.
    """
    from ..agent.memory.repository import find_repository
    from .judges import Scene, judges_of
    from .knowledge import Knowledge

    def notify(code: str, text: str) -> None:
        session.notice(code, text)  # whoever has something to tell begins only when it has

    store = store_of(run, where)
    before = resumed(run, where, store)
    where = where if run.text("cd") else before.place(where)
    configured = settings_of(run, where)
    settings = (loaded := before.loaded(configured)).settings
    restored = before.restored(configured.settings.mode, settings.mode)
    model = model_of(settings, where, pace=pace, images=not interactive and _brings_images(run))
    use = model.use(settings)
    before = before.forked(store)
    id = before.id or new_session_id()
    repository = find_repository(where.cwd)
    toolbox = _toolbox(run, where, loaded, model, id, notify)
    knowledge = Knowledge(loaded, where, repository, toolbox.guard.hides, toolbox.finder.redact)
    tools = (*toolbox.tools, *(knowing := knowledge.tools(id)))
    log = "" if run.flag("no_session") else str(saved_sessions(where).path(id))
    scene = Scene(loaded, where, id, settings.mode, log, repository.root if repository else None)
    judges = judges_of(scene, toolbox, approver or _nobody(run), notify)
    storage = storage_of(run, where, store, interactive=interactive)
    checks = _checks(run, where, toolbox, schema)
    started = _started(loaded, where, model, toolbox, tools, repository, interactive)
    session = Session(
        knowledge.introduce(started),
        Guarded(model.provider, judges.breakers.of(f"provider {model.provider.name}")),
        tools,
        judges.judge,
        store,
        use=use,
        limits=settings.limits,
        fittings=_fittings(scene, toolbox, judges, knowledge, storage, checks),
        id=id,
        resume=before.id,
    )
    judges.attach(session)
    for code, words in (*restored, *(("instructions", words) for words in knowledge.notices)):
        session.notice(code, words)
    return Composed(session, toolbox, judges, loaded, storage, knowing, model)


def _fittings(
    scene: "Scene",
    toolbox: "Toolbox",
    judges: "Judges",
    knowledge: "Knowledge",
    storage: Storage,
    checks: tuple[Check, ...],
) -> Fittings:
    from .keeping import WorkspaceKeeper
    from .preserving import Preserving

    settings, where = scene.loaded.settings, scene.where
    keeps = settings.checkpoints.enabled and storage.checkpoints
    keeping = storage.where, toolbox.roots, settings.checkpoints, storage.data_dir
    keeper = WorkspaceKeeper(*keeping) if keeps else None
    return Fittings(
        checks=checks,
        ledger=_ledger(settings, where, scene.root),
        still_running=toolbox.still_running,
        permits=toolbox,
        preserve=Preserving(where.home.state_dir / "trash" / scene.session, toolbox.roots),
        keeper=keeper,
        loops=settings.loops,
        hooks=judges.stages,
        redact=toolbox.redactor().bodies,
        durable=settings.sessions.fsync,
        rewriting=knowledge.rewriting,
        nearby=knowledge.nearby,
        switch=partial(_switch, toolbox, judges),
        watchers=(
            *judges.watchers,
            knowledge.hear,
            toolbox.todo.hear,
            toolbox.workspace.hear,
            toolbox.leftovers.hear,
        ),
    )


def _brings_images(run: Run) -> bool:
    return bool(run.texts("image"))


def _switch(toolbox: "Toolbox", judges: "Judges", mode: Mode) -> str:
    """See `Switch`."""
    toolbox.set_mode(mode)
    judges.set_mode(mode)
    return toolbox.attested


def _nobody(run: Run) -> "Approver":
    from ..agent.validators.unattended import Failing, Unattended

    return Failing() if run.text("on_ask") == "fail" else Unattended()


def _toolbox(
    run: Run,
    where: Surroundings,
    loaded: Loaded,
    model: Model,
    id: str,
    notify: Callable[[str, str], None],
) -> "Toolbox":
    from ..sandbox.paths import Roots
    from .toolbox import Toolbox

    return Toolbox(
        loaded,
        Roots.at(where.cwd, tuple(_added(name, where) for name in run.texts("add_dir"))),
        where,
        None if run.flag("no_session") else where.home.state_dir / "outputs" / id,
        without=_other_edit_tool(model.profile),
        notice=notify,
    )


def _ledger(settings: Settings, where: Surroundings, root: Path | None) -> Ledger:
    limits = limits_of(settings.limits, settings.budgets)
    if not settings.budgets.lasting:
        return Ledger(limits)
    from ..agent.stores.spending import SqliteSpending

    file = where.home.state_dir / "spending.db"
    return Ledger(limits, SqliteSpending(file, str(root or where.cwd)))


def _added(name: str, where: Surroundings) -> Path:
    """A further directory to work in."""
    path = where.cwd / name
    if not path.is_dir():
        raise UsageError(f"{name!r} is not a directory", hint="give an existing one with --add-dir")
    return path


def _other_edit_tool(known: ModelProfile) -> frozenset[str]:
    """The editing tool that this model was not trained with."""
    return frozenset({"apply_patch"} if known.edit_tool == "edit" else {"edit"})


def _started(
    loaded: Loaded,
    where: Surroundings,
    model: Model,
    toolbox: "Toolbox",
    tools: Sequence[Tool],
    repository: "Repository | None",
    interactive: bool,
) -> SessionStarted:
    from ..agent.memory.identity import identity
    from ..config.prompts import prompt

    config_dir = where.home.config_dir
    kind = "interactive" if interactive else "oneshot"
    texts = (prompt(name, config_dir).text for name in ("system", kind))
    return SessionStarted(
        cwd=str(where.cwd),
        git_head=repository.head if repository else None,
        kedge_version=VERSION,
        config_version=loaded.version,
        experiment_arm=None,
        policy_hash=loaded.policy_hash,
        sandbox=toolbox.attested,
        mode=loaded.settings.mode,
        model=model.provider.name,
        system="\n\n".join(texts),
        environment="",
        tools=tuple(tool.spec for tool in tools),
        tool_versions={tool.spec.name: tool.spec.version for tool in tools},
        config_problems=tuple(str(problem) for problem in loaded.problems),
        repository=identity(repository.root) if repository else "",
    )


def store_of(run: Run, where: Surroundings) -> Store:
    """Where the run's session is kept."""
    if run.flag("no_session"):
        from ..agent.stores.memory import MemoryStore

        return MemoryStore()
    return saved_sessions(where)


def saved_sessions(where: Surroundings) -> "JsonlStore":
    """The sessions of this person."""
    from ..agent.stores.jsonl import JsonlStore

    return JsonlStore(where.home.state_dir / "sessions")


def _checks(
    run: Run, where: Surroundings, toolbox: "Toolbox", schema: "SchemaCheck | None"
) -> tuple[Check, ...]:
    checks: list[Check] = [schema] if schema else []
    if commands := run.texts("verify"):
        from ..agent.checks.verify import CommandCheck

        checks += (
            CommandCheck(command, toolbox.sandbox, where.cwd, toolbox.env) for command in commands
        )
    return tuple(checks)


def schema_of(run: Run, where: Surroundings) -> "SchemaCheck | None":
    """The check of `--json-schema`.

    Raises:
        UsageError: it is neither JSON nor a file, or no JSON Schema.
    """
    if not (given := run.text("json_schema")):
        return None
    from ..agent.checks.schema import SchemaCheck, validated
    from .saved import json_argument

    return SchemaCheck(validated(json_argument(given, where.cwd)))
