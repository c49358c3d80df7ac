"""Screens on top of the app, as something that a command waits for."""

import asyncio
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

if TYPE_CHECKING:
    from ..seated import Seated

_Result = TypeVar("_Result")


async def answered(app: "Seated", screen: Screen[_Result | None]) -> _Result | None:
    """Show a screen and wait for what it gives; None if it was left."""
    answer: asyncio.Future[_Result | None] = asyncio.get_running_loop().create_future()

    def done(result: _Result | None) -> None:
        if not answer.done():
            answer.set_result(result)

    app.push_screen(screen, done)
    return await answer
