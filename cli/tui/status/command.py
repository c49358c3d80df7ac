"""A person's own command for the status line: it is told the state and says the line.

It runs as the person, outside every sandbox, which is why no project may name it: `[tui]` is none
of the sections that a project may set (`config.narrowing`).
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ....config.errors import KedgeError
from ....sandbox.direct import DirectSandbox
from ....sandbox.ports import Command
from ....sandbox.run import run
from ...questions import first_line
from ..desk.state import DeskState
from .told import Told

LIMIT: Final = 2.0
"""Seconds that it may take."""
PAUSE: Final = 5.0
"""Seconds between one start and the next."""
_MOST: Final = 8_192
"""Bytes of output that are looked at."""


class StatusCommand:
    """Runs the command when the state is another. Belongs to one event loop."""

    def __init__(
        self,
        command: str,
        cwd: Path,
        env: Mapping[str, str],
        show: Callable[[str], None],
        complain: Callable[[str], None],
        *,
        pause: float = PAUSE,
        limit: float = LIMIT,
    ) -> None:
        """`show` takes the line, `complain` the first failure. `pause` and `limit`: seconds."""
        self._command = command
        self._cwd = cwd
        self._env = env
        self._show = show
        self._complain = complain
        self._pause = pause
        self._limit = limit
        self._sandbox = DirectSandbox()
        self._task: asyncio.Task[None] | None = None
        self._wanted: Told | None = None
        self._last: Told | None = None
        self._complained = False

    def hear(self, state: DeskState) -> None:
        """This is the state now. Returns at once."""
        told = Told.of(state)
        if told == (self._wanted or self._last):
            return
        self._wanted = told
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def move(self, cwd: Path) -> None:
        """Run it in this directory from the next time on."""
        self._cwd = cwd

    async def close(self) -> None:
        """End what is running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._sandbox.close()

    async def _run(self) -> None:
        """Until nobody wants anything new."""
        while self._wanted is not None:
            self._last, self._wanted = self._wanted, None
            began = time.monotonic()
            await self._say(self._last)
            await asyncio.sleep(max(0.0, began + self._pause - time.monotonic()))

    async def _say(self, told: Told) -> None:
        heard = bytearray()

        async def take(chunk: bytes) -> None:
            heard.extend(chunk[: _MOST - len(heard)])

        command = Command(
            self._command, self._cwd, self._env, msgspec.json.encode(told), self._limit
        )
        try:
            end = await run(self._sandbox, command, take)
        except KedgeError as error:
            self._failed(str(error))
            return
        words = first_line(heard.decode("utf-8", "replace")).strip()
        if end.timed_out:
            self._failed(f"it took more than {self._limit:g} s")
        elif end.code != 0:
            self._failed(words or f"it ended with {end.code if end.signal is None else end.signal}")
        else:
            self._show(words)

    def _failed(self, why: str) -> None:
        self._show("")
        if not self._complained:
            self._complained = True
            self._complain(f"the status command {self._command!r} failed: {why}")
