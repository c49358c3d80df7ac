"""Where checkpoints are kept: contents by their digest, in one SQLite file of this person's own.

One writer at a time; a checkpoint and everything it needs are written in one transaction, so that a
crash leaves either all of it or nothing.
"""

import contextlib
import shutil
import sqlite3
import time
import zlib
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ..config.private import private_database
from .damage import is_damage, set_aside, set_aside_of
from .errors import Damaged, SandboxError
from .snapshot import Manifest, State, decoded, digest

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (digest BLOB PRIMARY KEY, packed INTEGER, data BLOB);
CREATE TABLE IF NOT EXISTS checkpoints (
    id TEXT PRIMARY KEY, time TEXT, reason TEXT, files INTEGER, bytes INTEGER,
    notice TEXT, manifest BLOB
);
CREATE TABLE IF NOT EXISTS seen (only INTEGER PRIMARY KEY, data BLOB);
"""
_FILE = "checkpoints.db"
_PATIENCE_SECONDS = 60.0
"""How long another process may be writing."""
_WORTH_PACKING = 128
"""Bytes below which nothing is compressed."""


class Checkpoint(msgspec.Struct, frozen=True):
    """A state that is kept. The same state has the same id."""

    id: str
    time: str
    """When it was kept last: UTC, as ISO 8601 has it."""
    reason: str
    files: int
    """Files and links."""
    bytes: int
    """Their sizes."""
    notice: str = ""
    """Words for a person where something is not covered."""


class Vault:
    """The checkpoints of one workspace. Not opened until something is read or written."""

    def __init__(self, folder: Path) -> None:
        """`folder` need not exist; nobody else may look into it."""
        self.folder = folder
        self._file = folder / _FILE
        self._connection: sqlite3.Connection | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept."""
        return self._file.exists()

    def close(self) -> None:
        """Let go of the file. May be called twice; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def reading(self) -> Generator["Opened"]:
        """The vault, to look into.

        Raises:
            Damaged: the file is damaged.
            SandboxError: it cannot be read.
        """
        with self._telling():
            yield Opened(self._connected())

    @contextlib.contextmanager
    def writing(self) -> Generator["Opened"]:
        """The vault; what is written in the block is kept if the block does not raise.

        Raises:
            Damaged: the file is damaged.
            SandboxError: it cannot be written.
        """
        with self._telling():
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            with contextlib.ExitStack() as undo:
                undo.callback(connection.rollback)
                yield Opened(connection)
                connection.execute("COMMIT")
                undo.pop_all()

    def begin_anew(self) -> Path | None:
        """Set a damaged file aside, so that the next use begins a new one; returns its new name.
        None where it is whole: another process was quicker.

        Raises:
            SandboxError: it cannot be renamed.
        """
        self.close()
        with self._telling():
            return set_aside(self._file)

    def shrink(self) -> None:
        """Give back to the disk what is not needed any more.

        Raises:
            SandboxError: it cannot be written.
        """
        with self._telling():
            # A script, because a single statement would stop after the first page.
            self._connected().executescript("PRAGMA incremental_vacuum")
            self._connected().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextlib.contextmanager
    def _telling(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            words = f"the checkpoints in {str(self.folder)!r}: {error}"
            if is_damage(error):
                hint = "the next turn that changes something sets them aside and begins anew"
                raise Damaged(words, hint=hint) from error
            raise SandboxError(words) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connection(self._file)
        return self._connection


def _connection(file: Path) -> sqlite3.Connection:
    private_database(file)
    connection = sqlite3.connect(
        file, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # Before the first table is made, so that what is thrown away can be given back.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class Opened:
    """The vault, open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, content: bytes) -> bytes:
        """Keep content; returns its digest."""
        key = digest(content)
        if self._one("SELECT 1 FROM objects WHERE digest = ?", key) is None:
            packed = len(content) >= _WORTH_PACKING
            data = zlib.compress(content, 1) if packed else content
            if len(data) >= len(content):
                packed, data = False, content
            self._connection.execute("INSERT INTO objects VALUES (?, ?, ?)", (key, packed, data))
        return key

    def get(self, key: bytes) -> bytes:
        """The content of a digest.

        Raises:
            SandboxError: it is missing or damaged.
        """
        row = self._one("SELECT packed, data FROM objects WHERE digest = ?", key)
        content = b""
        if row is not None:
            with contextlib.suppress(zlib.error):
                content = zlib.decompress(row[1]) if row[0] else row[1]
        if row is None or digest(content) != key:
            raise SandboxError(f"the checkpoints are damaged: {key.hex()} is not what it was")
        return content

    def knows(self, id: str) -> bool:
        """Whether a state is kept."""
        return self._one("SELECT 1 FROM checkpoints WHERE id = ?", id) is not None

    def keep(self, manifest: Manifest, checkpoint: Checkpoint) -> None:
        """Add a checkpoint, or say that an old one was needed again."""
        key = self.put(msgspec.msgpack.encode(manifest))
        row = (*msgspec.structs.astuple(checkpoint), key)
        self._connection.execute("REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def state(self, id: str) -> State:
        """What was kept under an id.

        Raises:
            SandboxError: nothing was, or it is damaged.
        """
        row = self._one("SELECT manifest FROM checkpoints WHERE id = ?", id)
        if row is None:
            raise SandboxError(f"there is no checkpoint {id!r}: it may have been pruned")
        return State(self._manifest(row[0]), self.get)

    def _manifest(self, key: bytes) -> Manifest:
        try:
            return msgspec.msgpack.decode(self.get(key), type=Manifest)
        except msgspec.MsgspecError as error:
            raise SandboxError(f"a checkpoint is of another version of kedge: {error}") from error

    def checkpoints(self) -> list[Checkpoint]:
        """All of them, oldest first."""
        rows = self._connection.execute(
            "SELECT id, time, reason, files, bytes, notice FROM checkpoints ORDER BY time"
        )
        return [Checkpoint(*row) for row in rows]

    def seen(self) -> bytes:
        """What was noted last of the files' looks; empty if nothing was."""
        row = self._one("SELECT data FROM seen")
        return row[0] if row else b""

    def note(self, seen: bytes) -> None:
        """Note the files' looks, so that the next process need not read them."""
        self._connection.execute("REPLACE INTO seen VALUES (0, ?)", (seen,))

    @property
    def size(self) -> int:
        """Bytes of what is kept, as it lies on disk."""
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        (bytes,) = self._connection.execute("PRAGMA page_size").fetchone()
        return int((pages - free) * bytes)

    @property
    def generation(self) -> int:
        """Changes whenever something was thrown away."""
        row: tuple[int] = self._connection.execute("PRAGMA user_version").fetchone()
        return row[0]

    def drop(self, ids: Iterable[str]) -> None:
        """Throw checkpoints away, and what no other needs."""
        self._connection.executemany("DELETE FROM checkpoints WHERE id = ?", [(id,) for id in ids])
        needed: set[bytes] = set()
        for (key,) in self._connection.execute("SELECT manifest FROM checkpoints").fetchall():
            manifest = self._manifest(key)
            needed.add(key)
            for listing in set(manifest.directories.values()) - needed:
                needed.add(listing)
                entries = decoded(self.get(listing)).entries.values()
                needed.update(entry.what for entry in entries if entry.kind == "file")
        keys = self._connection.execute("SELECT digest FROM objects").fetchall()
        gone = [row for row in keys if row[0] not in needed]
        self._connection.executemany("DELETE FROM objects WHERE digest = ?", gone)
        # What was noted names contents that may be gone.
        self._connection.execute("DELETE FROM seen")
        self._connection.execute(f"PRAGMA user_version = {self.generation + 1}")

    def _one(self, query: str, *values: bytes | str) -> tuple[bytes, ...] | None:
        row: tuple[bytes, ...] | None = self._connection.execute(query, values).fetchone()
        return row


def sweep(own: Path, days: int) -> None:
    """Throw away for good the checkpoints of other workspaces, beside our own, in which nothing was
    kept for so many days, and what was set aside that long ago. What cannot be thrown away
    stays."""
    oldest = time.time() - days * 86_400
    # Another process may be at it, too.
    with contextlib.suppress(OSError):
        for folder in own.parent.iterdir():
            files = [folder / name for name in (_FILE, f"{_FILE}-wal")]
            times = [file.stat().st_mtime for file in files if file.exists()]
            if folder != own and times and max(times) < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        for file in set_aside_of(own / _FILE):
            if file.stat().st_mtime < oldest:
                file.unlink()


def moment() -> str:
    """Now, as a checkpoint has it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
