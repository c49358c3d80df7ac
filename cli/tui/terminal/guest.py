"""A program that has the terminal for a while, such as an editor."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from typing import Final

_HASTE: Final = 1.0
"""Seconds in which it may save what it has before it is ended by force."""


async def hosted(command: Sequence[str], env: Mapping[str, str], over: asyncio.Event) -> int:
    """Run it to its end; its exit code. Once it is `over` for us, it is over for it, too.

    Raises:
        OSError: it did not start.
    """
    process = await asyncio.create_subprocess_exec(*command, env=dict(env))
    ended, leaving = asyncio.ensure_future(process.wait()), asyncio.ensure_future(over.wait())
    try:
        await asyncio.wait((ended, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            # What a closed terminal tells: editors keep what was not saved.
            process.send_signal(signal.SIGHUP)
            await asyncio.wait((ended,), timeout=_HASTE)
    finally:
        leaving.cancel()
        if process.returncode is None:
            process.kill()
    return await ended
