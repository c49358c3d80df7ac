"""Sessions on disk: one append-only file of JSON lines each, readable by its owner only.

A line is handed to the operating system in one write before `append` returns, so a killed process
loses nothing that it was told is stored; after `sync`, neither does a power cut. Only the last line
can be torn, and it is removed when the session is opened again.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...config.private import private_folder
from ...config.replacing import create_file, replace_file, sync_file, sync_folder
from ..codec import decode, digest
from ..errors import StoreError
from ..events import Event
from .chain import Damage, damage
from .locking import lock

SUFFIX = ".jsonl"
HEAD = ".head"
"""Ends the name of the note that says where a log ended when it was closed."""
_BLOCK = 1 << 20
"""Bytes read at once."""


class JsonlLog:
    """One session's file, locked for this process."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StoreError: it cannot be written, or another process appends to it.
        """
        self._path = path
        try:
            private_folder(path.parent)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"cannot open the session log {path}: {error.strerror}",
                hint="--no-session goes without one; KEDGE_HOME names another place",
            ) from error
        try:
            lock(self._file, path)
            self._mended = ""
            self._size = self._without_torn_line()
            begins = self._after_newline(self._size - 1)
            self._last_line = os.pread(self._file, self._size - begins, begins)[:-1]
            self._mended = self._mended or self._missing()
        except OSError as error:
            os.close(self._file)
            raise StoreError(f"cannot open the session log {path}: {error.strerror}") from error
        except StoreError:
            os.close(self._file)
            raise
        self._is_new = True
        self._dirty = False
        self._grown = False

    def _without_torn_line(self) -> int:
        size = os.fstat(self._file).st_size
        end = self._after_newline(size)
        if end != size:
            os.ftruncate(self._file, end)
            self._mended = (
                f"the last line of the log was torn and was removed ({size - end} bytes): kedge or "
                "the machine died while it was written; nothing before it is lost"
            )
        return end

    def _missing(self) -> str:
        """Words on an end that was there when the log was closed last; empty if it still is."""
        head = head_of(self._path)
        # Only what a killed process wrote last has to be read to find out.
        if head in ("", digest(self._last_line)):
            return ""
        with self._path.open("rb") as lines:
            if any(digest(line[:-1]) == head for line in lines):
                return ""
        return "the end of the log is missing that was there when it was closed last"

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

    @property
    def mended(self) -> str:
        """See `Log.mended`."""
        return self._mended

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
        self._dirty = self._grown = True

    def sync(self) -> None:
        """See `Log.sync`. Costs nothing where nothing was appended since."""
        if self._file < 0:
            raise StoreError(f"the session log {self._path} is closed")
        try:
            if self._dirty:
                sync_file(self._file)
            if self._is_new:
                sync_folder(self._path.parent)
        except OSError as error:
            raise StoreError(
                f"cannot write the session log {self._path}: {error.strerror}"
            ) from error
        self._dirty = self._is_new = False

    def close(self) -> None:
        """See `Log.close`."""
        if self._file < 0:
            return
        # What was only looked at is left as it is: its head may say that its end is missing.
        if self._grown:
            self._keep_head()
        self.abandon()

    def abandon(self) -> None:
        """Let go of the session without a note of where it ends."""
        os.close(self._file)
        self._file = -1

    def _keep_head(self) -> None:
        head = self._path.with_suffix(HEAD)
        # Without it the log is as good; only a missing end would not be noticed.
        with contextlib.suppress(OSError):
            replace_file(head, digest(self._last_line).encode() + b"\n", durable=False)


def head_of(log: Path) -> str:
    """The digest of a log's last line when it was closed last; empty if that is not known."""
    try:
        return log.with_suffix(HEAD).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


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
        for number, line in enumerate(self.lines(session), 1):
            try:
                event = decode(line)
            except StoreError as error:
                hint = error.hint or "kedge sessions doctor says more"
                raise type(error)(f"{self.path(session)}:{number}: {error}", hint=hint) from error
            if event is not None:
                yield event

    def lines(self, session: str) -> Iterator[bytes]:
        """See `Store.lines`."""
        try:
            file = self.path(session).open("rb")
        except FileNotFoundError as error:
            raise StoreError(f"there is no session {session!r}") from error
        except OSError as error:
            raise StoreError(
                f"cannot read the session log {self.path(session)}: {error.strerror}"
            ) from error
        with file:
            rest = b""
            while block := file.read(_BLOCK):
                *lines, rest = (rest + block).split(b"\n")
                yield from lines

    def begin(self, session: str, lines: Iterable[bytes]) -> None:
        """See `Store.begin`."""
        path = self.path(session)
        try:
            private_folder(self._folder)
            create_file(path, (line + b"\n" for line in lines))
        except FileExistsError as error:
            raise StoreError(f"there is a session {session!r} already") from error
        except OSError as error:
            raise StoreError(f"cannot write the session log {path}: {error.strerror}") from error

    def delete(self, session: str) -> None:
        """Take a session away for good.

        Raises:
            StoreError: it is in use.
            OSError: it cannot be removed.
        """
        log = self.open(session)
        try:
            self.path(session).unlink()
        finally:
            log.abandon()
        self.path(session).with_suffix(HEAD).unlink(missing_ok=True)
        sync_folder(self._folder)

    def damage(self, session: str) -> Damage | None:
        """What is wrong with a session's log; None if it is whole.

        Raises:
            StoreError: there is no such session, or it cannot be read.
        """
        try:
            with self.path(session).open("rb") as file:
                return damage(file, head_of(self.path(session)))
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
        latest = sorted(self.files(), key=lambda file: file[1][1], reverse=True)
        return tuple(id for id, _ in latest)

    def files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Each session with the size of its file, in bytes, and its time, in nanoseconds."""
        try:
            entries = os.scandir(self._folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise StoreError(f"cannot read {self._folder}: {error.strerror}") from error
        with entries:
            for entry in entries:
                # A hidden one is being made, see `begin`.
                if not entry.name.endswith(SUFFIX) or entry.name.startswith("."):
                    continue
                # It may have been deleted since.
                try:
                    stat = entry.stat()
                except FileNotFoundError:
                    continue
                yield entry.name.removesuffix(SUFFIX), (stat.st_size, stat.st_mtime_ns)
