"""A page on the screen: read it, filter it, do with a row what the page offers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from ..pages.page import Page, Row
from .picker import Act, Item, Picker

Make = Callable[[], Awaitable[Page]]


def item(row: Row) -> Item[str]:
    """A row as it is listed."""
    return Item(row.id, row.text, words=row.more, tone=row.tone)


class PageScreen(Picker[str]):
    """Shows a page; taking does nothing."""

    DEFAULT_CSS = "PageScreen OptionList { text-wrap: wrap; }"
    TAKE: ClassVar[str] = ""

    def __init__(
        self, page: Page, make: Make, *, acts: Sequence[Act[str]] = (), every: float = 0.0
    ) -> None:
        """`make` makes it anew: after an act and, unless it is 0, `every` so many seconds."""
        super().__init__(page.title, map(item, page.rows), acts=acts)
        self._page = page
        self._make = make
        self._every = every

    def on_mount(self) -> None:
        """Keep it fresh."""
        super().on_mount()
        if self._every:
            self.set_interval(self._every, lambda: self.begin(self.renew()))

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
