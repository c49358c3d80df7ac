"""A screen on top of the others."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

T = TypeVar("T")


class Modal(ModalScreen[T]):
    """Gives its result once: a key that was on its way to it when it went is nobody's answer."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Go, if it is still there."""
        if not self.is_current:
            return AwaitComplete()
        return super().dismiss(result)
