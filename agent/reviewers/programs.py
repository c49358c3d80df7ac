"""Runs the programs of hooks: with the user's rights, watched, and only what was pinned."""

import asyncio
import os
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ...config.hook_programs import Hook, missing
from ...sandbox.direct import DirectSandbox
from ...sandbox.ports import Command
from ...sandbox.run import run
from ...sandbox.spawn import argv_of
from ...sandbox.terminal import Cleaner
from .replies import LARGEST, HookFailed, Reply

_STDERR_APART = 'exec 2>"$0" && exec "$@"'
"""A sandbox gives one stream, which here is stdout."""
_STDERR_KEPT = 16_384
"""Bytes of stderr."""


class HookChanged(HookFailed):
    """A program that a hook names is not what it was when the session began. It was not run."""


class HookRunner:
    """Runs hooks one at a time or side by side. Belongs to one event loop."""

    def __init__(self, env: Mapping[str, str], writable: Sequence[Path]) -> None:
        """`env` is the whole environment, without kedge's keys. Bare program names are not looked
        up below `writable`, the directories, links resolved, where an agent can write."""
        self._env = {**env, "PATH": outside(env.get("PATH", os.defpath), writable)}
        self._sandbox = DirectSandbox()

    async def run(self, hook: Hook, event: Mapping[str, object], seconds: float) -> Reply:
        """Hand an event to a hook and return how it ended, once nothing of it is left.

        After so many `seconds` it is ended.

        Raises:
            HookFailed: it was not run: something that it names is missing, or changed.
            CannotStart: its directory is gone.
        """
        for pin in hook.pins:
            if not pin.holds:
                raise HookChanged(f"{str(pin.path)!r} changed since the session began")
        if absent := missing(hook.settings.command, hook.base, self._env["PATH"]):
            raise HookFailed(f"there is no {absent!r}")
        kept = bytearray()

        async def take(chunk: bytes) -> None:
            kept.extend(chunk[: LARGEST + 1 - len(kept)])

        with _Errors.listening() as errors:
            argv = ("/bin/sh", "-c", _STDERR_APART, errors.path, *argv_of(hook.settings.command))
            env = {**self._env, "CLAUDE_PROJECT_DIR": str(hook.base)}
            body = msgspec.json.encode(event) + b"\n"
            command = Command(argv, hook.base, env, body, seconds)
            exit = await run(self._sandbox, command, take)
            return Reply(exit, bytes(kept), errors.finish())

    async def close(self) -> None:
        """End what still runs. Afterwards nothing can be run."""
        await self._sandbox.close()


def outside(path: str, writable: Sequence[Path]) -> str:
    """The parts of a PATH that are absolute and not below one of `writable`."""

    def is_safe(part: str) -> bool:
        real = Path(os.path.realpath(part))
        return part.startswith("/") and not any(real.is_relative_to(one) for one in writable)

    return ":".join(filter(is_safe, path.split(":")))


class _Errors:
    """Takes what a program writes to its stderr; the beginning is kept."""

    def __init__(self, path: str) -> None:
        self.path = path
        os.mkfifo(path, 0o600)
        # Open for writing too: it never ends, and nobody waits for a reader.
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._kept = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._take)

    @classmethod
    @contextmanager
    def listening(cls) -> Generator["_Errors"]:
        """As long as the program lives."""
        with tempfile.TemporaryDirectory(prefix="kedge-hook-") as folder:
            errors = cls(os.path.join(folder, "stderr"))
            try:
                yield errors
            finally:
                errors.close()

    def finish(self) -> str:
        """What was written, once nobody writes any more."""
        while len(self._kept) < _STDERR_KEPT and self._take():
            pass
        cleaner = Cleaner()
        return cleaner.feed(bytes(self._kept)) + cleaner.finish()

    def close(self) -> None:
        """Give the descriptor back."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _take(self) -> bool:
        try:
            chunk = os.read(self._fd, 65_536)
        except BlockingIOError:
            return False
        self._kept += chunk[: _STDERR_KEPT - len(self._kept)]
        return bool(chunk)
