"""Choosing an earlier session to go on with."""

import asyncio

from .surface import Surface


async def pick_session(surface: Surface) -> bool:
    """Let the person choose one, and go on with it or a fork of it; whether they did.

    Raises:
        KedgeError: it cannot be opened.
    """
    from ...catalogue import Catalogue

    catalogue = Catalogue(surface.where)
    rows = await asyncio.to_thread(catalogue.summaries)
    if not rows:
        surface.say("there are no other sessions yet")
        return False
    chosen = await surface.choose_session(catalogue, rows)
    if chosen is None:
        return False
    id, how = chosen
    await surface.desk.resume(id)
    if how == "fork":
        await surface.desk.fork()
    return True
