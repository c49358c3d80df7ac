"""The moments in which keys answer nothing, because they were meant for something else."""

from collections.abc import Callable
from typing import Final, Literal, Protocol

from msgspec import Struct

LONGEST: Final = 4
"""Graces after which keys count in any case, however fast they follow each other."""
ALONE: Final = 0.35
"""Seconds that a character has to stand alone: people who type a word are faster."""
_ANSWERING: Final = ("ask_answer", "ask_edit")
"""What has to be meant: of the rest nothing comes, or nothing that stays."""


class Grace:
    """Keys within the grace after something appeared come too soon. Each of them begins it anew, up
    to a limit, because a person in the middle of a sentence goes on typing."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self.seconds = seconds
        """How long it is."""
        self._clock = clock
        self._appeared = self._last = 0.0

    def begin(self) -> None:
        """Something appeared."""
        self._appeared = self._last = self._clock()

    def is_too_soon(self) -> bool:
        """Whether a key that was pressed now counts for nothing."""
        now = self._clock()
        soon = now - self._last < self.seconds
        soon = soon and now - self._appeared < self.seconds * LONGEST
        if soon:
            self._last = now
        return soon


class Timer(Protocol):
    """Something that happens later, unless it is stopped."""

    def stop(self) -> None:
        """Let it not happen."""
        ...


class Typed(Struct, frozen=True):
    """A key that was pressed."""

    key: str
    character: str | None


class Typing:
    """Characters that answer may also begin a sentence, as the `y` of "you should" and the `2` of
    "2 things first": they count when no other one follows, or Enter does. Those that can be taken
    back by pressing another key need not wait, but belong to the sentence, too."""

    def __init__(
        self,
        wait: Callable[[float, Callable[[], None]], Timer],
        run: Callable[[str], None],
        arrived: Callable[[Callable[[], None]], Timer],
    ) -> None:
        """
        Args:
            wait: makes a timer of so many seconds.
            run: takes the call of the key that counts.
            arrived: calls something once all keys were heard that have arrived already.
        """
        self._wait = wait
        self._run = run
        self._arrived = arrived
        self._timer: Timer | None = None
        self._keys: list[Typed] = []
        """What followed each other at once."""
        self._call = ""
        """What is run if nothing follows."""
        self._withheld = False
        """Whether one of the keys did not do what it does."""

    def take(
        self, typed: Typed, call: str, *, soon: bool = False
    ) -> Literal["runs", "waits", "words"]:
        """A character was typed that would call this, or nothing; `soon`: it is too soon for that.
        Whether it does so now or maybe later, or is part of what `words` gives."""
        follows = any(one.key != typed.key for one in self._keys)
        waits = soon or call.startswith(_ANSWERING)
        is_words = not call or (follows and self._withheld)
        self._rest()
        self._keys.append(typed)
        if is_words:
            return "words"
        self._call = call if waits and not soon else ""
        self._withheld = self._withheld or waits
        self._timer = self._wait(ALONE, self._over)
        return "waits" if waits else "runs"

    def enter(self) -> Literal["runs", "waits", "words"]:
        """Enter was pressed: it says that a character is an answer, and is part of words. Lines
        that a terminal pastes as if they were typed come all at once: theirs says nothing."""
        if not self._keys:
            return "runs"
        call = self._call
        is_words = not call and len({one.key for one in self._keys}) > 1
        self._rest()
        self._keys.append(Typed("enter", "\r"))
        if is_words:
            return "words"
        self._call = call
        self._timer = self._arrived(self._over)
        return "waits"

    def settle(self) -> bool:
        """Nothing follows: what waits counts; whether anything did."""
        if not (call := self._call):
            return False
        self.drop()
        self._run(call)
        return True

    def _over(self) -> None:
        self.settle()
        self.drop()

    def drop(self) -> None:
        """What was typed counts for nothing."""
        self._rest()
        self._keys.clear()
        self._withheld = False

    def words(self) -> list[Typed]:
        """What turned out to be words; it is forgotten here."""
        keys = [*self._keys]
        self.drop()
        return keys

    def _rest(self) -> None:
        self._call = ""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
