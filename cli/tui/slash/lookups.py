"""What commands look at: the log, the settings and the place of the session that is open."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import structs

from ....agent.events import Event
from ....config.layers import Loaded
from ...surroundings import Surroundings
from ..pages.page import Page
from .surface import Deed, Sitting, Surface


async def read(surface: Surface, make: Callable[[], Page], *, deeds: Sequence[Deed] = ()) -> None:
    """Show a page until it was read. `make` may read files: it is called in a thread."""
    await surface.show(lambda: asyncio.to_thread(make), deeds=deeds)


def facts_of(sitting: Sitting) -> list[Event]:
    """The log of the session. Reads it.

    Raises:
        KedgeError: none is open, or it cannot be read.
    """
    seat = sitting.desk.seat
    return list(seat.composed.storage.store.read(seat.id))


def log_of(sitting: Sitting) -> str:
    """Where the log of the session is, in words."""
    from ...catalogue import Catalogue

    if not sitting.desk.state.session:
        return "none yet"
    seat = sitting.desk.seat
    lasts = seat.composed.storage.lasts
    return str(Catalogue(sitting.where).store.path(seat.id)) if lasts else "not kept"


def loaded_of(sitting: Sitting) -> Loaded:
    """The settings of the session that is open; those of its directory while none is."""
    from ...commands.settings import load_for_commands

    if sitting.desk.state.session:
        return sitting.desk.seat.composed.loaded
    return load_for_commands(sitting.where)


def here(sitting: Sitting) -> Surroundings:
    """Where the session works."""
    return structs.replace(sitting.where, cwd=Path(sitting.desk.state.cwd))
