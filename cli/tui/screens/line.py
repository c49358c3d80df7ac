"""One line to fill in: a name, a key."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from ..modal import Modal
from .hints import CLOSES, Hint, hinted


class LineScreen(Modal[str | None]):
    """Gives the line, without blanks around it; None if it was left."""

    DEFAULT_CSS = """
    LineScreen { align: center middle; background: $background 40%; }
    LineScreen > Vertical { width: 100%; max-width: 80; height: auto; border: round $border;
                            background: $surface; padding: 0 1; }
    LineScreen Static { color: $text-muted; height: auto; }
    LineScreen Input { border: none; height: 1; padding: 0; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close", priority=True, show=False),
    ]

    def __init__(self, title: str, value: str = "", *, about: str = "", secret: bool = False):
        """`about` says what is wanted; what is `secret` is not shown."""
        super().__init__()
        self._titled, self._value, self._about, self._secret = title, value, about, secret

    def compose(self) -> ComposeResult:
        """What is wanted, and the line."""
        with Vertical() as box:
            box.border_title = Content(self._titled)
            yield Static(self._about, markup=False)
            yield Input(self._value, password=self._secret, compact=True)
            yield Static(hinted((Hint("enter", "accepts"), CLOSES), 40)[0], id="hint", markup=False)

    def on_mount(self) -> None:
        """There is but one place to type."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it."""
        event.stop()
        given = event.value.strip()
        # An Enter too many must not have a key that is pasted next said to the model.
        if given or not self._secret:
            self.dismiss(given)
