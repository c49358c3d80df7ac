"""`kedge sessions delete`: takes sessions away for good, after asking."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ...agent.stores.jsonl import JsonlStore
from ...agent.stores.summary import Summary
from ...config.errors import KedgeError, UsageError
from ..catalogue import Catalogue
from ..saved import named
from ..surroundings import surroundings
from ..terminal import harmless


def delete_sessions(sessions: tuple[str, ...], *, yes: bool) -> int:
    """Delete logs and the outputs kept for them; 1 if the person does not agree.

    Outputs that a fork refers to are left. What actions deleted stays in the trash, and what undo
    needs stays too: those are a person's files.

    Raises:
        KedgeError: there is no such session, one is in use, or nobody can be asked.
    """
    where = surroundings()
    catalogue = Catalogue(where)
    rows = {row.id: row for row in catalogue.summaries()}
    names = {id: row.name for id, row in rows.items()}
    ids = list(dict.fromkeys(named(catalogue.store, one, lambda: names) for one in sessions))
    if not (yes or _agreed(ids, rows)):
        sys.stderr.write("kedge: nothing was deleted\n")
        return 1
    needed = {row.parent for id, row in rows.items() if id not in ids}
    for id in ids:
        _delete(catalogue.store, id)
        if id not in needed:
            _remove(where.home.state_dir / "outputs" / id)
        sys.stdout.write(f"deleted: {id}\n")
    catalogue.summaries()
    return 0


def _agreed(ids: Sequence[str], rows: dict[str, Summary]) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint="add --yes to delete them")
    for id in ids:
        row = rows.get(id, Summary(id))
        about = " ".join((row.name or row.prompt).split())[:60]
        sys.stdout.write(harmless(f"{id}  {about}\n"))
    words = "this session" if len(ids) == 1 else f"these {len(ids)} sessions"
    sys.stdout.write(f"Delete {words} for good? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _delete(store: JsonlStore, id: str) -> None:
    try:
        store.delete(id)
    except OSError as error:
        raise KedgeError(f"session {id} cannot be deleted: {error.strerror}") from error


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        sys.stderr.write(f"kedge: {folder} was not removed: {error.strerror}\n")
