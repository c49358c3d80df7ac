"""Commands under way in a session: the one a call waits for, and those in the background."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from ...sandbox.capture import Capture
from ...sandbox.ports import Exit, Process
from ...sandbox.run import surely
from ..errors import ToolError
from .ending import ended

TAIL = 2_000
"""Characters of a command's output, its last, that a person who looks at it is shown."""


HASTE: Final = 0.03
"""Seconds that a command gets to end by itself once nobody waits for it any longer: a person who
stopped it shall not have to wait for it."""


class Job:
    """One command under way. Its output is taken all the time and kept until asked for."""

    def __init__(
        self,
        command: str,
        process: Process,
        captures: Callable[[], Capture],
        watch: Callable[[bytes], None] | None = None,
    ) -> None:
        """`captures` makes one for each portion of output; `watch` sees it as it comes, until the
        command goes to the background. Needs a running event loop."""
        self.id = ""
        """Its name once it is in the background."""
        self.command = command
        self._process = process
        self._captures = captures
        self._capture = captures()
        self._watch = watch
        self._left = asyncio.Event()
        self._began = time.monotonic()
        self._exit: Exit | None = None
        self._life = asyncio.create_task(self._live())
        self.known_ended = False
        """Whether the model was told that it ended."""

    @property
    def running(self) -> bool:
        """Whether anything of it is left."""
        return self._exit is None

    @property
    def state(self) -> str:
        """In words: for how long it has been running, or how it ended."""
        if self._exit is None:
            return f"running for {time.monotonic() - self._began:.0f} s"
        return f"{ended(self._exit)} after {self._exit.seconds:.1f} s"

    @property
    def seconds(self) -> float:
        """How long it has been running, or ran."""
        return time.monotonic() - self._began if self._exit is None else self._exit.seconds

    @property
    def tail(self) -> str:
        """The end of what it printed and nobody asked for yet."""
        return self._capture.text()[-TAIL:]

    def leave(self) -> None:
        """Whoever waits for it in the foreground is to wait no longer."""
        self._left.set()

    async def foreground(self, seconds: float) -> Exit | None:
        """Wait for its end; None if it is to go on in the background. Whatever else leaves this
        function, the command has ended first.

        Raises:
            TimeoutError: it did not end within so many seconds.
            OSError: its output could not be taken.
        """
        leaving = asyncio.create_task(self._left.wait())
        grace = None
        try:
            await asyncio.wait(
                [self._life, leaving], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if self._life.done():
                return self._life.result()
            if not leaving.done():
                raise TimeoutError
            self._watch = None
            return None
        except asyncio.CancelledError:
            grace = HASTE
            raise
        finally:
            leaving.cancel()
            if self._watch is not None:
                # A cancelled caller, too, must leave no process behind.
                await surely(self.kill(grace))

    def news(self) -> Capture:
        """What it printed since the last call, finished."""
        capture, self._capture = self._capture, self._captures()
        capture.finish()
        return capture

    async def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long."""
        await asyncio.wait([self._life], timeout=seconds)

    async def kill(self, grace: float | None = None) -> None:
        """End it with everything it started; for `grace` see `Process`. Harmless after the end."""
        await self._process.kill(grace)
        await asyncio.wait([self._life])

    def then(self, call: Callable[["Job"], None]) -> None:
        """Call this in the event loop once it has ended; at its turn if it has already."""
        self._life.add_done_callback(lambda _: call(self))

    async def _live(self) -> Exit:
        try:
            async for chunk in self._process:
                self._capture.feed(chunk)
                if self._watch is not None:
                    self._watch(chunk)
            self._exit = await self._process.wait()
            return self._exit
        finally:
            self._capture.finish()


class Jobs:
    """All background commands of a session, ended ones included."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self.ended: Callable[[Job], None] = lambda job: None
        """Called with each that ends. Must not raise."""

    def add(self, job: Job) -> None:
        """Look after a command from here on, under a fresh id: `bash_1`, `bash_2`, …"""
        job.id = f"bash_{len(self._jobs) + 1}"
        self._jobs[job.id] = job
        job.then(lambda job: self.ended(job))

    @property
    def all(self) -> tuple[Job, ...]:
        """In the order in which they came."""
        return tuple(self._jobs.values())

    def find(self, id: str) -> Job:
        """The job with this id.

        Raises:
            ToolError: `not_found`; the text lists those that there are.
        """
        if id in self._jobs:
            return self._jobs[id]
        known = "; ".join(f"{job.id} ({job.state})" for job in self._jobs.values())
        raise ToolError(
            "not_found",
            f"There is no background command {id!r}. "
            + (f"There are: {known}." if known else "None was started since kedge runs."),
        )

    def newly_ended(self) -> list[str]:
        """A sentence for each job whose end the model does not know yet; told once."""
        fresh = [job for job in self._jobs.values() if not job.running and not job.known_ended]
        for job in fresh:
            job.known_ended = True
        return [f"{job.id} ended: {job.state}. bash_output shows what it printed." for job in fresh]

    def running(self) -> list[str]:
        """A line for each job that is still running."""
        return [
            f"{job.id} ({job.seconds:.0f} s): {job.command}"
            for job in self._jobs.values()
            if job.running
        ]

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(job.kill() for job in self._jobs.values()))
