"""One numbered stream: numbers records, stores the facts, hands everything to the readers.

Emitting never waits for a reader and never fails because of one. Only the store may fail it: a
fact that is not on disk did not happen.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from .codec import digest, encode
from .events import Body, Event, Progress
from .ports import Log

MAX_LAG = 1024
"""Events that a reader may be behind before it loses progress. It never loses facts."""

Watcher = Callable[[Event], None]


def now() -> str:
    """The time as records state it: RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Subscription:
    """One reader's place in the stream. Iterating ends when `end` was called and all is read."""

    def __init__(self) -> None:
        self._queue: deque[Event] = deque()
        self._filled = asyncio.Event()
        self._ended = False

    def push(self, event: Event) -> None:
        """Hand over an event; progress is dropped when the reader is too far behind."""
        if len(self._queue) >= MAX_LAG and isinstance(event.body, Progress):
            return
        self._queue.append(event)
        self._filled.set()

    def end(self) -> None:
        """Nothing will be added any more."""
        self._ended = True
        self._filled.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._queue:
                yield self._queue.popleft()
            if self._ended:
                return
            self._filled.clear()
            await self._filled.wait()


class Bus:
    """The stream of one session."""

    def __init__(
        self,
        session: str,
        log: Log,
        *,
        last_seq: int = 0,
        head: str = "",
        clock: Callable[[], str] = now,
    ) -> None:
        """Go on after `last_seq`, the fact whose line has the digest `head`."""
        self.session = session
        self.turn = 0
        self._log = log
        self._seq = last_seq
        self._head = head
        self._clock = clock
        self._readers: list[Subscription] = []
        self._watchers: list[Watcher] = []

    def emit(self, body: Body, path: tuple[str, ...] = ("main",)) -> Event:
        """Number a record and pass it on; a fact is stored before anybody sees it.

        Raises:
            StoreError: the fact could not be stored; nobody has seen it.
        """
        progress = isinstance(body, Progress)
        event = Event(
            self._seq + 1,
            self.session,
            path,
            self.turn,
            self._clock(),
            body,
            None if progress else self._head,
        )
        if not progress:
            line = encode(event)
            self._log.append(line)
            self._head = digest(line)
        self._seq = event.seq
        for watcher in self._watchers:
            watcher(event)
        for reader in self._readers:
            reader.push(event)
        return event

    def watch(self, watcher: Watcher) -> None:
        """Call this for every event, at once and in order. It must not raise or block."""
        self._watchers.append(watcher)

    def subscribe(self) -> Subscription:
        """A reader of everything from here on."""
        reader = Subscription()
        self._readers.append(reader)
        return reader

    def unsubscribe(self, reader: Subscription) -> None:
        """The reader has gone."""
        if reader in self._readers:
            self._readers.remove(reader)
