"""A screen on top of the others."""

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from .running import running_app

T = TypeVar("T")


class Modal(ModalScreen[T]):
    """Gives its result once: a key that was on its way to it when it went is nobody's answer."""

    class Quit(Message):
        """It was left by the key that leaves the app when it is pressed twice."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", "close; twice: leave", priority=True, show=False),
    ]

    def action_leave(self) -> None:
        """No answer."""
        self.dismiss(None)

    def action_quit(self) -> None:
        """No answer, and maybe the first of two steps out of the app."""
        self.action_leave()
        running_app().post_message(self.Quit())

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Go, if it is still there."""
        if not self.is_current:
            return AwaitComplete()
        return super().dismiss(result)
