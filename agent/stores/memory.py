"""Sessions in memory: for embedding, for `--no-session`, and as the double in tests."""

from collections.abc import Iterator, Sequence

from ..codec import decode
from ..errors import StoreError
from ..events import Event


class MemoryLog:
    """The lines of one session."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines

    def append(self, line: bytes) -> None:
        """Keep a line."""
        self._lines.append(line)

    def close(self) -> None:
        """Nothing to let go of."""


class MemoryStore:
    """A `Store` that lives as long as the process."""

    def __init__(self) -> None:
        self._sessions: dict[str, list[bytes]] = {}

    def open(self, session: str) -> MemoryLog:
        """See `Store.open`."""
        lines = self._sessions.pop(session, [])
        self._sessions[session] = lines
        return MemoryLog(lines)

    def read(self, session: str) -> Iterator[Event]:
        """See `Store.read`."""
        if session not in self._sessions:
            raise StoreError(f"there is no session {session!r}")
        for line in tuple(self._sessions[session]):
            if (event := decode(line)) is not None:
                yield event

    def sessions(self) -> Sequence[str]:
        """See `Store.sessions`."""
        return tuple(reversed(self._sessions))
