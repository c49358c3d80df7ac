"""`kedge sessions doctor`: finds damage in what is kept, says what it means, repairs what it can.

Nothing is deleted unless that is asked for.
"""

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from ...agent.bus import now
from ...agent.errors import StoreError
from ...agent.session import new_session_id
from ...agent.stores.forking import ancestors, fork
from ...agent.stores.jsonl import HEAD
from ...agent.stores.scanning import scan
from ...config.errors import KedgeError
from ..catalogue import Catalogue
from ..counts import counted
from ..surroundings import surroundings
from ..terminal import harmless

if TYPE_CHECKING:
    from ...agent.stores.index import SessionIndex

_WRITING_SECONDS = 60
"""What is younger may still be written."""

Repair = Callable[[], str]
"""Does it and says in words what was done."""


class Finding(Struct, frozen=True):
    """Something that is not as it should be."""

    about: str
    """A session's id, or a path."""
    kind: str
    meaning: str
    """What is wrong and what follows from it."""
    repair: Repair | None = None
    deletes: bool = False
    """Whether the repair takes something away that is not needed."""
    harm: bool = True
    """Whether something is to be done about it; else it is only told."""


class _Row(Struct):
    about: str
    kind: str
    meaning: str
    remedy: str
    """The option that mends it; empty if none does."""
    done: str
    """What was done about it; empty if nothing was."""


def examine(*, fix: bool, prune: bool, as_json: bool) -> int:
    """Print what is found, and what was done about it; 1 if something is left to do."""
    where = surroundings("/")  # all sessions are meant, and the present directory may be gone
    doctor = Doctor(where.home.state_dir, Catalogue(where))
    left = 0
    findings = list(doctor.findings())
    for finding in findings:
        done = _done(finding) if (prune if finding.deletes else fix) else ""
        left += finding.harm and not done
        remedy = finding.repair and ("--prune" if finding.deletes else "--fix")
        _print(_Row(finding.about, finding.kind, finding.meaning, remedy or "", done), as_json)
    if not as_json:
        sessions = len(doctor.store.sessions())
        told = (counted(sessions, "session"), counted(len(findings), "finding"), f"{left} left")
        sys.stderr.write(f"{', '.join(told)}\n")
    return 1 if left else 0


def _done(finding: Finding) -> str:
    if finding.repair is None:
        return ""
    try:
        return finding.repair()
    except (OSError, KedgeError) as error:
        sys.stderr.write(harmless(f"kedge: {finding.about}: not repaired: {error}\n"))
        return ""


