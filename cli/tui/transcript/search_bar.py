"""The field in which words are sought in the transcript."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from ...counts import counted

_HINT = "Enter finds · Esc leaves"


class SearchBar(Horizontal):
    """Asks for words. Hidden while nothing is sought."""

    DEFAULT_CSS = """
    SearchBar {
        height: 1; padding: 0 1; display: none;
        Input { width: 1fr; background: $surface; }
        Static { width: auto; padding: 0 0 0 1; color: $text-muted; }
    }
    """

    class Sought(Message):
        """These words are to be found."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Left(Message):
        """Nothing is sought any longer."""

    def compose(self) -> ComposeResult:
        """The field, and what can be done."""
        yield Input(placeholder="words in the transcript", compact=True)
        yield Static(_HINT, markup=False)

    def open(self) -> None:
        """Ask; what was sought last can be typed over."""
        self.display = True
        self._say(_HINT)
        field = self.query_one(Input)
        field.focus()
        field.select_all()

    def close(self) -> None:
        """Ask no more."""
        self.display = False

    def found(self, count: int) -> None:
        """Say in how many blocks the words are, and how one goes on."""
        if not count:
            self._say("not found · Esc leaves")
            return
        self._say(f"{counted(count, 'block')} · n next · N before · Enter opens · Esc leaves")

    def _say(self, words: str) -> None:
        self.query_one(Static).update(Content(words))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The words are complete."""
        event.stop()
        if event.value.strip():
            self.post_message(self.Sought(event.value.strip()))

    def on_key(self, event: events.Key) -> None:
        """Esc and Ctrl+C leave, whatever else they mean elsewhere."""
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Left())
