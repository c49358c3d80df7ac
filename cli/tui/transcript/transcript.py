"""The transcript on the screen: what a person does with it, by keys and by mouse."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from ..view.blocks import Answer, Block, Said
from ..view.flow import BLANK
from ..view.lines import opens, words_of
from .canvas import Canvas


class Transcript(Canvas):
    """The blocks of one session, to be read, opened, searched and copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home,alt+home", "scroll_home", "Beginning", show=False),
        Binding("end,alt+end", "scroll_end", "End", show=False),
        Binding("ctrl+up", "choose(-1)", "Block before", show=False),
        Binding("ctrl+down", "choose(1)", "Next block", show=False),
        Binding("enter,space", "open", "Open or close", show=False),
        Binding("n", "find_next(1)", "Next found", show=False),
        Binding("N,shift+n", "find_next(-1)", "Found before", show=False),
    ]

    class LinkClicked(Message):
        """Somebody clicked on an address, or on a place in a file."""

        def __init__(self, url: str = "", place: str = "") -> None:
            super().__init__()
            self.url = url
            """An address; empty for a place."""
            self.place = place
            """`/path/to/file:12`; empty for an address."""

    _sought = ""

    def last_answer(self) -> str:
        """The Markdown of what the model said last; empty if it said nothing."""
        answers = (block for block in reversed(self.view.blocks) if isinstance(block, Answer))
        return next((answer.text for answer in answers), "")

    def first_words(self) -> str:
        """What a person said first; empty if nobody said anything."""
        blocks = map(self.view.block, self.view.ids)
        return next((one.text for one in blocks if isinstance(one, Said)), "")

    def action_page_up(self) -> None:
        """One screen up, less a line to go by."""
        self._scroll_by(-max(1, self.size.height - 1))

    def action_page_down(self) -> None:
        """One screen down, less a line to go by."""
        self._scroll_by(max(1, self.size.height - 1))

    def action_scroll_home(self) -> None:
        """To the beginning."""
        self.scroll_to(y=0, animate=False)

    def action_scroll_end(self) -> None:
        """To the end, and stay there."""
        self.following = True
        self.chosen = None
        self._lay_out()
        self.refresh()

    def _scroll_by(self, lines: int) -> None:
        self.scroll_to(y=round(self.scroll_y) + lines, animate=False)

    def action_choose(self, step: int) -> None:
        """Go to the block before the chosen one or after it; without one, to the last in sight."""
        column = self.sheet.column
        index = None if self.chosen is None else column.find(self.chosen)
        if index is None:
            bottom = min(column.total, round(self.scroll_y) + self.size.height) - 1
            place = column.at(max(0, bottom))
            index = place.index if place else None
        else:
            index = min(max(0, index + step), len(column) - 1)
        if index is not None:
            self.show_block(column.ids[index])

    def choose_none(self) -> None:
        """Let keys act on no block."""
        self.chosen = None
        self.refresh()

    def show_block(self, id: int) -> None:
        """Choose a block and bring it into sight."""
        if self.sheet.column.find(id) is not None:
            self.chosen = id
            self._bring_into_sight(id)
            self.refresh()

    def _bring_into_sight(self, id: int) -> None:
        column, height = self.sheet.column, self.size.height
        if (index := column.find(id)) is None:
            return
        self.sheet.settle(index, height, 2 * height)
        self.measure()
        top, tall = column.top(index), column.height(index)
        y = round(self.scroll_y)
        if top < y or tall >= height:
            y = top
        elif top + tall > y + height:
            y = top + tall - height
        self.scroll_to(y=y, animate=False)

    def action_open(self) -> None:
        """Open the chosen block, or close it, in sight."""
        if self.chosen is not None:
            self.toggle(self.chosen)
            self.show_block(self.chosen)

    def toggle_details(self) -> None:
        """Open or close the chosen block; without one, the last in sight that can be."""
        if self.chosen is not None:
            self.action_open()
            return
        column = self.sheet.column
        bottom = min(column.total, round(self.scroll_y) + self.size.height) - 1
        place = column.at(max(0, bottom))
        ids = column.ids[: place.index + 1] if place else []
        for id in reversed(ids):
            if opens(self.view.block(id)):
                self.toggle(id)
                if not self.following:
                    self._bring_into_sight(id)
                return

    def toggle(self, id: int) -> None:
        """Open a block, or close it. Its head stays in sight: at the end if the end was in sight
        and has room for both, else what stands above it stays where it is."""
        column, height = self.sheet.column, self.size.height
        place = column.at(round(self.scroll_y))
        index = column.find(id)
        if place is None or index is None or not self.sheet.toggle(id):
            return
        self.sheet.settle(len(column), 2 * height, 0)
        fits = column.top(index) >= column.total - height
        self.following = self.following and fits
        head_is_above = place.index == index
        anchor = (id, 0) if head_is_above else (column.ids[place.index], place.line)
        self._lay_out(None if self.following else anchor)

    def on_click(self, event: events.Click) -> None:
        meta = event.style.meta
        if self.unseen and event.y == self.size.height - 1:
            self.action_scroll_end()
        elif "link" in meta or "at" in meta:
            self.post_message(self.LinkClicked(str(meta.get("link", "")), str(meta.get("at", ""))))
        elif (block := self._head_at(event)) is not None:
            self.chosen = None
            self.toggle(block.id)
        else:
            return
        event.stop()

    def _head_at(self, event: events.Click) -> Block | None:
        """The block whose first line was clicked: the rest of it is there to be selected."""
        row = round(self.scroll_y) + event.y
        column = self.sheet.column
        place = column.at(row)
        if place is None or self.text_selection is not None:
            return None
        block = self.sheet.block_at(row)
        before = self.sheet.line(row - 1) if place.line else None
        return block if place.line == 0 or (place.line == 1 and before is BLANK) else None

    # Search.

    def find(self, words: str) -> int:
        """Seek words in all blocks, regardless of case, and show the last that has them; how many
        have."""
        self._sought = words.casefold()
        found = self._found()
        if found:
            self.show_block(found[-1])
        return len(found)

    def action_find_next(self, step: int) -> None:
        """Show the next block that has the words, or the one before; round and round."""
        found = self._found()
        if not found:
            return
        here = self.chosen or 0
        if step > 0:
            target = next((id for id in found if id > here), found[0])
        else:
            target = next((id for id in reversed(found) if id < here), found[-1])
        self.show_block(target)

    def _found(self) -> list[int]:
        if not self._sought:
            return []
        ids = self.sheet.column.ids
        return [id for id in ids if self._sought in words_of(self.view.block(id)).casefold()]
