"""The moments in which keys answer nothing, because they were meant for something else."""

from collections.abc import Callable
from typing import Final, Protocol

LONGEST: Final = 4
"""Graces after which keys count in any case, however fast they follow each other."""
ALONE: Final = 0.35
"""Seconds that a letter has to stand alone: people who type a word are faster."""


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


class Letters:
    """Letters that answer may also begin a word, as the `y` of "you should": they count when no
    other key follows, or Enter does."""

    def __init__(
        self, wait: Callable[[float, Callable[[], None]], Timer], run: Callable[[str], None]
    ) -> None:
        """`wait` makes a timer of so many seconds; `run` takes the call of the key that counts."""
        self._wait = wait
        self._run = run
        self._begun: tuple[str, Timer] | None = None

    def take(self, key: str, call: str) -> bool:
        """A key was pressed that would call this, or nothing; whether that is settled here."""
        begun = self.drop()
        if begun and key == "enter":
            self._run(begun)
            return True
        if not (len(key) == 1 and key.isalpha() and call.startswith("ask_answer")):
            return False
        self._begun = call, self._wait(ALONE, self._count)
        return True

    def drop(self) -> str:
        """The letter that waits does not count; its call."""
        begun, self._begun = self._begun, None
        if begun is None:
            return ""
        begun[1].stop()
        return begun[0]

    def _count(self) -> None:
        self._run(self.drop())
