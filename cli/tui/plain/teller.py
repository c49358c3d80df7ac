"""The keyboard as the loop of the session has it: what it says reaches the main thread."""

import asyncio
from typing import Final

from .keyboard import Ask, Keyboard

_AGAIN: Final = 0.05
"""Seconds after which the main thread is nudged once more."""


class Teller:
    """Belongs to one loop. A nudge that comes just before a line begins breaks nothing off: it is
    repeated until the main thread has heard."""

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard
        self._nudges = False
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """Hear of signals."""
        self._loop.add_reader(self._keyboard, self._arrived)

    def close(self) -> None:
        """Hear of them no more."""
        self._loop.remove_reader(self._keyboard)

    def say(self, text: str) -> None:
        """See `Keyboard.say`."""
        self._keyboard.say(text)
        self._see_to_it()

    def ask(self, ask: Ask | None, taken: int) -> None:
        """See `Keyboard.ask`."""
        self._keyboard.ask(ask, taken)
        self._see_to_it()

    def _arrived(self) -> None:
        self._keyboard.arrived()
        self._see_to_it()

    def _see_to_it(self) -> None:
        if self._keyboard.is_stale and not self._nudges:
            self._nudges = True
            self._loop.call_later(_AGAIN, self._nudge)

    def _nudge(self) -> None:
        self._nudges = False
        if self._keyboard.is_stale:
            self._keyboard.nudge()
            self._see_to_it()
