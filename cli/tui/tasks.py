"""Work that is done beside everything else: none is lost, and none fails unheard."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")

Failed = Callable[[Exception], None]
"""Takes what kept a work from being done."""


class Tasks:
    """The work of one owner. Belongs to one event loop; close it when the owner leaves."""

    def __init__(self, failed: Failed, ended: Callable[[], None] = lambda: None) -> None:
        """`failed` takes what no work caught; `ended` is called after each, however it ended."""
        self._failed = failed
        self._ended = ended
        self._running: set[asyncio.Task[object]] = set()

    @property
    def running(self) -> bool:
        """Whether anything is under way."""
        return bool(self._running)

    def begin(
        self, work: Coroutine[object, object, T], failed: Failed | None = None
    ) -> asyncio.Task[T]:
        """Do this; `failed` takes what it does not catch, if it is not to be everybody's."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(lambda task: self._done(task, failed or self._failed))
        return task

    def _done(self, task: asyncio.Task[T], failed: Failed) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            failed(error)
        self._ended()

    def stop(self) -> bool:
        """Tell everything that is under way to end, once; whether anything was."""
        for task in self._running:
            if not task.cancelling():
                task.cancel()
        return self.running

    async def rest(self) -> None:
        """Wait for all that is under way, however it ends."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """Stop what is under way, and wait for its end."""
        self.stop()
        await self.rest()
