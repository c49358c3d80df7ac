"""One numbered stream: numbers records, stores the facts, hands everything to the readers.

Emitting never waits for a reader and never fails, so that brackets can be closed whatever happened.
A log that takes a fact no more has ended: what is emitted afterwards reaches the readers only, and
`require_log`, asked before anything begins, refuses.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from msgspec import structs

from .codec import digest, encode, legible, sequence
from .errors import StoreError
from .events import Body, Event, Progress, Result, TurnStarted
from .ports import Log

MAX_LAG = 1024
"""Events that a reader may be behind before it loses progress. It never loses facts."""

Watcher = Callable[[Event], None]
Redact = Callable[[Body, tuple[str, ...]], tuple[Body, ...]]
"""What may be shown of a body, given its path: last its own, before it what was held back."""


def everything(body: Body, path: tuple[str, ...]) -> tuple[Body, ...]:
    """Nothing is hidden."""
    return (body,)


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
        clock: Callable[[], str] = now,
        redact: Redact = everything,
        durable: bool = True,
    ) -> None:
        """Go on after the last line of the log. `durable` says to wait for the disk where a power
        cut must not take a fact: a prompt, the beginning of what changes something, a result.

        Raises:
            StoreError: that line is damaged.
        """
        self.session = session
        self.turn = 0
        self._log = log
        self._lost: StoreError | None = None
        last = log.last_line
        self._seq = sequence(last) if last else 0
        self._head = digest(last) if last else ""
        self._clock = clock
        self._redact = redact
        self._durable = durable
        self._readers: list[Subscription] = []
        self._watchers: list[Watcher] = []

    def emit(self, body: Body, path: tuple[str, ...] = ("main",)) -> Event:
        """Number a record and pass it on; a fact is stored before anybody sees it.

        Log and readers get what may be shown of it, watchers all.
        """
        *held, shown = self._redact(body, path)
        for rest in held:
            self._emit(rest, rest, path)
        return self._emit(shown, body, path)

    def _emit(self, shown: Body, meant: Body, path: tuple[str, ...]) -> Event:
        progress = isinstance(shown, Progress)
        event = Event(
            self._seq + 1,
            self.session,
            path,
            self.turn,
            self._clock(),
            shown,
            None if progress else self._head,
        )
        if not progress:
            try:
                line = encode(event)
            except UnicodeEncodeError:
                event = legible(event)
                line = encode(event)
            self._keep(line)
            if isinstance(shown, TurnStarted | Result):
                self._sync()
        self._seq = event.seq
        whole = event if shown is meant else structs.replace(event, body=meant)
        for watcher in self._watchers:
            watcher(whole)
        for reader in self._readers:
            reader.push(event)
        return event

    def _keep(self, line: bytes) -> None:
        self._head = digest(line)
        if self._lost is not None:
            return
        try:
            self._log.append(line)
        except StoreError as error:
            self._lost = error

    def _sync(self) -> None:
        if self._lost is not None or not self._durable:
            return
        try:
            self._log.sync()
        except StoreError as error:
            self._lost = error

    def announce(self, body: Body, path: tuple[str, ...] = ("main",)) -> Event:
        """Emit a fact that must be on disk before what it announces begins.

        Raises:
            StoreError: it is not; do not begin.
        """
        event = self.emit(body, path)
        self.require_log()
        return event

    def require_log(self, *, on_disk: bool = False) -> None:
        """Return if every fact so far has been stored; `on_disk`, where a power cut takes nothing.

        Raises:
            StoreError: the log has ended before.
        """
        if on_disk:
            self._sync()
        if self._lost is not None:
            raise StoreError(str(self._lost)) from self._lost

    @property
    def last_seq(self) -> int:
        """Number of the last record; 0 before the first."""
        return self._seq

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
