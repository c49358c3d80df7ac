"""What the app itself has to say, for a moment, in lines of its own: it covers nothing."""

import time
from typing import Final

from msgspec import Struct
from textual.content import Content
from textual.widgets import Static

from .desk.state import DeskState

_SECONDS: Final = 5.0
"""How long something is shown; twice as long if it is wrong."""
_READ: Final = 2.0
"""The same once things stand otherwise than when it was said: it is hardly true any more."""
_MOST: Final = 3
"""Sayings that are shown at a time, the latest ones."""


class Moment(Struct, frozen=True):
    """How things stand, as far as what is said depends on it."""

    session: str = ""
    working: bool = False
    asking: bool = False


def moment_of(state: DeskState) -> Moment:
    """That of a state."""
    return Moment(state.session, state.working, bool(state.questions))


class Saying(Struct, frozen=True):
    """Something that was said."""

    words: Content
    moment: Moment
    when: float
    """On `time.monotonic`'s clock."""


class Notices(Static):
    """Not there while there is nothing to say."""

    DEFAULT_CSS = """
    Notices { height: auto; max-height: 6; padding: 0 1; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._said: list[Saying] = []
        self._moment = Moment()

    def say(self, words: str, moment: Moment, *, wrong: bool, holds: float = 0.0) -> None:
        """Show words that are harmless, for as many seconds as they hold; 0: as others. The same
        ones are not said twice at a time."""
        one = Saying(
            Content.styled(words, "$text-error" if wrong else "$text-muted"),
            moment,
            time.monotonic(),
        )
        self._said = [*(other for other in self._said if other.words.plain != words), one]
        self._draw()
        self._end(one, holds or _SECONDS * (2 if wrong else 1))

    def hear(self, moment: Moment) -> None:
        """Things stand like this: what was said of another session goes, and soon also what was
        said before a turn or a question came or went."""
        if moment == self._moment:
            return
        self._moment = moment
        others = [one for one in self._said if one.moment != moment]
        gone = [one for one in others if one.moment.session not in ("", moment.session)]
        self._forget(*gone)
        for one in others:
            self._end(one, _READ - (time.monotonic() - one.when))

    def _end(self, one: Saying, seconds: float) -> None:
        self.set_timer(max(0.0, seconds), lambda: self._forget(one))

    def _forget(self, *gone: Saying) -> None:
        # By identity: the same words may have been said again since.
        self._said = [other for other in self._said if all(other is not one for one in gone)]
        self._draw()

    def _draw(self) -> None:
        self.display = bool(self._said)
        self.update(Content("\n").join(one.words for one in self._said[-_MOST:]))
