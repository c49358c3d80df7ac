"""Choosing an earlier session to go on with."""

import asyncio

from ..desk.state import what_ends
from .lookups import here
from .surface import Surface


async def may_leave(surface: Surface, then: str = "leave this session") -> bool:
    """Whether the session may be left: the person is asked where that ends something. `then` is
    what comes next, in words."""

    def ends() -> str:
        return what_ends(surface.look())

    return not ends() or await surface.sure(
        f"this ends {ends()}", f"end {ends()}, and {then}", lambda: bool(ends())
    )


async def pick_session(surface: Surface, query: str = "") -> bool:
    """Let the person choose one of those that have these words, and go on with it or a fork of it;
    whether they did.

    Raises:
        KedgeError: it cannot be opened.
    """
    from ...catalogue import Catalogue, around

    catalogue = Catalogue(surface.where)
    place = await asyncio.to_thread(around, here(surface))
    rows = await asyncio.to_thread(catalogue.to_go_on_with, place)
    if not rows:
        surface.say("there are no other sessions yet")
        return False
    chosen = await surface.choose_session(catalogue, rows, place, query)
    if chosen is None:
        return False
    id, how = chosen
    if not await may_leave(surface):
        return False
    await surface.desk.resume(id)
    if how == "fork":
        await surface.desk.fork()
    return True
