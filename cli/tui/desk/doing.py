"""What takes its time besides turns."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Doing:
    """One thing at a time."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """`changed` is called as it begins and ends."""
        self._changed = changed
        self.words = ""
        """What is being done; empty: nothing."""
        self.since = 0.0
        """When that began, on `time.monotonic`'s clock."""

    @contextmanager
    def during(self, words: str) -> Generator[None]:
        """This is being done."""
        self.words, self.since = words, time.monotonic()
        self._changed()
        try:
            yield
        finally:
            self.words, self.since = "", 0.0
            self._changed()
