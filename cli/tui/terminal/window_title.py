"""The title of the terminal's window: which session this is, and whether it waits for an answer."""

from collections.abc import Mapping
from typing import Final

from ...terminal import harmless

_MOST: Final = 60
"""Characters of it."""
SAVE: Final = "\x1b[22;0t"
"""Sequences: xterm's control sequences, XTWINOPS and OSC 0."""
RESTORE: Final = "\x1b[23;0t"


def title(words: str, *, asks: bool) -> str:
    """The title in words."""
    line = " ".join(harmless(words).split())
    short = line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
    return ("? " if asks else "") + (f"kedge · {short}" if short else "kedge")


class WindowTitle:
    """Makes sequences, sends none. Nothing but what it is for is ever in them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """The console of Linux has no windows, and would print the title."""
        self._possible = env.get("TERM") not in ("linux", "dumb", None)
        self._shown = ""
        self._lent = ""

    def show(self, words: str, *, asks: bool) -> str:
        """The sequence that makes it this; empty if it is."""
        wanted = title(words, asks=asks)
        if wanted == self._shown or not self._possible:
            return ""
        save = "" if self._shown else SAVE
        self._shown = wanted
        return f"{save}\x1b]0;{wanted}\x1b\\"

    def restore(self) -> str:
        """The sequence that makes it what it was; empty if it was never changed."""
        self._lent, self._shown = self._shown, ""
        return RESTORE if self._lent else ""

    def again(self) -> str:
        """The sequence that makes it what it was before `restore`; empty if that did nothing."""
        self._shown, self._lent = self._lent, ""
        return f"{SAVE}\x1b]0;{self._shown}\x1b\\" if self._shown else ""
