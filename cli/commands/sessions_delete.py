"""`kedge sessions delete`: takes sessions away for good, after asking."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ...agent.stores.forking import ancestors
from ...agent.stores.jsonl import JsonlStore
from ...agent.stores.summary import EVERYWHERE, Summary
from ...config.errors import KedgeError, UsageError
from ..ages import age
from ..catalogue import Catalogue, around
from ..saved import named
from ..surroundings import surroundings
from ..terminal import harmless


def delete_sessions(
    sessions: tuple[str, ...],
    *,
    older_than: str = "",
    cd: str = "",
    everywhere: bool = False,
    yes: bool = False,
) -> int:
    """Delete logs, what is beside them, and the outputs kept for them; 1 if the person does not
    agree, or one could not be deleted.

    They are named one by one, or are those of this directory and its repository (or all) that were
    not written to for so long. Outputs that a fork refers to are left. What actions deleted stays
    in the trash, and what undo needs stays too: those are a person's files.

    Raises:
        KedgeError: there is no such session, or nobody can be asked.
    """
    if bool(sessions) == bool(older_than):
        words = "say which sessions: by id or name, or with --older-than"
        raise UsageError(words, hint="for example: kedge sessions delete --older-than 90d")
    where = surroundings(cd)
    catalogue = Catalogue(where)
    rows = {row.id: row for row in catalogue.summaries()}
    if older_than:
        meant = EVERYWHERE if everywhere else around(where)
        then = datetime.now(UTC) - age(older_than)
        ids = [id for id, row in rows.items() if meant.holds(row) and _ended_before(row, then)]
    else:
        names = {id: row.name for id, row in rows.items()}
        ids = list(dict.fromkeys(named(catalogue.store, one, lambda: names) for one in sessions))
    if not ids:
        sys.stderr.write("no session is as old as that\n")
        return 0
    if not (yes or _agreed(ids, rows)):
        sys.stderr.write("kedge: nothing was deleted\n")
        return 1
    deleted = [id for id in ids if _deleted(catalogue.store, id)]
    state = where.home.state_dir
    forget_outputs(catalogue, state, rows, deleted)
    if any((state / "trash" / id).is_dir() for id in deleted):
        sys.stderr.write("what they had deleted is still in the trash: see kedge trash\n")
    catalogue.summaries()
    return 0 if len(deleted) == len(ids) else 1


def _ended_before(row: Summary, then: datetime) -> bool:
    return bool(row.updated) and datetime.fromisoformat(row.updated) < then


def _agreed(ids: Sequence[str], rows: Mapping[str, Summary]) -> bool:
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


def _deleted(store: JsonlStore, id: str) -> bool:
    try:
        store.delete(id)
    except (KedgeError, OSError) as error:
        sys.stderr.write(harmless(f"kedge: session {id} was not deleted: {error}\n"))
        return False
    sys.stdout.write(f"deleted: {id}\n")
    return True


def forget_outputs(
    catalogue: Catalogue, state: Path, rows: Mapping[str, Summary], gone: Sequence[str]
) -> None:
    """Remove the outputs of sessions that were deleted, but for those that a fork refers to."""
    for id in set(gone) - _needed(catalogue.store, rows, gone):
        _remove(state / "outputs" / id)


def _needed(store: JsonlStore, rows: Mapping[str, Summary], gone: Sequence[str]) -> set[str]:
    """The sessions whose outputs the forks that are left refer to."""
    left = [row.id for row in rows.values() if row.parent and row.id not in gone]
    return {one for id in left for one in ancestors(store, id)}


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        sys.stderr.write(f"kedge: {folder} was not removed: {error.strerror}\n")
