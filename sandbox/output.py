"""Reads what a command prints, through a pipe that others may hold open after its end."""

import asyncio
import contextlib
import os
import signal

from .ports import Exit

_CHUNK = 16_384
"""Bytes read at once: looked through for secrets in about 3 ms."""
_TURNS = 8
"""Turns of the loop that others get after each chunk: a key press needs several on its way."""
_REST = 1_048_576
"""Bytes taken after the end, at most: something that got away may go on writing for ever."""


class Pipe:
    """The reading end of a command's output, which is this object's to close."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._rest: bytes | None = None
        self._stir = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def read(self, end: "asyncio.Future[Exit]") -> bytes:
        """The next chunk, as it comes; empty once `end` is done and all has been read.

        A command that prints faster than we can read never makes us wait: it is we who let
        others have their turns.
        """
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        while self._rest is None:
            try:
                chunk = os.read(self._fd, _CHUNK)
            except BlockingIOError:
                await self._something_new()
                continue
            if chunk:
                return chunk
            await asyncio.shield(end)
        if not self._rest:
            await asyncio.shield(end)
            return b""
        chunk, self._rest = self._rest, b""
        return chunk

    def close(self) -> None:
        """Take what is left in the pipe, to be read still, and give the descriptor back."""
        self._loop.remove_reader(self._fd)
        self._rest = self._drain()
        os.close(self._fd)
        self._stir.set()

    def _drain(self) -> bytes:
        taken = bytearray()
        with contextlib.suppress(BlockingIOError):
            while len(taken) < _REST and (chunk := os.read(self._fd, _CHUNK)):
                taken += chunk
        return bytes(taken)

    async def _something_new(self) -> None:
        self._stir.clear()
        self._loop.add_reader(self._fd, self._stir.set)
        try:
            await self._stir.wait()
        finally:
            if self._rest is None:
                self._loop.remove_reader(self._fd)


def exit_of(
    status: int | None, *, timed_out: bool, seconds: float, notes: tuple[str, ...] = ()
) -> Exit:
    """How a command ended, from its exit status as `subprocess` counts: signals are negative."""
    if status is None or status >= 0:
        return Exit(status, None, timed_out, seconds, notes)
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"SIG{-status}"
    return Exit(None, name, timed_out, seconds, notes)
