"""Opens sessions for the desk, off its event loop: that takes time, and may try out the sandbox."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, structs

from ....agent.errors import StoreError
from ....agent.events import Event
from ....agent.memory.repository import find_repository
from ....agent.ports import Approver
from ....agent.stores.jsonl import JsonlStore
from ....config.settings import Effort, Mode
from ...compose import Composed, compose
from ...options import Run, Value
from ...storage import Storage
from ...surroundings import Surroundings


class Opened(Struct, frozen=True):
    """A session at the desk. Close `composed` after it."""

    composed: Composed
    past: Sequence[Event]
    """The facts of its log; empty for a new one."""
    cwd: Path
    """Where it works."""
    branch: str
    """Of git, when it was opened."""

    @property
    def hides(self) -> Callable[[Path], bool]:
        """Says which resolved paths nobody may read."""
        return self.composed.toolbox.guard.hides


async def opened(run: Run, where: Surroundings, approver: Approver) -> Opened:
    """The session that a run asks for. If the caller is cancelled meanwhile, it is closed again.

    Raises:
        KedgeError: whatever keeps it from being opened.
    """
    task = asyncio.create_task(asyncio.to_thread(_open, run, where, approver))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is None:
            await task.result().composed.close()
        raise


def _open(run: Run, where: Surroundings, approver: Approver) -> Opened:
    composed = compose(run, where, approver=approver, interactive=True)
    past: list[Event] = []
    if run.flag("continue") or run.values["resume"] is not None:
        past = list(composed.storage.store.read(composed.session.id))
    cwd = Path(composed.session.conduct.started.cwd)
    return Opened(composed, past, cwd, branch_of(cwd))


def forget(session: str, storage: Storage) -> None:
    """Leave no trace of a session in which nothing happened."""
    if isinstance(storage.store, JsonlStore):
        with suppress(StoreError, OSError):
            storage.store.delete(session)


def with_values(run: Run, **values: Value) -> Run:
    """The run with other values, by field."""
    return structs.replace(run, values={**run.values, **values})


def with_mode(run: Run, mode: Mode) -> Run:
    """The run with the mode that a person chose."""
    return structs.replace(run, chosen={**run.chosen, ("mode",): mode})


def without_mode(run: Run) -> Run:
    """The run in whatever mode its session has."""
    chosen = {key: value for key, value in run.chosen.items() if key != ("mode",)}
    return structs.replace(with_values(run, mode=None), chosen=chosen)


def with_model(
    run: Run, model: str, addresses: Mapping[str, str], effort: Effort | None = None
) -> Run:
    """The run with another model, if one is named, servers at these base URLs, by provider, and an
    effort, unless it stays."""
    news: dict[tuple[str, ...], str] = {
        ("providers", name, "base_url"): url for name, url in addresses.items()
    }
    if model:
        news["model", "name"] = model
    if effort is not None:
        news["model", "effort"] = effort
    return structs.replace(run, chosen={**run.chosen, **news})


def branch_of(cwd: Path) -> str:
    """The git branch of a directory, or the beginning of its commit; empty outside a repository."""
    repository = find_repository(cwd)
    if repository is None:
        return ""
    return repository.branch or (repository.head or "")[:12]
