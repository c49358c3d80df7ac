"""Two screens for who is new. Typing goes straight into the prompt: nothing has to be read."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static

_PAGES: Final = (
    (
        "kedge, 1 of 2: working together",
        """Say what you want, and Enter. While it works you can go on typing:
  Enter       is heard after the current step
  Alt+Enter   waits until the turn is over
  Esc         stops; Esc Esc goes back to before a prompt

At the beginning of a prompt:
  /  commands       @  a file goes along
  !  your own shell #  a note for later sessions

Ctrl+P finds everything that can be done.""",
    ),
    (
        "kedge, 2 of 2: what may happen",
        """Nothing is changed or run before it was judged. Shift+Tab changes the mode:
  ask    you are asked before something is changed or run
  auto   goes on within the sandbox, asks beyond it
  plan   only looks, and answers with a plan

/why says why something was allowed or not, /rules what you allow for good.
Every turn can be undone: /undo, /rewind, /diff.

F1 shows help, Ctrl+C twice leaves and says how to come back.""",
    ),
)


class TourScreen(ModalScreen[str | None]):
    """Gives what was typed to leave it; empty if it was read or skipped."""

    DEFAULT_CSS = """
    TourScreen { align: center middle; background: $background 40%; }
    TourScreen > Vertical { width: 96%; max-width: 80; height: auto; max-height: 94%;
                            border: round $border; background: $surface; padding: 0 1; }
    TourScreen Static { height: auto; }
    TourScreen #hint { color: $text-muted; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "leave", "skip", priority=True, show=False),
        Binding("enter,right,pagedown", "step(1)", "next", priority=True, show=False),
        Binding("left,pageup", "step(-1)", "back", priority=True, show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def compose(self) -> ComposeResult:
        """One of the screens."""
        with Vertical():
            yield Static(id="text", markup=False)
            yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        """The first."""
        self._show()

    def _show(self) -> None:
        title, text = _PAGES[self._at]
        self.query_one(Vertical).border_title = title
        self.query_one("#text", Static).update(Content(text))
        last = self._at == len(_PAGES) - 1
        hint = "Enter begins" if last else "Enter goes on · Esc skips"
        self.query_one("#hint", Static).update(f"{hint} · or just type")

    def action_step(self, by: int) -> None:
        """The next one, or the end."""
        self._at = max(0, self._at + by)
        if self._at >= len(_PAGES):
            self.dismiss("")
        else:
            self._show()

    def on_key(self, event: Key) -> None:
        """Who types, is not here to read."""
        if event.is_printable and event.character:
            event.stop()
            self.dismiss(event.character)

    def action_leave(self) -> None:
        """Skip it."""
        self.dismiss("")
