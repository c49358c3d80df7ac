"""How a person leaves the interactive terminal, and what is kept and said when it ends."""

import time
from typing import TYPE_CHECKING, Final

from msgspec import structs

from ...config.errors import KedgeError
from ...config.exit_codes import EXIT_CODES
from ...config.tui import TuiSettings
from ..surroundings import Surroundings
from .desk.state import what_ends
from .terminal.crash import keep_crash
from .terminal.display import Shown
from .transcript.reading import Reading
from .transcript.tail import Tail

if TYPE_CHECKING:
    from rich.console import RenderableType

TWICE: Final = 1.5
"""Seconds within which a key counts as pressed twice."""
WARNED: Final = 5.0
"""The same for leaving, after it was said what that ends."""


class Leaving(Reading):
    """An app that is left by keys that are pressed twice, by words, and by what went wrong."""

    def __init__(
        self, where: Surroundings, settings: TuiSettings, theme: str, shown: Shown = "full"
    ) -> None:
        """As `Reading`."""
        super().__init__(where, settings, theme, shown)
        self.crash = ""
        """Where to read about the defect that ended the app; empty if none did."""
        self.refused: KedgeError | None = None
        """Why what the command line asked for cannot be had, if that ended the app."""
        self._pressed: dict[str, float] = {}

    def _again(self, key: str, within: float = TWICE) -> bool:
        """Whether a key was pressed shortly before."""
        now = time.monotonic()
        before, self._pressed[key] = self._pressed.get(key, -within), now
        return now - before < within

    async def action_quit(self) -> None:
        """Clear the prompt or stop what runs; twice: leave."""
        cleared = self.composer.drop()
        warned = time.monotonic() - self._pressed.get("leave", -WARNED) < WARNED
        # What was written since the first time is cleared first.
        if (self._again("quit") or warned) and not cleared:
            self.exit(0)
            return
        if not cleared and self._desk is not None:
            self._desk.interrupt()
        self._warn()

    def on_modal_quit(self) -> None:
        """A dialog was left by the key that leaves when it is pressed twice."""
        if self._again("quit"):
            self.exit(0)
        else:
            self._warn()

    def _warn(self) -> None:
        """Say that once more leaves, and what that ends."""
        ends = what_ends(structs.replace(self.look(), working=False))
        also = f", and end {ends}" if ends else ""
        self.say(f"press {self.keys.shown('quit')} again to leave{also}", holds=TWICE)

    def action_leave(self) -> None:
        """Leave, if nothing is written."""
        if not self.composer.text:
            self.leave()

    def leave(self) -> None:
        """Leave; if something runs, only when that is said a second time."""
        ends = what_ends(self.look())
        if not ends or self._again("leave", WARNED):
            self.exit(0)
        else:
            self.say(f"leaving ends {ends}; again, or ctrl+c, to leave", holds=WARNED)

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: "RenderableType | None" = None,
    ) -> None:
        """See `App.exit`; what was not sent is kept for the next start here."""
        # First, since after a defect what follows may raise again; or there is no screen yet.
        super().exit(result, return_code, message)
        if not self.is_running or not self.screen_stack:
            return
        if self._desk is not None:
            self._desk.keep_draft(self.composer.text_with_pastes)
        if isinstance(tail := self.transcript, Tail):
            tail.leave()

    def _handle_exception(self, error: Exception) -> None:
        """See `App._handle_exception`: a defect ends the app in order, and is told in one line."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        if self.crash:
            return  # what follows from it says nothing new
        self.crash = keep_crash(error, self.where.home.state_dir)
        self.exit(EXIT_CODES["failed"])
