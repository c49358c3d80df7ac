"""Where the transcript is painted: one widget of lines, however many blocks there are.

Events go in, frames come out, at most `FRAMES` a second and fewer where a frame takes long. It
stays at the end until somebody scrolls; from then on what is looked at stays where it is.
"""

import time
from collections.abc import Collection, Iterable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from ....agent.events import Event
from ..view.copying import copied, copied_lines
from ..view.flow import BLANK, Line
from ..view.fold import View
from ..view.look import Look
from ..view.palette import DARK, Palette
from ..view.sheet import Sheet, Thinking

FRAMES: Final = 15
"""A second, at most, while text is streamed."""
SHARE: Final = 8
"""A frame waits so many times as long as the one before took: drawing takes no more than its part
of the processor, however slow the machine."""
_STRIPS: Final = 4_000
"""Painted lines that are kept."""


class Canvas(ScrollView, can_focus=True):
    """Blocks of one session, painted as lines. Who scrolls and clicks is not its business."""

    # As the widget declares it, each line that is added would have the whole screen laid out anew,
    # and painted twice.
    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)
    ALLOW_SELECT = True
    # Who clicks here goes on writing in the composer.
    FOCUS_ON_CLICK = False
    DEFAULT_CSS = """
    Canvas {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size: 1 1;
    }
    """

    def __init__(
        self,
        *,
        palette: Palette = DARK,
        thinking: Thinking = "collapsed",
        cwd: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.auto_links = False
        self.view = View()
        self.chosen: int | None = None
        """The block that keys act on."""
        self.following = True
        """Whether the end stays in sight."""
        self._thinking: Thinking = thinking
        self.sheet = Sheet(self.view, Look(80, palette, cwd=cwd), thinking)
        self._strips: dict[tuple[int, int], tuple[Line, Strip]] = {}
        self._changed: dict[int, None] = {}
        """Ids of blocks that changed since the last frame, in order."""
        self._rows: list[Strip] = []
        """What the rows of the screen showed when they were painted last."""
        self._blank = Strip([], 0)
        self._timer: Timer | None = None
        self._last_frame = 0.0
        self._cost = 0.0
        """How long the last frame took, in seconds."""
        self.unseen = False
        """Whether something came that was not scrolled to."""

    # What is shown.

    def hear(self, event: Event) -> None:
        """Show one more event, with the next frame."""
        self.touch(self.view.add(event))

    def replay(self, stored: Iterable[Event]) -> None:
        """Show a stored session after what is here, all at once."""
        self.touch([id for event in stored for id in self.view.add(event)])

    def ask(self, calls: Collection[tuple[tuple[str, ...], str]]) -> None:
        """Say which actions wait for a person's answer, as agent's path and call's id."""
        self.touch(self.view.asking(calls))

    def forget(self) -> None:
        """Show nothing, until another session is heard."""
        self.show_view(View())

    def show_view(self, view: View) -> None:
        """Show a view that somebody else may feed, who says by `touch` what changed."""
        self.view = view
        self.sheet = Sheet(self.view, self.sheet.look, self._thinking)
        self._changed.clear()
        self._strips.clear()
        self.chosen, self.following, self.unseen = None, True, False
        self.screen.clear_selection()
        self._lay_out()

    def restyle(
        self,
        *,
        palette: Palette | None = None,
        thinking: Thinking | None = None,
        cwd: str | None = None,
    ) -> None:
        """Let it look otherwise; what is on the screen is drawn now, the rest when it is seen."""
        look = self.sheet.look
        self._thinking = thinking or self._thinking
        self._relook(
            Look(
                look.width,
                palette or look.palette,
                cwd=look.cwd if cwd is None else cwd,
            )
        )

    def _relook(self, look: Look) -> None:
        anchor = self._anchor()
        self.sheet.restyle(look, self._thinking)
        self._strips.clear()
        self.screen.clear_selection()
        self._lay_out(anchor)

    # Frames.

    def touch(self, ids: Iterable[int]) -> None:
        """These blocks of the view changed: show it with the next frame."""
        changed = dict.fromkeys(ids)
        self._changed.update(changed)
        # What fell away is not to be drawn, also if something else is painted before.
        self.sheet.touch([id for id in changed if id not in self.view])
        if self._timer is None and self.is_mounted:
            rest = max(1 / FRAMES, SHARE * self._cost) - (time.monotonic() - self._last_frame)
            self._timer = self.set_timer(max(0.005, rest), self._frame)

    def _frame(self) -> None:
        began = time.monotonic()
        self._timer = None
        changed, self._changed = self._changed, {}
        anchor = self._anchor()
        self.unseen = self.unseen or not self.following
        self.sheet.touch(changed)
        self._lay_out(anchor)
        self._last_frame = time.monotonic()
        self._cost = self._last_frame - began

    def _anchor(self) -> tuple[int, int] | None:
        """The block at the top of the screen, and which of its lines; None if the end leads."""
        column = self.sheet.column
        place = None if self.following else column.at(round(self.scroll_y))
        return None if place is None else (column.ids[place.index], place.line)

    def _lay_out(self, anchor: tuple[int, int] | None = None) -> None:
        """Make exact what is on the screen, and stay where we are."""
        column, height = self.sheet.column, max(1, self.size.height)
        index = len(column) if anchor is None else column.find(anchor[0])
        if anchor is None or index is None:
            self.sheet.settle(len(column), 2 * height, 0)
        else:
            self.sheet.settle(index, height, anchor[1] + 2 * height)
        end = max(0, column.total - height)
        y = end if anchor is None or index is None else min(end, column.top(index) + anchor[1])
        following = self.following or y >= end
        self.unseen = self.unseen and y < end
        self.measure()
        if round(self.scroll_y) != y:
            self.scroll_to(y=y, animate=False)
        else:
            self._repaint()
        self.following = following

    def measure(self) -> None:
        """Tell the scroll bar how many lines there are."""
        size = Size(self.sheet.look.width, self.sheet.column.total)
        if size != self.virtual_size:
            self.virtual_size = size
            self.vertical_scrollbar.window_virtual_size = size.height
            self.vertical_scrollbar.window_size = self.container_size.height

    def _repaint(self) -> None:
        """Paint those rows of the screen that show something else than before."""
        rows = [self._painted(y) for y in range(self.size.height)]
        before, self._rows = self._rows, rows
        if len(before) != len(rows):
            self.refresh()
            return
        others = [y for y, row in enumerate(rows) if row is not before[y]]
        if others:
            self.refresh(Region(0, others[0], self.size.width, others[-1] - others[0] + 1))

    def on_resize(self, event: events.Resize) -> None:
        """The window is another."""
        self._blank = Strip.blank(self.size.width, self.rich_style)
        width = self.scrollable_content_region.width
        if width > 0 and width != self.sheet.look.width:
            look = self.sheet.look
            self._relook(Look(width, look.palette, cwd=look.cwd))
        else:
            self._lay_out(self._anchor())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The person scrolled, or we did."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) == round(new_value):
            return
        height = max(1, self.size.height)
        self.following = new_value >= self.sheet.column.total - height
        if self.following:
            self.unseen = False
            return
        total = self.sheet.column.total
        anchor = self._anchor()
        index = self.sheet.column.find(anchor[0]) if anchor else None
        if anchor is not None and index is not None:
            self.sheet.settle(index, height, anchor[1] + 2 * height)
            if self.sheet.column.total != total:
                self.call_later(self._lay_out, anchor)

    # Lines.

    def render_line(self, y: int) -> Strip:
        """See `Widget.render_line`: a line that knows where in the transcript it stands."""
        return self._painted(y).apply_offsets(0, round(self.scroll_y) + y)

    def render_lines(self, crop: Region) -> list[Strip]:
        """See `Widget.render_lines`. Painted lines are kept as they are for the compositor: there
        are no borders and no padding that it would have to add."""
        filters = self.get_line_filters()
        strips = [self._painted(y) for y in crop.line_range]
        if crop.x or crop.width < self.size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        background = self.background_colors[1]
        for line_filter in filters:
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        return strips

    def _painted(self, y: int) -> Strip:
        row = round(self.scroll_y) + y
        if self.unseen and y == self.size.height - 1:
            return self._hint()
        place = self.sheet.column.at(row)
        if place is None:
            return self._blank
        line = self.sheet.line(row) or BLANK
        id = self.sheet.column.ids[place.index]
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(row)) is not None:
            return self._strip(_selected(line, span, self._ink("text on selection")), id)
        key = (id, place.line)
        kept = self._strips.get(key)
        if kept is not None and kept[0] is line and id != self.chosen:
            return kept[1]
        strip = self._strip(line, id)
        if id != self.chosen:
            if len(self._strips) > _STRIPS:
                self._strips.clear()
            self._strips[key] = (line, strip)
        return strip

    def _strip(self, line: Line, id: int) -> Strip:
        style = self.rich_style
        if id == self.chosen:
            style += self._ink("text on panel")
        segments = [
            Segment(part.text, style + part.style if part.style else style)
            for part in line.segments
        ]
        if line.cells < self.size.width:
            segments.append(Segment(" " * (self.size.width - line.cells), style))
        return Strip(segments, max(line.cells, self.size.width))

    def _hint(self) -> Strip:
        style = self.rich_style + self._ink("bold accent on panel")
        hint = Strip([Segment(" ↓ new below (Alt+End) ", style)])
        return hint.crop_extend(0, self.size.width, self.rich_style)

    def _ink(self, words: str) -> Style:
        return self.sheet.look.ink(words)

    def notify_style_update(self) -> None:
        """See `Widget.notify_style_update`."""
        super().notify_style_update()
        self._strips.clear()
        self._blank = Strip.blank(self.size.width, self.rich_style)

    # Selection.

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, without signs and rails, wrapped lines as the lines that they were."""
        if selection.start is None and selection.end is None:
            return copied(self.sheet.lines()), "\n"
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self.sheet.column.total - 1
        rows = range(max(0, first), min(last + 1, self.sheet.column.total))
        spans = [(self.sheet.line(row) or BLANK, selection.get_span(row)) for row in rows]
        return copied_lines(spans), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """See `Widget.selection_updated`."""
        self.refresh()


def _selected(line: Line, span: tuple[int, int], style: Style) -> Line:
    """The line with a part of it marked."""
    start, end = span[0], len(line.text) if span[1] == -1 else span[1]
    marked: list[Segment] = []
    place = 0
    for segment in line.segments:
        text, size = segment.text, len(segment.text)
        begin, stop = (min(max(0, edge - place), size) for edge in (start, end))
        pieces = (text[:begin], text[begin:stop], text[stop:])
        base = segment.style or Style.null()
        for piece, look in zip(pieces, (base, base + style, base), strict=True):
            if piece:
                marked.append(Segment(piece, look))
        place += size
    return Line(tuple(marked), line.cells, line.lead, line.glue)
