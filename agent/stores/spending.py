"""What was spent beyond one session, in a small SQLite file: one row per day and project.

Each operation opens the file anew, so nothing is held between them; SQLite's own locks keep
processes from overwriting each other's sums. Loading SQLite takes 7 ms, which only those pay who
have set a limit for a day or a project.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...config.private import private_database
from ..errors import StoreError
from ..spending import Spend, Spending

_PATIENCE = 5.0
"""Seconds to wait for another process that is writing."""

_TABLE = """
CREATE TABLE IF NOT EXISTS spent (
    day TEXT NOT NULL, project TEXT NOT NULL,
    calls INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (day, project)
)
"""
_ADD = """
INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (day, project) DO UPDATE SET
    calls = calls + excluded.calls, tokens = tokens + excluded.tokens,
    cost = cost + excluded.cost, seconds = seconds + excluded.seconds
"""
_SUMS = "SELECT sum(calls), sum(tokens), sum(cost), sum(seconds) FROM spent WHERE"


def local_day() -> str:
    """Today where the user is: `2026-11-21`."""
    return time.strftime("%Y-%m-%d")


class SqliteSpending:
    """The sums of one project and of the day."""

    def __init__(self, file: Path, project: str, *, today: Callable[[], str] = local_day) -> None:
        """`project` is any text that names it for ever, such as the path of its root."""
        self._file = file
        self._project = project
        self._today = today

    def add(self, spend: Spend) -> None:
        """See `Spending.add`."""
        row = (self._today(), self._project, spend.turns, spend.tokens, spend.cost, spend.seconds)
        try:
            with closing(self._opened()) as database, database:
                database.execute(_ADD, row)
        except (OSError, sqlite3.Error) as error:
            raise self._failure("cannot keep", error) from error

    def total(self, scope: Literal["day", "project"]) -> Spend:
        """See `Spending.total`."""
        query = f"{_SUMS} day = ?" if scope == "day" else f"{_SUMS} project = ?"
        key = self._today() if scope == "day" else self._project
        row: tuple[int | None, int | None, float | None, float | None]
        try:
            with closing(self._opened()) as database:
                row = database.execute(query, (key,)).fetchone()
        except (OSError, sqlite3.Error) as error:
            raise self._failure("cannot read", error) from error
        turns, tokens, cost, seconds = row
        return Spend(turns or 0, tokens or 0, round(cost or 0.0, 9), seconds or 0.0)

    def _opened(self) -> sqlite3.Connection:
        private_database(self._file)
        database = sqlite3.connect(self._file, timeout=_PATIENCE)
        try:
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(_TABLE)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _failure(self, what: str, error: Exception) -> StoreError:
        return StoreError(
            f"{what} what was spent in {self._file}: {error}",
            hint="without it the limits in budgets.day and budgets.project cannot be kept",
        )


if TYPE_CHECKING:
    _: type[Spending] = SqliteSpending
