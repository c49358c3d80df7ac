"""An index over the session logs, for lists and for full-text search: one SQLite file.

It is never the truth: it follows from the logs, is brought up to date before each use, and can be
thrown away at any time. A log that has grown is read from where it was read last; whether it is
still the same log shows from its chain of hashes.

Loading SQLite takes 7 ms, so this module is imported by what needs it, not by a run.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from ...config.private import private_database
from ..codec import chained_to, decode, digest
from ..errors import StoreError
from .jsonl import JsonlStore
from .summary import EVERYWHERE, KINDS, Said, Summary, Where, said, terms
from .wording import matching, spaced

VERSION = 5
"""Of the tables; a file with other ones is made anew."""
_PATIENCE = 2.0
"""Seconds to wait for another process that is writing."""
_KIND = re.compile(rb'"kind":"([a-z.]+)"')
_HEAD_BYTES = 512
"""Where the kind of a line as we write it is found."""

_TABLES = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, done INTEGER NOT NULL,
    digest TEXT NOT NULL, cwd TEXT NOT NULL, project TEXT NOT NULL, summary TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE said (
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, origin TEXT NOT NULL, seq INTEGER NOT NULL,
    ts TEXT NOT NULL, speaker TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX said_in ON said (session);
CREATE INDEX said_once ON said (origin, seq, session);
CREATE VIRTUAL TABLE words USING fts5 (
    text, content='said', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER said_more AFTER INSERT ON said BEGIN
    INSERT INTO words (rowid, text) VALUES (new.id, spaced(new.text));
END;
CREATE TRIGGER said_less AFTER DELETE ON said BEGIN
    INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, spaced(old.text));
END;
"""
_STATS = "SELECT id, size, mtime FROM sessions"
_HOW_FAR = "SELECT done, digest, summary FROM sessions WHERE id = ?"
_KEEP = "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SAY = "INSERT INTO said (session, origin, seq, ts, speaker, text) VALUES (?, ?, ?, ?, ?, ?)"
_HERE = "(:anywhere OR cwd = :cwd OR project = :project)"
# What forks took over is told once: of the oldest session that is still there.
_FIRST = """said.session = (
    SELECT min(same.session) FROM said AS same
    WHERE same.origin = said.origin AND same.seq = said.seq
)"""
_LIST = f"SELECT summary FROM sessions WHERE {_HERE} ORDER BY mtime DESC, id DESC"
_SEARCH = f"""
SELECT said.session, said.seq, said.ts, said.speaker, said.text FROM (
    SELECT words.rowid AS id, rank FROM words
    JOIN said ON said.id = words.rowid JOIN sessions ON sessions.id = said.session
    WHERE words MATCH :query AND {_FIRST} AND said.session != :without AND {_HERE}
    ORDER BY rank LIMIT :limit
) AS found JOIN said ON said.id = found.id ORDER BY found.rank
"""


class _Known(msgspec.Struct, frozen=True):
    """How far a log was read."""

    done: int
    """Bytes that were taken in: whole lines."""
    digest: str
    """Of the last of them."""
    summary: str


_UNREAD = _Known(0, "", "")


