"""What a person is asked before their first prompt: trust, a model; and the tour."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.content import Content

from ....config.errors import KedgeError
from ....config.exit_codes import EXIT_CODES
from ....config.private import private_folder
from ...commands.settings import load_for_commands
from ..pages.brings import Offer, accept, offered
from ..screens.dialog import Dialog, coloured
from ..screens.tour import TourScreen
from .setup import set_up
from .showing import answered, here

if TYPE_CHECKING:
    from ..seated import Seated

_NO: Final = ("no", "Not now: work here without it")
_LEAVE: Final = ("leave", "Leave")


async def begin(app: "Seated") -> None:
    """Ask what has to be asked before a session is opened, and open it.

    Raises:
        KedgeError: it cannot be opened.
    """
    await ask_trust(app)
    if not app.is_running:
        return
    try:
        await app.desk.open()
    except KedgeError as error:
        if error.exit_code != EXIT_CODES["credentials"] or not await set_up(app):
            raise
    marks = Marks(app.where.home.state_dir)
    # Who came with a prompt wants it answered, and who goes on with a session has seen it all.
    fresh = not app.desk.facts.working and not app.desk.begun
    if not marks.has("toured") and fresh:
        marks.put("toured")
        app.later(tour(app))


async def tour(app: "Seated") -> None:
    """Show around; what was typed instead of reading is a person's first word."""
    app.composer.insert(await answered(app, TourScreen()) or "")


async def ask_trust(app: "Seated", *, again: bool = False) -> bool:
    """Ask whether the folder is trusted, if it brings anything; whether there was anything to ask.

    What was declined before is asked only `again`.

    Raises:
        KedgeError: the configuration is wrong, or trust cannot be kept.
    """
    where = here(app)
    loaded = await asyncio.to_thread(load_for_commands, where)
    offer = await asyncio.to_thread(offered, loaded, where)
    if offer is None:
        return False
    marks = Marks(app.where.home.state_dir)
    declined = f"declined-{offer.key[:16]}"
    if marks.has(declined) and not again:
        return True
    answers = (_NO, ("yes", offer.agreed), _LEAVE)
    grace = app.settings.grace_ms / 1000
    asked = Dialog("do you trust this folder?", _words(offer), answers, grace=grace)
    match await answered(app, asked):
        case "yes":
            await asyncio.to_thread(accept, offer, where)
            app.say("trusted" + ("; a new session follows it" if app.facts.session else ""))
        case "leave":
            app.exit(0)
        case _:
            marks.put(declined)
            app.say("what the folder brings stays ignored; /trust asks again")
    return True


def _words(offer: Offer) -> Content:
    return Content("\n").join(
        (
            Content.styled(offer.title, "bold"),
            Content(""),
            coloured(offer.lines),
            Content(""),
            Content(offer.limits),
        )
    )


class Marks:
    """What need not be asked or shown again. Best effort: what cannot be kept is asked again."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "seen"

    def has(self, name: str) -> bool:
        """Whether it was kept."""
        return (self._folder / name).exists()

    def put(self, name: str) -> None:
        """Keep it."""
        with suppress(OSError):
            private_folder(self._folder)
            os.close(os.open(self._folder / name, os.O_WRONLY | os.O_CREAT, 0o600))
