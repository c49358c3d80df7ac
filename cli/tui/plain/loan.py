"""The terminal, lent by the main thread to somebody else: an editor."""

import threading
from collections.abc import Callable


class Loan:
    """Of the keyboard, see `Keyboard.lend`."""

    def __init__(self, given: Callable[[], None]) -> None:
        """`given` is called in the main thread, once nobody else reads or prints."""
        self._given = given
        self._back = threading.Event()

    def hold(self) -> None:
        """Wait until it is given back. For the main thread."""
        self._given()
        self._back.wait()

    def give_back(self) -> None:
        """It is not needed any more; also before it was given. From any thread."""
        self._back.set()