class SessionIndex:
    """The index of the sessions in one folder. Each operation opens the file anew."""

    def __init__(self, file: Path, store: JsonlStore) -> None:
        self._file = file
        self._store = store

    def update(self) -> int:
        """Take in what the logs say by now; returns how many had changed.

        Raises:
            sqlite3.Error: the file is damaged, or in use for too long.
            OSError: it cannot be written, or the logs cannot be read.
        """
        with closing(self._opened()) as database, database:
            found = dict(self._store.files())
            known = {id: (size, mtime) for id, size, mtime in database.execute(_STATS)}
            changed = [id for id, stat in found.items() if known.get(id) != stat]
            gone = known.keys() - found.keys()
            for id in gone:
                _forget(database, id)
            for id in changed:
                self._take_in(database, id, found[id])
        return len(changed) + len(gone)

    def stale(self, without: str = "") -> int:
        """How many logs it does not show as they are, but `without` one session.

        Raises:
            sqlite3.Error: the file is damaged.
            OSError: it cannot be read.
        """
        with closing(self._opened()) as database:
            faults = database.execute("PRAGMA quick_check(1)").fetchone()
            if faults[0] != "ok":
                raise sqlite3.DatabaseError(str(faults[0]))
            known = {id: (size, mtime) for id, size, mtime in database.execute(_STATS)}
        found = dict(self._store.files())
        return len(dict(known.items() ^ found.items()).keys() - {without})

    def rebuild(self) -> int:
        """Throw it away and read every log; returns how many there are.

        Raises:
            sqlite3.Error: the new file cannot be written.
            OSError: the old one cannot be removed.
        """
        for suffix in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        return self.update()

    def summaries(self, where: Where = EVERYWHERE) -> list[Summary]:
        """Every session, the one written to last first.

        Raises:
            sqlite3.Error, OSError: as `update`.
        """
        with closing(self._opened()) as database:
            rows = database.execute(_LIST, _place(where)).fetchall()
        return [msgspec.json.decode(row[0], type=Summary) for row in rows]

    def search(
        self, query: str, limit: int, where: Where = EVERYWHERE, without: str = ""
    ) -> list[Said]:
        """What was said with all terms of the query in it (see `terms`), best first: where
        they are frequent and the text is short (bm25).

        Raises:
            sqlite3.Error, OSError: as `update`.
        """
        asked = matching(terms(query))
        if not asked:
            return []
        values = {"query": asked, "limit": limit, "without": without, **_place(where)}
        with closing(self._opened()) as database:
            return [Said(*row) for row in database.execute(_SEARCH, values)]

    def _opened(self) -> sqlite3.Connection:
        private_database(self._file)
        database = sqlite3.connect(self._file, timeout=_PATIENCE)
        try:
            database.create_function("spaced", 1, spaced, deterministic=True)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if _version(database) != VERSION:
                _make_tables(database)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _take_in(
        self,
        database: sqlite3.Connection,
        id: str,
        stat: tuple[int, int],
    ) -> None:
        row = database.execute(_HOW_FAR, (id,)).fetchone()
        known = _Known(*row) if row else _UNREAD
        try:
            with self._store.path(id).open("rb") as file:
                if not _goes_on(file, known):
                    _forget(database, id)
                    file.seek(0)
                    known = _UNREAD
                summary = _summary(id, known)
                reading = _Reading(file, known)
                database.executemany(_SAY, reading.said(summary))
        except OSError:
            _forget(database, id)
            summary, reading = Summary(id, status="damaged"), _Reading(BytesIO(), _UNREAD)
        database.execute(
            _KEEP,
            (id, *stat, reading.done, reading.digest, summary.cwd, summary.project,
             msgspec.json.encode(summary).decode()),
        )  # fmt: skip


def _summary(id: str, known: _Known) -> Summary:
    return msgspec.json.decode(known.summary, type=Summary) if known.summary else Summary(id)


class _Reading:
    """Takes in the rest of a log."""

    def __init__(self, file: IO[bytes], known: _Known) -> None:
        self._file = file
        self.done = known.done
        self._last = b""
        self._before = known.digest

    @property
    def digest(self) -> str:
        """Of the last line that was read."""
        return digest(self._last) if self._last else self._before

    def said(self, summary: Summary) -> Iterator[tuple[str, str, int, str, str, str]]:
        """The rows of what was said; folds the facts into the summary."""
        for line in self._file:
            if not line.endswith(b"\n"):
                return
            self.done += len(line)
            self._last = line[:-1]
            kind = _KIND.search(line, 0, _HEAD_BYTES)
            if kind and kind[1].decode() not in KINDS:
                continue
            try:
                event = decode(self._last)
            except StoreError:
                summary.status = "damaged"
                return
            if event is None:
                continue
            summary.add(event)
            spoken = said(event)
            if spoken:
                where = (summary.id, spoken.session, spoken.seq)
                yield (*where, spoken.ts, spoken.speaker, spoken.text)


def _goes_on(file: IO[bytes], known: _Known) -> bool:
    """Whether a log holds what was read of it, and more: its next line says what was before."""
    file.seek(known.done)
    line = file.readline()
    file.seek(known.done)
    try:
        return line.endswith(b"\n") and chained_to(line[:-1]) == known.digest
    except StoreError:
        return False


def _forget(database: sqlite3.Connection, id: str) -> None:
    database.execute("DELETE FROM said WHERE session = ?", (id,))
    database.execute("DELETE FROM sessions WHERE id = ?", (id,))


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _make_tables(database: sqlite3.Connection) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        if _version(database) == VERSION:
            return
        for kind, name in (("TABLE", "words"), ("TABLE", "said"), ("TABLE", "sessions")):
            database.execute(f"DROP {kind} IF EXISTS {name}")
        for statement in _statements(_TABLES):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")


def _statements(script: str) -> Iterator[str]:
    """One by one: `executescript` would end the transaction."""
    whole = ""
    for line in script.splitlines(keepends=True):
        whole += line
        if sqlite3.complete_statement(whole):
            yield whole
            whole = ""


def _place(where: Where) -> dict[str, object]:
    return {"anywhere": not where.cwd, "cwd": where.cwd, "project": where.project}
