"""Sets a damaged SQLite file aside, so that a new one can begin. Nothing of it is thrown away: what
can still be read of it can be saved with SQLite's own `.recover`.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ..config.replacing import alone

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file; without its `-wal` it would lack what was written last."""
_MARK = ".damaged-"
_KINDS = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_damage(error: Exception) -> bool:
    """Whether an error says that a file itself is damaged, not that it cannot be had now."""
    code = error.sqlite_errorcode if isinstance(error, sqlite3.Error) else 0
    return code & 0xFF in _KINDS


def set_aside(file: Path) -> Path | None:
    """Rename a damaged file and what belongs to it; returns its new name, `*.damaged-TIME`. None
    where the file is whole, or gone: another process did it before. Close it first.

    Raises:
        sqlite3.Error, OSError: it cannot be looked at, or not be renamed.
    """
    with alone(file.parent):
        if not file.exists() or _is_whole(file):
            return None
        aside = file.with_name(f"{file.name}{_MARK}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        # First what is beside it: another's would be taken for that of the new file.
        for suffix in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{file}{suffix}", f"{aside}{suffix}")
        os.rename(file, aside)
        return aside


def set_aside_of(file: Path) -> Iterator[Path]:
    """What was set aside of a file."""
    return file.parent.glob(f"{file.name}{_MARK}*")


def _is_whole(file: Path) -> bool:
    with contextlib.closing(sqlite3.connect(file)) as database:
        try:
            found: tuple[str] = database.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            if is_damage(error):
                return False
            raise
        return found[0] == "ok"
