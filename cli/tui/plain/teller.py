"""The keyboard as the loop of the session has it: what it says reaches the main thread."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from ..terminal.editor import edited
from .keyboard import Ask, Keyboard
from .loan import Loan

_AGAIN: Final = 0.05
"""Seconds after which the main thread is nudged once more."""


class Teller:
    """Belongs to one loop. A nudge that comes just before a line begins breaks nothing off: it is
    repeated until the main thread has heard."""

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard
        self._nudges = False
        self._loop = asyncio.get_running_loop()
        self._given = asyncio.Event()
        """An editor may have the terminal."""
        self._over = asyncio.Event()
        """Nobody may any more."""
        self._free = asyncio.Event()
        """Nobody has it but us."""
        self._free.set()

    def open(self) -> None:
        """Hear of signals."""
        self._loop.add_reader(self._keyboard, self._arrived)

    async def close(self) -> None:
        """Hear of them no more, once an editor that runs has ended, which it is told to."""
        self._over.set()
        self._given.set()
        await self._free.wait()
        self._loop.remove_reader(self._keyboard)

    async def edited(self, text: str, setting: str, env: Mapping[str, str]) -> str:
        """What a person makes of a text in their editor, see `editor.edited`. The session goes on;
        what it has to say is printed afterwards.

        Raises:
            UsageError: as there.
        """
        loan = Loan(self._lent)
        self._free.clear()
        self._given.clear()
        try:
            self._keyboard.lend(loan)
            self._see_to_it()
            await self._given.wait()
            return await edited(text, setting, env, self._over)
        finally:
            loan.give_back()
            self._free.set()

    def _lent(self) -> None:
        with suppress(RuntimeError):  # the loop is over
            self._loop.call_soon_threadsafe(self._given.set)

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
