"""Two screens for who is new. Typing goes straight into the prompt: nothing has to be read."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from ..modal import Modal
from .hints import Hint, hinted

_PAGES: Final = (
    (
        "kedge, 1 of 2: working together",
        """Say what you want, and press enter. While it works you can go on typing:
  enter       is sent after the current step
  tab         waits until the turn is over
  esc         stops; esc esc rewinds to before a prompt

At the beginning of a prompt:
  /  commands       @  a file goes along
  !  your own shell #  a note for later sessions

? on an empty prompt is help, ctrl+p finds everything.""",
    ),
    (
        "kedge, 2 of 2: what may happen",
        """Nothing is changed or run before it was judged. shift+tab changes the mode:
  ask    asks before anything is changed, sent out or run,
         except for commands known to only look
  auto   goes on within the sandbox, asks beyond it
  plan   only looks, and answers with a plan

/why says why something was allowed or not, /rules what you allow for good.
Every turn can be undone: /undo, /rewind, /diff.

f1 shows help, ctrl+c twice leaves and says how to come back.""",
    ),
)

_LOW: Final = 16
"""Lines of a screen that has none to leave empty."""


class TourScreen(Modal[None]):
    """Is left by reading, by skipping, and by typing."""

    DEFAULT_CSS = """
    TourScreen { align: center middle; background: $background 40%; }
    TourScreen > Vertical { width: 100%; max-width: 80; height: auto; max-height: 100%;
                            border: round $border; background: $surface; padding: 0 1; }
    TourScreen Static { height: auto; }
    TourScreen VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "skip", priority=True, show=False),
        Binding("enter,right,pagedown", "step(1)", "next", priority=True, show=False),
        Binding("left,pageup", "step(-1)", "back", priority=True, show=False),
    ]

    def __init__(self, typed: Callable[[str], object] = str) -> None:
        """`typed` takes what is typed instead of reading, at once: more may be on its way."""
        super().__init__()
        self._typed = typed
        self._at = 0

    def compose(self) -> ComposeResult:
        """One of the screens."""
        with Vertical():
            with VerticalScroll(can_focus=False):
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
        goes_on = Hint("enter", "begins" if last else "goes on")
        lines = hinted((goes_on, Hint("esc", "skips"), Hint("or", "just type")), 36)
        self.query_one("#hint", Static).update(Content("\n").join(lines))

    def on_resize(self) -> None:
        """The keys are always there to be seen."""
        gap = int(self.size.height > _LOW)
        self.query_one("#hint", Static).styles.margin = (gap, 0, 0, 0)
        self.query_one(VerticalScroll).styles.max_height = self.size.height - 3 - gap

    def action_step(self, by: int) -> None:
        """The next one, or the end."""
        self._at = max(0, self._at + by)
        if self._at >= len(_PAGES):
            self.dismiss(None)
        else:
            self._show()

    def on_key(self, event: Key) -> None:
        """Who types, is not here to read."""
        if event.is_printable and event.character:
            event.stop()
            self._typed(event.character)
            self.dismiss(None)
