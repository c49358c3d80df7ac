"""What the app itself has to say, for a moment, in lines of its own: it covers nothing."""

from typing import Final

from textual.content import Content
from textual.widgets import Static

_SECONDS: Final = 5.0
"""How long something is shown; twice as long if it is wrong."""
_MOST: Final = 3
"""Sayings that are shown at a time, the latest ones."""


class Notices(Static):
    """Not there while there is nothing to say."""

    DEFAULT_CSS = """
    Notices { height: auto; max-height: 6; padding: 0 1; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._said: list[Content] = []

    def say(self, words: str, *, wrong: bool, holds: float = 0.0) -> None:
        """Show words that are harmless, for as many seconds as they hold; 0: as others. The same
        ones are not said twice at a time."""
        one = Content.styled(words, "$text-error" if wrong else "$text-muted")
        self._said = [*(other for other in self._said if other.plain != words), one]
        self._draw()
        seconds = holds or _SECONDS * (2 if wrong else 1)
        self.set_timer(seconds, lambda: self._forget(one))

    def _forget(self, one: Content) -> None:
        # By identity: the same words may have been said again since.
        self._said = [other for other in self._said if other is not one]
        self._draw()

    def _draw(self) -> None:
        self.display = bool(self._said)
        self.update(Content("\n").join(self._said[-_MOST:]))