def _print(row: _Row, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        return
    sys.stdout.write(harmless(f"{row.about}: {row.meaning}\n"))
    if row.done:
        sys.stdout.write(harmless(f"  done: {row.done}\n"))
    elif row.remedy:
        sys.stdout.write(
            f"  {row.remedy} {'deletes' if row.remedy == '--prune' else 'repairs'} it\n"
        )


class Doctor:
    """Looks at everything that sessions leave in the state folder."""

    def __init__(self, state_dir: Path, catalogue: Catalogue, running: str = "") -> None:
        """`running` is a session of this process, which the index need not show as it is now."""
        self._state = state_dir
        self._running = running
        self._catalogue = catalogue
        self.store = catalogue.store
        self._rows = list(scan(self.store))

    def findings(self) -> Iterator[Finding]:
        """All that is wrong; permissions first, since the rest may depend on them."""
        yield from self._permissions()
        for id in sorted(self.store.sessions()):
            yield from self._log(id)
        yield from self._left_over()
        yield from self._index()

    def _permissions(self) -> Iterator[Finding]:
        folders = [self._state / name for name in ("sessions", "outputs", "trash")]
        inside = (path for folder in folders for path in sorted(folder.glob("*")))
        index = sorted(self._state.glob("sessions.db*"))
        for path in (self._state, *folders, *inside, *index):
            if path.is_symlink() or not path.exists():
                continue
            seen = path.stat()
            mode = stat.S_IMODE(seen.st_mode)
            if seen.st_uid != os.geteuid():
                words = f"belongs to another user (number {seen.st_uid}): kedge may fail to write"
                yield Finding(str(path), "owner", words)
            elif mode & 0o077:
                wanted = mode & 0o700
                words = f"others can get at it (mode {mode:o}); sessions are for their owner only"
                yield Finding(str(path), "permissions", words, _narrowing(path, wanted))

    def _log(self, id: str) -> Iterator[Finding]:
        try:
            wrong = self.store.damage(id)
        except StoreError as error:
            yield Finding(id, "unreadable", str(error))
            return
        if not wrong:
            return
        if wrong.kind == "torn":
            words = f"{wrong}. Nothing before it is lost, and opening the session removes it"
            yield Finding(id, "torn", words, lambda: self._mended(id))
        elif wrong.kind == "format":
            yield Finding(id, "format", f"{wrong}. It is whole for a later kedge: update this one")
        elif wrong.kind in ("record", "chain"):
            words = f"{wrong}. The session cannot be gone on with; what is before can be saved"
            yield Finding(id, wrong.kind, words, lambda: self._salvaged(id, wrong.seq))
        else:
            words = f"{wrong}. It can be read and gone on with, but it is no proof of what happened"
            yield Finding(id, wrong.kind, words)

    def _mended(self, id: str) -> str:
        self.store.open(id).close()
        return "the torn line was removed"

    def _salvaged(self, id: str, seq: int) -> str:
        if any((one.parent, one.upto) == (id, seq) for one in self._rows):
            return "a fork has what is before the damage"
        new = new_session_id()
        fork(self.store, id, new, now(), seq)
        return f"what is before the damage is in the new session {new}; this one is as it was"

    def _left_over(self) -> Iterator[Finding]:
        ids = set(self.store.sessions())
        forks = [row.id for row in self._rows if row.parent]
        needed = ids.union(*(ancestors(self.store, id) for id in forks))
        for path in sorted((self._state / "sessions").glob("*")):
            if path.name.startswith(".") and time.time() - path.stat().st_mtime > _WRITING_SECONDS:
                words = "left by a process that died while it wrote"
            elif path.suffix == HEAD and path.stem not in ids:
                words = "says where a log ended that is gone"
            else:
                continue
            yield Finding(str(path), "orphan", words, _removal(path), deletes=True)
        for path in sorted((self._state / "outputs").glob("*")):
            if path.name not in needed:
                words = "whole outputs of a session that is gone"
                yield Finding(str(path), "orphan", words, _removal(path), deletes=True)
        for path in sorted((self._state / "trash").glob("*")):
            if path.name not in ids and any(path.iterdir()):
                words = "files that a session deleted which is gone: see kedge trash list --all"
                yield Finding(str(path), "trash", words, harm=False)

    def _index(self) -> Iterator[Finding]:
        import sqlite3

        from ...agent.stores.index import SessionIndex

        index = SessionIndex(self._catalogue.file, self.store)
        try:
            if stale := index.stale(self._running):
                behind = counted(stale, "session")
                words = (
                    f"the index is behind the logs by {behind}; the next list brings it up to date"
                )
                about = str(self._catalogue.file)
                yield Finding(about, "stale", words, lambda: _updated(index), harm=False)
        except (sqlite3.Error, OSError) as error:
            words = f"the index cannot be used ({error}); lists and searches read every log instead"
            yield Finding(str(self._catalogue.file), "index", words, lambda: _rebuilt(index))


def _updated(index: "SessionIndex") -> str:
    return f"brought up to date: {counted(index.update(), 'session')}"


def _rebuilt(index: "SessionIndex") -> str:
    import sqlite3

    try:
        return f"made anew from {counted(index.rebuild(), 'session')}"
    except sqlite3.Error as error:
        raise KedgeError(str(error)) from error


def _narrowing(path: Path, mode: int) -> Repair:
    def narrow() -> str:
        path.chmod(mode)
        return f"mode {mode:o}"

    return narrow


def _removal(path: Path) -> Repair:
    def remove() -> str:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        return "deleted"

    return remove
