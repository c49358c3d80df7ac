"""The terminal in the inline mode: text that is printed stays, and the app has the rows below."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

from textual.constants import DISABLE_KITTY_KEY
from textual.events import CursorPosition
from textual.message import Message

from .listening_driver import ListeningDriver
from .live_region import LiveRegion, Row

FRAME: Final = 1 / 100
"""Seconds between two frames, at least: what changes faster is sent once. A key waits for so long
while an answer streams in, which has a slower pace of its own."""
QUIET: Final = 0.3
"""Seconds after a change of the window in which nothing is painted: others may follow, and tmux
tells programs of those 0.25 s late."""
_OTHER_SCREEN: Final = "\x1b[?1049h"
_OWN_SCREEN: Final = "\x1b[?1049l"
_KEYS: Final = "" if DISABLE_KITTY_KEY else "\x1b[>25u"
"""All keys told apart, as Textual asks for on the own screen: each screen has a setting of its own
(https://sw.kovidgoyal.net/kitty/keyboard-protocol/)."""
_KEYS_BEFORE: Final = _KEYS and "\x1b[<u"
_BEGIN: Final = "\x1b[?2026h"
_END: Final = "\x1b[?2026l"


class InlineDriver(ListeningDriver):
    """Textual's driver without the other screen, unless it is asked for.

    What is printed and shown goes out together, at the next turn of the event loop at the earliest.
    """

    atomic = False
    """Whether the terminal shows a frame at once (mode 2026)."""
    _above: Sequence[Row] = ()
    """What is to be printed."""
    _rows: Sequence[Row] = ()
    _cursor = (0, 0)
    _awake = True
    """Whether the terminal is ours."""
    _elsewhere = False
    """Whether the other screen is shown."""
    _returns = False
    """Whether it is to be shown again when the terminal is ours again."""
    _due = False
    _last = 0.0
    _width = 0
    _quiet_until = 0.0

    @cached_property
    def _region(self) -> LiveRegion:
        return LiveRegion(reflows=_reflows(os.environ))

    @property
    def is_inline(self) -> bool:
        """Not while there is a dialog: those are made for a screen of their own."""
        return len(self._app.screen_stack) <= 1

    def write(self, data: str) -> None:
        """See `Driver.write`; to change screens is for us alone."""
        if data not in (_OTHER_SCREEN, _OWN_SCREEN) or self._elsewhere:
            super().write(data)

    def print(self, lines: Sequence[Row]) -> None:
        """Put lines into the scrollback with the next frame."""
        self._above = [*self._above, *lines]
        self._soon()

    def show(self, rows: Sequence[Row], cursor: tuple[int, int]) -> None:
        """Let the region be these rows, with the next frame."""
        self._rows, self._cursor = rows, cursor
        self.turn_to(other_screen=False)
        self._soon()

    def resized(self) -> None:
        """The window is or was another: paint all of the region with the next frame."""
        self._region.doubt()
        self._soon()

    def turn_to(self, *, other_screen: bool) -> None:
        """Show the other screen, or the terminal's own with all that is printed on it."""
        if other_screen == self._elsewhere:
            return
        if other_screen:
            self._send(last=True)
            self._elsewhere = True
            self.write(_OTHER_SCREEN + _KEYS)
        else:
            self.write(_KEYS_BEFORE + _OWN_SCREEN)
            self._elsewhere = False
        self.flush()

    def _soon(self, wait: float = 0.0) -> None:
        if not self._due:
            self._due = True
            rest = self._last + FRAME - self._loop.time()
            self._loop.call_later(max(wait, rest), self._frame)

    def _frame(self) -> None:
        self._due = False
        self._last = self._loop.time()
        self._send()

    def _send(self, *, last: bool = False) -> None:
        columns, rows = self._window
        if not self._awake or self._elsewhere:
            return
        if columns != self._width and not last:
            if self._width:
                self._quiet_until = self._loop.time() + QUIET
            self._width = columns
        wait = self._quiet_until - self._loop.time()
        if wait > 0 and not last:
            self._soon(wait)
            return
        # Else it was laid out before the terminal became smaller; it soon is again.
        fits = len(self._rows) <= rows and all(row.cells <= columns for row in self._rows)
        if fits or last:
            above, self._above = self._above, ()
            shown, cursor = (self._rows, self._cursor) if fits else ((), (0, 0))
            self._put(self._region.paint(shown, cursor, (columns, rows), above))

    def _put(self, sent: str) -> None:
        if sent:
            self.write(f"{_BEGIN}{sent}{_END}" if self.atomic else sent)
            self.flush()

    def process_message(self, message: Message) -> None:
        """See `Driver.process_message`; called by the thread that reads."""
        if isinstance(message, CursorPosition):
            self._loop.call_soon_threadsafe(self._region.told, message.x + 1)
        else:
            super().process_message(message)

    @property
    def _window(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self.fileno)
        except OSError:
            return self._get_terminal_size()
        return columns, rows

    def stop_application_mode(self) -> None:
        """See `Driver.stop_application_mode`: what was printed is all that stays."""
        if self._awake:
            self._returns = self._elsewhere
            self.turn_to(other_screen=False)
            self._send(last=True)
            self._put(self._region.erase(self._window))
            self._awake = False
        super().stop_application_mode()

    def resume_application_mode(self) -> None:
        """See `Driver.resume_application_mode`."""
        super().resume_application_mode()
        self._awake = True
        self.turn_to(other_screen=self._returns)
        self._soon()


def _reflows(env: Mapping[str, str]) -> bool:
    """Whether the terminal wraps lines anew when its width changes: most do; xterm, GNU screen and
    the console of Linux cut them."""
    if "TMUX" in env:
        return True
    return not ("XTERM_VERSION" in env or "STY" in env or env.get("TERM") == "linux")
