"""Runs one command to its end, on any sandbox."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from .ports import Command, Exit, Sandbox


async def run(
    sandbox: Sandbox, command: Command, on_output: Callable[[bytes], Awaitable[None]]
) -> Exit:
    """Run `command`, hand its output on as it comes, and return how it ended.

    The command waits while `on_output` does, so memory is bounded by one chunk and a pipe.
    Whatever leaves this function, the command's whole tree has ended first: also when the caller
    is cancelled or `on_output` raises.

    Raises:
        CannotStart, NotAvailable: as `Sandbox.start`.
    """
    process = await sandbox.start(command)
    try:
        async for chunk in process:
            await on_output(chunk)
        return await process.wait()
    except BaseException:  # a cancelled caller, too, must leave no process behind
        await surely(process.kill())
        raise


async def surely(work: Coroutine[object, object, object]) -> None:
    """Await `work` to its end, however often the caller is cancelled meanwhile; then raise that."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
