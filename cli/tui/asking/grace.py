"""The moment in which keys answer nothing, because they were meant for something else."""

from collections.abc import Callable
from typing import Final

LONGEST: Final = 4
"""Graces after which keys count in any case, however fast they follow each other."""


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
