"""A page on the screen: read it, filter it, do with a row what the page offers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.widgets import OptionList

from ..pages.page import Page, Row
from .picker import Act, Item, Picker

_MOST = 8
"""Lines that are shown of a row."""

Make = Callable[[], Awaitable[Page]]


def item(row: Row) -> Item[str]:
    """A row as it is listed."""
    return Item(row.id, row.text, row.note, row.more, row.tone)


class PageScreen(Picker[str]):
    """Shows a page; taking does nothing. Where there is nothing to do with a row and no more to
    say of it, none is chosen."""

    DEFAULT_CSS = "PageScreen OptionList { text-wrap: wrap; }"
    TAKE: ClassVar[str] = ""
    WRAPS: ClassVar[bool] = True

    def __init__(
        self, page: Page, make: Make, *, acts: Sequence[Act[str]] = (), every: float = 0.0
    ) -> None:
        """`make` makes it anew: after an act and, unless it is 0, `every` so many seconds."""
        super().__init__(page.title, map(item, page.rows), acts=acts)
        self._page = page
        self._make = make
        self._every = every
        self._chooses = bool(acts) or any(row.more for row in page.rows)

    def on_mount(self) -> None:
        """Keep it fresh."""
        super().on_mount()
        if self._every:
            self.set_interval(self._every, lambda: self.begin(self.renew()))

    @property
    def room(self) -> int:
        """See `Picker.room`."""
        lines = (len(row.more.splitlines()) for row in self._page.rows)
        return min(_MOST, max(lines, default=0))

    def choose(self, place: int) -> None:
        """See `Picker.choose`."""
        if self._chooses:
            super().choose(place)

    def action_step(self, by: int) -> None:
        """See `Picker.action_step`."""
        if self._chooses:
            super().action_step(by)
        else:
            self.query_one(OptionList).scroll_relative(y=by, animate=False)

    def preview(self, item: Item[str]) -> str:
        """See `Picker.preview`."""
        return item.words

    def take(self, item: Item[str]) -> None:
        """See `Picker.take`: there is nothing to take."""

    async def renew(self) -> None:
        """See `Picker.renew`."""
        before, self._page = self._page, await self._make()
        if self._page != before and self.is_current:
            self.replace(map(item, self._page.rows))
