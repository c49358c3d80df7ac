"""Editing a line with what Python was built with: GNU readline, or editline."""

import os
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress

_LONGEST = 1_000
"""Entries of the history that are at hand."""


class Editing:
    """Lines with their history and completion, of the terminal on stdin. For the main thread."""

    def __init__(self, complete: Callable[[str], Sequence[str]]) -> None:
        """`complete` says how the last word of a line could go on.

        Raises:
            ImportError: Python was built without it.
        """
        import readline

        self._readline = readline
        self._complete = complete
        self._found: Sequence[str] = ()
        self.typed = ""
        """What stood in the line that was broken off."""
        self._usual: list[int | list[bytes | int]] | None = None
        """How the terminal was before the first line."""
        readline.set_auto_history(False)
        readline.set_completer(self._completed)
        readline.set_completer_delims(" \t\n")
        libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
        if not libedit and os.environ.get("TERM", "dumb") != "dumb":
            # A paste of several lines is one line then.
            readline.parse_and_bind("set enable-bracketed-paste on")

    def line(self, words: str, value: str) -> str:
        """The line that a person types behind these words, beginning with a value.

        Raises:
            EOFError: there is none any more.
        """
        self.typed = value
        self._readline.set_startup_hook(lambda: self._readline.insert_text(value))
        self._keep_keys()
        try:
            return input(words)
        finally:
            self._readline.set_startup_hook()

    def _keep_keys(self) -> None:
        """Have keys kept between two lines as they are. A terminal that edits lines by itself makes
        an end of the input of Ctrl+D, which no line that is edited later would hear of."""
        with suppress(termios.error):
            now = termios.tcgetattr(0)
            if now[3] & termios.ICANON:
                self._usual = self._usual or termios.tcgetattr(0)
                now[3] &= ~termios.ICANON
                termios.tcsetattr(0, termios.TCSADRAIN, now)

    def leave(self) -> None:
        """Leave the terminal as it was before the first line."""
        if self._usual is not None:
            with suppress(termios.error):
                termios.tcsetattr(0, termios.TCSADRAIN, self._usual)
            self._usual = None

    @property
    def is_under_way(self) -> bool:
        """Whether a line is being edited: then the terminal leaves it to us to show it."""
        try:
            return not termios.tcgetattr(0)[3] & termios.ECHO
        except termios.error:
            return False

    def keep_typed(self) -> None:
        """Remember what stands in the line."""
        self.typed = self._readline.get_line_buffer()

    def remember(self, entry: str) -> None:
        """An entry of the history, the newest."""
        length = self._readline.get_current_history_length()
        if entry.strip() and (not length or self._readline.get_history_item(length) != entry):
            self._readline.add_history(entry)
            self._readline.set_history_length(_LONGEST)

    def _completed(self, word: str, place: int) -> str | None:
        if place == 0:
            self._found = self._complete(self._readline.get_line_buffer())
        return self._found[place] if place < len(self._found) else None
