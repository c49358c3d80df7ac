"""A text with a few answers: a number answers, or arrows choose and Enter answers."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widgets import OptionList, Static

from ...terminal import harmless
from ..grace import Grace
from ..listing import Listing
from ..modal import Modal
from .hints import CLOSES, Hint, hinted

_FRAME: Final = 2
"""Lines of the border."""
_LOOKS: Final = 0.1
"""Seconds between two looks whether there is still something to ask."""
_CLOSE: Final = 8
"""Lines of text; where there are no more, there are no empty lines beside it."""


class Dialog(Modal[str | None]):
    """Gives the answer; None if it was left."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 40%; }
    Dialog > Vertical { width: 100%; max-width: 100; height: auto; max-height: 100%;
                        border: round $border; background: $surface; padding: 0 1; }
    Dialog VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    Dialog #text { height: auto; }
    Dialog OptionList { height: auto; border: none; padding: 0;
                        background: $surface; }
    Dialog OptionList:focus { background-tint: transparent; }
    Dialog #hint { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close", priority=True, show=False),
        Binding("pageup", "roll(-8)", "page up", priority=True, show=False),
        Binding("pagedown", "roll(8)", "page down", priority=True, show=False),
    ]

    def __init__(
        self,
        title: str,
        text: Content,
        answers: Sequence[tuple[str, str]],
        *,
        chosen: int = 0,
        grace: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        typed: Callable[[str], object] = str,
        settled: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`answers` are what is given and its words; within the grace, seconds by the clock, keys
        give none: a person may be in the middle of a sentence. `typed` takes the rest of it.
        Once `settled` gives an answer, nobody is asked."""
        super().__init__()
        self._typed, self._settled = typed, settled
        self._goes_on = True
        self._grace = Grace(grace, clock)
        self._titled, self._text, self._answers, self._first = title, text, answers, chosen

    def compose(self) -> ComposeResult:
        """The text, which may be longer than the screen, and the answers."""
        with Vertical() as box:
            box.border_title = Content(harmless(self._titled))
            with VerticalScroll(can_focus=False):
                yield Static(self._text, id="text", markup=False)
            yield Listing(*map(Content, self._lines), markup=False, compact=True)
            yield Static(id="hint", markup=False)

    @property
    def _lines(self) -> list[str]:
        return [f"{number} {words}" for number, (_, words) in enumerate(self._answers, 1)]

    def on_mount(self) -> None:
        """There is but the answer to give."""
        self._grace.begin()
        self.set_interval(_LOOKS, self._settle)
        options = self.query_one(OptionList)
        options.focus()
        options.highlighted = self._first
        self.on_resize()

    def _settle(self) -> None:
        if self.is_current and (answer := self._settled()) is not None:
            self.dismiss(answer)

    def on_resize(self) -> None:
        """The keys for another width, and the text as high as leaves the answers to be seen."""
        width = min(self.size.width, 100) - 4
        numbers = f"1-{len(self._answers)}"
        choice = (Hint(numbers, "answers"), Hint("↑ ↓", "choose"))
        lines = hinted((*choice, Hint("enter", "selects"), CLOSES), width)
        answers = sum(len(Content(words).wrap(width - 1)) for words in self._lines)
        hint, options = self.query_one("#hint", Static), self.query_one(OptionList)
        hint.update(Content("\n").join(lines))
        room = self.size.height - answers - len(lines) - _FRAME
        gap = int(room > _CLOSE)
        options.styles.margin = hint.styles.margin = (gap, 0, 0, 0)
        self.query_one(VerticalScroll).styles.max_height = max(1, room - 2 * gap)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """It is answered."""
        event.stop()
        if not self._grace.is_too_soon():
            self.dismiss(self._answers[event.option_index][0])

    def on_key(self, event: Key) -> None:
        """The number of an answer gives it; letters answer nothing, and neither does what follows
        them at once."""
        soon = self._grace.is_too_soon()
        numbers = [str(number) for number in range(1, len(self._answers) + 1)]
        if event.character in numbers and not soon:
            event.stop()
            options = self.query_one(OptionList)
            options.highlighted = numbers.index(event.character)
            options.action_select()
        elif event.is_printable and event.character:
            self._grace.begin()
            # Only what follows in one go on what was typed before is the rest of a sentence.
            self._goes_on = self._goes_on and soon
            if self._goes_on:
                self._typed(event.character)
            event.stop()
        elif soon:
            event.stop()

    def action_roll(self, by: int) -> None:
        """Read on."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def coloured(lines: Iterable[str]) -> Content:
    """Lines of strangers; what a diff adds and removes in its colours."""
    styles = {"+": "$text-success", "-": "$text-error"}
    return Content("\n").join(
        Content.styled(line, styles.get(line[:1], "")) for line in map(harmless, lines)
    )
