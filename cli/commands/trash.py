"""`kedge trash`: what actions deleted, and bringing it back."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ...config.errors import UsageError
from ...config.exit_codes import EXIT_CODES
from ...sandbox.trash import Trash, Trashed
from ..ages import age, age_of
from ..surroundings import Surroundings, surroundings
from ..terminal import Out, harmless

_SHOWN = 3
"""Paths of one action that are listed by name."""


def trashes(where: Surroundings, session: str = "") -> list[Trash]:
    """The trash of every session whose id begins so."""
    try:
        folders = sorted((where.home.state_dir / "trash").iterdir())
    except FileNotFoundError:
        return []
    return [Trash(folder) for folder in folders if folder.name.startswith(session)]


def list_trash(session: str, cd: str, *, everywhere: bool, as_json: bool) -> None:
    """Print what was kept before deletions: of a session, or of this directory; oldest first.

    Raises:
        UsageError: the directory is none.
    """
    where = surroundings(cd)
    found = _found(where, session, everywhere=everywhere)
    out = Out(1)
    for _, kept in found:
        if as_json:
            # Names of files need not be text, which only this writes down.
            sys.stdout.write(json.dumps(msgspec.to_builtins(kept)) + "\n")
        else:
            out.say(_line(kept, where.cwd, datetime.now(UTC)))
    if not found and not as_json:
        Out(2).say("nothing was deleted here that the trash knows of\n")


def restore_trash(ids: tuple[str, ...], session: str, cd: str) -> int:
    """Put back what is missing: of these ids, else of the last deletion in the session, or in this
    directory; 1 if something could not be.

    Raises:
        UsageError: there is nothing like it.
    """
    where = surroundings(cd)
    refused = 0
    for trash, kept in _chosen(where, ids, session):
        restored = trash.restore(kept.id)
        Out(1).say(f"{kept.id}: {restored.entries} put back of {kept.entries} kept by {kept.why}\n")
        for reason in restored.refused:
            Out(2).say(f"kedge: not put back: {_line_of(reason)}\n")
        refused += len(restored.refused)
    return EXIT_CODES["failed"] if refused else 0


def empty_trash(older_than: str) -> None:
    """Throw away for good what was kept longer ago than an age such as `30d`, or everything.

    Raises:
        UsageError: it is no age.
    """
    than = age(older_than) if older_than else None
    count = sum(trash.empty(than) for trash in trashes(surroundings()))
    Out(1).say(f"thrown away: what {count} deletion{'' if count == 1 else 's'} had left\n")


def _found(where: Surroundings, session: str, *, everywhere: bool) -> list[tuple[Trash, Trashed]]:
    """What was kept, oldest first."""
    here = str(where.cwd)
    found = [
        (trash, kept)
        for trash in trashes(where, session)
        for kept in trash.entries()
        if session or everywhere or kept.workspace == here
    ]
    return sorted(found, key=lambda pair: pair[1].time)


def _chosen(where: Surroundings, ids: tuple[str, ...], session: str) -> list[tuple[Trash, Trashed]]:
    if not ids:
        found = _found(where, session, everywhere=False)
        if not found:
            raise UsageError(
                "the trash has nothing to put back here", hint="kedge trash list --all"
            )
        return found[-1:]
    found = _found(where, session, everywhere=True)
    return [_named(found, id) for id in ids]


def _named(found: list[tuple[Trash, Trashed]], id: str) -> tuple[Trash, Trashed]:
    fitting = [pair for pair in found if id and pair[1].id.startswith(id)]
    if len(fitting) != 1:
        problem = "several things" if fitting else "nothing"
        raise UsageError(f"the trash has {problem} under {id!r}", hint="see kedge trash list --all")
    return fitting[0]


def _line(kept: Trashed, cwd: Path, now: datetime) -> str:
    ago = age_of(datetime.fromisoformat(kept.time), now)
    names = [_short(item.path, cwd) for item in kept.items[:_SHOWN]]
    if len(kept.items) > _SHOWN:
        names.append(f"and {len(kept.items) - _SHOWN} more")
    missed = f"; {len(kept.missed)} not kept" if kept.missed else ""
    return f"{kept.id}  {ago:>7}  {kept.why:<10}  {', '.join(names)} ({kept.entries}{missed})\n"


def _short(path: str, cwd: Path) -> str:
    place = Path(path)
    return _line_of(str(place.relative_to(cwd)) if place.is_relative_to(cwd) else path)


def _line_of(text: str) -> str:
    return harmless(text.replace("\n", "\\n"))
