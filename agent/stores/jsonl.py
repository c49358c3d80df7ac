"""Sessions on disk: one append-only file of JSON lines each, readable by its owner only.

A line is handed to the operating system in one write before `append` returns, so a killed process
loses nothing that it was told is stored; a power cut may cost the last moments. Only the last line
can be torn, and it is removed when the session is opened again.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..codec import decode, digest
from ..errors import StoreError
from ..events import Event
from .chain import damage

SUFFIX = ".jsonl"
HEAD = ".head"
"""Ends the name of the note that says where a log ended when it was closed."""


class JsonlLog:
    """One session's file, locked for this process."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StoreError: it cannot be written, or another process appends to it.
        """
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"cannot open the session log {path}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            if not isinstance(error, BlockingIOError):
                raise StoreError(f"cannot lock the session log {path}: {error.strerror}") from error
            raise StoreError(
                f"session {path.stem!r} is in use by another kedge; wait for it, or start a new one"
            ) from error
        self._size = self._without_torn_line()
        begins = self._after_newline(self._size - 1)
        self._last_line = os.pread(self._file, self._size - begins, begins)[:-1]

    def _without_torn_line(self) -> int:
        size = os.fstat(self._file).st_size
        end = self._after_newline(size)
        if end != size:
            os.ftruncate(self._file, end)
        return end

    def _after_newline(self, end: int) -> int:
        """The place after the last newline before `end`; 0 if there is none."""
        while end > 0:
            start = max(0, end - 65_536)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0

    @property
    def last_line(self) -> bytes:
        """See `Log.last_line`."""
        return self._last_line

    def append(self, line: bytes) -> None:
        """See `Log.append`. What could only be written in part is taken back."""
        data = line + b"\n"
        try:
            written = os.write(self._file, data)
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            # Where even this fails, the torn line is removed when the session is opened again.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise StoreError(
                f"cannot write the session log {self._path}: {error.strerror}"
            ) from error
        self._size += len(data)
        self._last_line = line

    def close(self) -> None:
        """See `Log.close`."""
        if self._file < 0:
            return
        if self._last_line:
            self._keep_head()
        os.close(self._file)
        self._file = -1

    def _keep_head(self) -> None:
        head = self._path.with_suffix(HEAD)
        beside = head.with_name(f".{head.name}")
        # Without it the log is as good; only a missing end would not be noticed.
        with contextlib.suppress(OSError):
            file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, digest(self._last_line).encode() + b"\n")
            finally:
                os.close(file)
            os.replace(beside, head)


class JsonlStore:
    """A `Store` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, session: str) -> Path:
        """The file of a session, whether or not it exists."""
        return self._folder / (session + SUFFIX)

    def open(self, session: str) -> JsonlLog:
        """See `Store.open`."""
        return JsonlLog(self.path(session))

    def read(self, session: str) -> Iterator[Event]:
        """See `Store.read`. A torn last line is passed over."""
        try:
            file = self.path(session).open("rb")
        except FileNotFoundError as error:
            raise StoreError(f"there is no session {session!r}") from error
        except OSError as error:
            raise StoreError(
                f"cannot read the session log {self.path(session)}: {error.strerror}"
            ) from error
        with file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    event = decode(line)
                except StoreError as error:
                    raise StoreError(f"{self.path(session)}:{number}: {error}") from error
                if event is not None:
                    yield event

    def damage(self, session: str) -> str:
        """What is wrong with a session's log, in words; empty if it is whole.

        Raises:
            StoreError: there is no such session, or it cannot be read.
        """
        try:
            head = self.path(session).with_suffix(HEAD).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            head = ""
        try:
            with self.path(session).open("rb") as file:
                return damage(file, head)
        except OSError as error:
            raise StoreError(f"cannot read session {session!r}: {error.strerror}") from error

    def lost(self) -> tuple[str, ...]:
        """Ids of sessions of which only the note of their end is left."""
        heads = (
            path.stem for path in self._folder.glob(f"*{HEAD}") if not path.name.startswith(".")
        )
        return tuple(sorted(id for id in heads if not self.path(id).exists()))

    def sessions(self) -> Sequence[str]:
        """See `Store.sessions`."""
        try:
            entries = [entry for entry in os.scandir(self._folder) if entry.name.endswith(SUFFIX)]
        except FileNotFoundError:
            return ()
        entries.sort(key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
        return tuple(entry.name.removesuffix(SUFFIX) for entry in entries)
