"""Reading what a command prints."""

import asyncio
import os

from kedge.sandbox.output import Pipe
from kedge.sandbox.ports import Exit


async def test_output_that_never_ceases_leaves_others_their_turns() -> None:
    pipe = Pipe(os.open("/dev/zero", os.O_RDONLY))
    end = asyncio.get_running_loop().create_future()
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    for _ in range(50):
        assert await pipe.read(end)
    beside.cancel()
    end.set_result(Exit(0, None, False, 0.0))
    pipe.close()
    # A key press goes through several tasks before it is seen.
    assert turns >= 50 * 5
