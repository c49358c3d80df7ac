"""Commands of the person's own: run as them, unconfined, and shown to the model afterwards."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex

from ....agent.person import PersonPrinted, PersonRan
from ....agent.tools.jobs import HASTE
from ....agent.tools.live import Live
from ....sandbox.capture import Capture
from ....sandbox.direct import DirectSandbox
from ....sandbox.errors import SandboxError
from ....sandbox.ports import Command, Exit
from ..tasks import Tasks

SHOWN = 16_000
"""Bytes of a command's output that the model is shown, from both ends."""

Record = Callable[[PersonPrinted | PersonRan], None]


class PersonalShell:
    """The person's shell, one command at a time or several. Close it when they leave."""

    def __init__(
        self, env: Mapping[str, str], cwd: Path, spill: Path, record: Record, tasks: Tasks
    ) -> None:
        """Nothing runs yet.

        Args:
            env: the person's own environment, whole.
            cwd: where each command starts.
            spill: a private folder for output that is longer than the model is shown.
            record: takes what there is to put on record.
            tasks: its own, in which commands are waited for.
        """
        self._env = env
        self._cwd = cwd
        self._spill = spill
        self._record = record
        self._sandbox = DirectSandbox()
        self._tasks = tasks

    @property
    def running(self) -> bool:
        """Whether a command is under way."""
        return self._tasks.running

    def run(self, command: str, then: Callable[[PersonRan], None]) -> None:
        """Start a command; `then` is called once it has ended and that is on record."""
        self._tasks.begin(self._run(f"own-{token_hex(4)}", command, then))

    def stop(self) -> bool:
        """End what runs; whether anything did."""
        return self._tasks.stop()

    async def close(self) -> None:
        """End what runs, with everything it started."""
        await self._tasks.close()
        await self._sandbox.close()

    async def _run(self, id: str, command: str, then: Callable[[PersonRan], None]) -> None:
        began = time.monotonic()
        self._record(PersonPrinted(id, command, ""))
        capture = Capture(SHOWN, self._spill / f"{id}.txt")
        live = Live(lambda text: self._record(PersonPrinted(id, command, text)))
        exit, trouble = None, ""
        try:
            exit = await self._listen(command, capture, live)
        except SandboxError as error:
            trouble = str(error)
        capture.finish()
        live.end()
        ran = PersonRan(
            id,
            command,
            capture.text() + trouble,
            exit.code if exit else None,
            exit.signal if exit else None,
            round((time.monotonic() - began) * 1000),
        )
        self._record(ran)
        then(ran)

    async def _listen(self, command: str, capture: Capture, live: Live) -> Exit:
        """How the command ended, by itself or because it was stopped."""
        shell = self._env.get("SHELL") or "/bin/sh"
        env = {**self._env, "PWD": os.fspath(self._cwd)}
        process = await self._sandbox.start(Command((shell, "-c", command), self._cwd, env))
        try:
            async for chunk in process:
                capture.feed(chunk)
                live.feed(chunk)
            return await process.wait()
        except asyncio.CancelledError:
            # Stopped by the person: the task goes on to say how it ended.
            return await process.kill(HASTE)


def in_words(ran: PersonRan) -> str:
    """What the model is told of a command."""
    how = f"exit {ran.exit_code}" if ran.signal is None else f"ended by {ran.signal}"
    printed = ran.output.rstrip("\n") or "(no output)"
    return f"The person ran in their own shell: {ran.command}\n({how})\n{printed}"
