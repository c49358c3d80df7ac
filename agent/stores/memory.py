"""Sessions in memory: for embedding, for `--no-session`, and as the double in tests."""

from collections.abc import Iterable, Iterator, Sequence

from ..codec import decode
from ..errors import StoreError
from ..events import Event


class MemoryLog:
    """The lines of one session."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self.closed = False

    @property
    def last_line(self) -> bytes:
        """See `Log.last_line`."""
        return self._lines[-1] if self._lines else b""

    @property
    def mended(self) -> str:
        """See `Log.mended`."""
        return ""

    def append(self, line: bytes) -> None:
        """See `Log.append`."""
        self.sync()
        self._lines.append(line)

    def sync(self) -> None:
        """See `Log.sync`."""
        if self.closed:
            raise StoreError("the session log is closed")

    def close(self) -> None:
        """See `Log.close`."""
        self.closed = True


class MemoryStore:
    """A `Store` that lives as long as the process."""

    def __init__(self) -> None:
        self._sessions: dict[str, list[bytes]] = {}
        self._logs: dict[str, MemoryLog] = {}

    def open(self, session: str) -> MemoryLog:
        """See `Store.open`."""
        if session in self._logs and not self._logs[session].closed:
            raise StoreError(f"session {session!r} is in use; close it first")
        lines = self._sessions.pop(session, [])
        self._sessions[session] = lines
        self._logs[session] = MemoryLog(lines)
        return self._logs[session]

    def read(self, session: str) -> Iterator[Event]:
        """See `Store.read`."""
        for line in self.lines(session):
            if (event := decode(line)) is not None:
                yield event

    def lines(self, session: str) -> Iterator[bytes]:
        """See `Store.lines`."""
        if session not in self._sessions:
            raise StoreError(f"there is no session {session!r}")
        yield from tuple(self._sessions[session])

    def begin(self, session: str, lines: Iterable[bytes]) -> None:
        """See `Store.begin`."""
        if session in self._sessions:
            raise StoreError(f"there is a session {session!r} already")
        self._sessions[session] = list(lines)

    def sessions(self) -> Sequence[str]:
        """See `Store.sessions`."""
        return tuple(reversed(self._sessions))
