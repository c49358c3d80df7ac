"""What a person is asked before their first prompt: trust, a model; and the tour."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from ....config.errors import CredentialsError, KedgeError
from ....config.exit_codes import EXIT_CODES
from ....config.private import private_folder
from ...commands.settings import load_for_commands
from ..pages.brings import accept, offered
from .custom import described
from .lookups import here
from .session_picker import pick_session
from .setup import set_up, use
from .surface import Surface, Trusted


async def begin(surface: Surface, *, picks: bool = False) -> None:
    """Ask what has to be asked before a session is opened, and open it. Where the person `picks`,
    they are asked which one: an earlier one has a model of its own, so none need be set up.

    Raises:
        KedgeError: it cannot be opened.
    """
    if await ask_trust(surface) == "leave":
        return
    try:
        if not (picks and await pick_session(surface)):
            await surface.desk.open()
    except KedgeError as error:
        if error.exit_code != EXIT_CODES["credentials"]:
            raise
        wanted = await asyncio.to_thread(lambda: surface.desk.wanted)
        opened = (wanted and await use(surface, wanted, lasts=False)) or await set_up(surface)
        if not opened:
            hint = "/model asks again, kedge demo shows how it works"
            raise CredentialsError("no model yet", hint=hint) from error
    marks = Marks(surface.where.home.state_dir)
    # Who came with a prompt wants it answered, and who goes on with a session has seen it all.
    fresh = not surface.desk.state.working and not surface.desk.begun
    if not marks.has("toured") and fresh:
        marks.put("toured")
        await surface.tour()


async def ask_trust(surface: Surface, *, again: bool = False) -> Trusted | None:
    """Ask whether the folder is trusted, if it brings anything; None: there is nothing to ask.

    What was declined before is asked only `again`.

    Raises:
        KedgeError: the configuration is wrong, or trust cannot be kept.
    """
    where = here(surface)
    loaded = await asyncio.to_thread(load_for_commands, where)
    offer = await asyncio.to_thread(offered, loaded, where, described)
    if offer is None:
        return None
    marks = Marks(surface.where.home.state_dir)
    declined = f"declined-{offer.key[:16]}"
    if marks.has(declined) and not again:
        return "no"
    answer = await surface.ask_trust(offer)
    match answer:
        case "yes":
            await asyncio.to_thread(accept, offer, where)
            await _follow(surface)
        case "leave":
            surface.leave()
        case "no" | None:
            if answer is not None:
                marks.put(declined)
            surface.say("what the folder brings stays ignored; /trust asks again")
    return answer or "no"


async def _follow(surface: Surface) -> None:
    """Have the session follow what is trusted from now on, if nothing was said in it yet.

    Raises:
        KedgeError: it cannot be opened anew.
    """
    desk = surface.desk
    if desk.state.session and (desk.begun or desk.state.working):
        surface.say("trusted; /new begins a session that follows it")
        return
    if desk.state.session:
        await desk.new()
    surface.say("trusted")


async def tell_untrusted(surface: Surface) -> None:
    """Say what of the folder in which the session works waits for trust, and how to give it.

    Raises:
        KedgeError: the configuration is wrong.
    """
    where = here(surface)
    offer = await asyncio.to_thread(lambda: offered(load_for_commands(where), where, described))
    if offer is not None:
        surface.say(f"{where.cwd} is not trusted: what it brings stays ignored; /trust asks")


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
