"""Editing a line with what Python was built with: GNU readline, or editline."""

import os
import termios
from collections.abc import Callable, Sequence

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
        self._readline.set_startup_hook(lambda: self._readline.insert_text(value))
        try:
            return input(words)
        finally:
            self._readline.set_startup_hook()

    @property
    def is_under_way(self) -> bool:
        """Whether a line is being edited: then the terminal leaves it to us."""
        try:
            return not termios.tcgetattr(0)[3] & termios.ICANON
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
