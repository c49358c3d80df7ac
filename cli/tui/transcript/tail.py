"""The transcript in the inline mode: its finished lines are printed, its end is painted."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from msgspec.structs import replace
from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from ..running import running_app
from ..view.flow import Line, flow
from ..view.look import Look
from ..view.palette import DARK, Palette
from ..view.printing import Printing
from ..view.sheet import Thinking
from .transcript import Transcript

ROWS: Final = 12
"""Of the terminal, at most, for what is not finished; never more than a third of it."""
BESIDE_A_QUESTION: Final = 2
"""The same while a question is open, which needs the room."""


class Paper(Protocol):
    """Takes lines for good."""

    def __call__(self, strips: Sequence[Strip], /) -> None: ...


class Tail(Transcript):
    """What is still being said and done. To read what was, there is a screen of its own."""

    DEFAULT_CSS = """
    Tail { height: auto; overflow-y: hidden; scrollbar-size: 0 0; }
    """

    class ReadAsked(Message):
        """Somebody wants to read the whole transcript."""

        def __init__(self, step: str) -> None:
            super().__init__()
            self.step = step
            """The action of `Transcript` that was asked for here."""

    def __init__(
        self,
        paper: Paper,
        *,
        palette: Palette = DARK,
        thinking: Thinking = "collapsed",
        cwd: str = "",
        id: str | None = None,
    ) -> None:
        super().__init__(palette=palette, thinking=thinking, cwd=cwd, id=id)
        self.reader: Transcript | None = None
        """Where all of it is shown at the moment."""
        self._paper = paper
        self._printing = Printing(self.view, self.sheet.look, thinking=thinking == "shown")
        self._is_past = True
        """Whether what comes now, all at once, was said before."""
        self._final: list[Line] = []
        """What is printed once the region is laid out without it."""
        self._lines: list[Line] = []
        self._asked = False
        self._left = False

    def laid_out(self) -> None:
        """The region is without what is final: print that now, neither twice nor too late."""
        self._print(self._final)
        self._final = []

    def leave(self) -> None:
        """Nothing follows: what is not finished stays as it is."""
        if self._left:
            return
        self._left = True
        self.sheet.touch(self._changed)
        self._print([*self._final, *self._take(), *self._printing.rest()])

    def tell(self, words: str, style: str) -> None:
        """Print something that is not part of the session."""
        look = self.sheet.look
        self._final += flow([Segment(words, look.ink(style))], look.width)
        self.refresh(layout=True)

    def make_room(self, *, asked: bool) -> None:
        """Say whether a question is open."""
        if asked != self._asked:
            self._asked = asked
            self._lay_out()

    def touch(self, ids: Iterable[int]) -> None:
        """See `Canvas.touch`."""
        super().touch(ids)
        if self.reader is not None:
            self.reader.touch(ids)

    def forget(self) -> None:
        """See `Canvas.forget`: what is printed stays."""
        self._final += [*self._take(), *self._printing.rest()]
        super().forget()
        self._printing = Printing(self.view, self.sheet.look, thinking=self._thinking == "shown")
        self._is_past = True

    def _relook(self, look: Look) -> None:
        self._printing.restyle(look, thinking=self._thinking == "shown")
        super()._relook(look)

    def _take(self) -> list[Line]:
        ids = self.sheet.column.ids
        lines: list[Line] = []
        if self._is_past and ids:
            self._is_past = False
            lines = self._printing.skip(ids)
        return lines + self._printing.take(ids[bisect_right(ids, self._printing.newest) :])

    def _lay_out(self, anchor: tuple[int, int] | None = None) -> None:
        if self._left:
            return
        width, height = running_app().size
        if width and width != self.sheet.look.width:
            self._relook(replace(self.sheet.look, width=width))
            return
        self._final += self._take()
        most = BESIDE_A_QUESTION if self._asked else max(1, min(ROWS, height // 3))
        before, self._lines = self._lines, self._printing.rest()[-most:]
        self.refresh(layout=bool(self._final) or len(before) != len(self._lines))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """See `Widget.get_content_height`."""
        return len(self._lines)

    def _painted(self, y: int) -> Strip:
        return self._strip(self._lines[y], 0) if y < len(self._lines) else self._blank

    def _print(self, lines: Sequence[Line]) -> None:
        if not lines:
            return
        background = self.background_colors[1]
        strips = [self._strip(line, 0) for line in lines]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        self._paper(strips)

    # What needs the whole of it.

    def action_page_up(self) -> None:
        """Read what was, from the last screen up."""
        self.post_message(self.ReadAsked("page_up"))

    def action_scroll_home(self) -> None:
        """Read what was, from the beginning."""
        self.post_message(self.ReadAsked("scroll_home"))

    def action_choose(self, step: int) -> None:
        """Read what was, block by block."""
        self.post_message(self.ReadAsked(f"choose({step})"))

    def toggle_details(self) -> None:
        """Read what was, with details."""
        self.post_message(self.ReadAsked(""))

    def show_block(self, id: int) -> None:
        """Nothing is scrolled here."""
