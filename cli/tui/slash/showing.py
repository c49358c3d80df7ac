"""Screens on top of the app, as something that a command waits for."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from ....agent.events import Event
from ....config.layers import Loaded
from ...surroundings import Surroundings
from ..pages.page import Page
from ..screens.page import PageScreen
from ..screens.picker import Act

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


async def read(
    app: "Seated",
    make: Callable[[], Page],
    *,
    acts: Sequence[Act[str]] = (),
    every: float = 0.0,
) -> None:
    """Show a page until it is closed. `make` may read files: it is called in a thread."""

    async def made() -> Page:
        return await asyncio.to_thread(make)

    await answered(app, PageScreen(await made(), made, acts=acts, every=every))


def facts_of(app: "Seated") -> list[Event]:
    """The log of the session. Reads it.

    Raises:
        KedgeError: none is open, or it cannot be read.
    """
    seat = app.desk.seat
    return list(seat.at.composed.kept.store.read(seat.id))


def loaded_of(app: "Seated") -> Loaded:
    """The settings of the session that is open; those of its directory while none is."""
    from ...commands.settings import load_for_commands

    if app.desk.facts.session:
        return app.desk.seat.at.composed.loaded
    return load_for_commands(app.where)


def here(app: "Seated") -> Surroundings:
    """Where the session works."""
    from pathlib import Path

    from msgspec import structs

    return structs.replace(app.where, cwd=Path(app.desk.facts.cwd))
