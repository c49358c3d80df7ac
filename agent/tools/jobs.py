"""Commands that run in the background of a session."""

import asyncio
import time
from collections.abc import Callable

from ...sandbox.capture import Capture
from ...sandbox.ports import Exit, Process
from ..errors import ToolError
from .ending import ended


class Job:
    """One command in the background. Its output is taken all the time and kept until asked for."""

    def __init__(
        self, id: str, command: str, process: Process, captures: Callable[[], Capture]
    ) -> None:
        """`captures` makes one for each portion of output. Needs a running event loop."""
        self.id = id
        self.command = command
        self._process = process
        self._captures = captures
        self._capture = captures()
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

    def news(self) -> Capture:
        """What it printed since the last call, finished."""
        capture, self._capture = self._capture, self._captures()
        capture.finish()
        return capture

    async def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long."""
        await asyncio.wait([self._life], timeout=seconds)

    async def kill(self) -> None:
        """End it with everything it started. Harmless after the end."""
        await self._process.kill()
        await asyncio.wait([self._life])

    async def _live(self) -> None:
        try:
            async for chunk in self._process:
                self._capture.feed(chunk)
            self._exit = await self._process.wait()
        finally:
            self._capture.finish()


class Jobs:
    """All background commands of a session, ended ones included."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def start(self, command: str, process: Process, captures: Callable[[], Capture]) -> Job:
        """Look after a command that was just started, under a fresh id: `bash_1`, `bash_2`, …"""
        job = Job(f"bash_{len(self._jobs) + 1}", command, process, captures)
        self._jobs[job.id] = job
        return job

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
            f"{job.id} {job.state}: {job.command}" for job in self._jobs.values() if job.running
        ]

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(job.kill() for job in self._jobs.values()))
