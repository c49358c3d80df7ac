"""How the app stands on its terminal: on a screen of its own, or in some rows below the scrollback,
with dialogs on the other screen while they are open."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import color
from textual._compositor import InlineUpdate
from textual.app import App
from textual.filter import LineFilter
from textual.screen import Screen
from textual.strip import Strip

from .inline_driver import InlineDriver
from .listening_driver import ListeningDriver
from .live_region import Row, seen

if TYPE_CHECKING:
    from rich.console import RenderableType

Shown = Literal["full", "inline"]

_TERMINALS_OWN: Final = Style(bgcolor=Color.default())


class Display(App[int]):
    """An app that can be shown in both ways."""

    # Textual would move the cursor up by so many rows at the end.
    INLINE_PADDING = 0

    def __init__(self, *, shown: Shown, ansi_color: bool | None) -> None:
        super().__init__(
            driver_class=InlineDriver if shown == "inline" else ListeningDriver,
            ansi_color=ansi_color,
        )
        self.shown: Shown = shown
        if shown == "inline":
            self._filters.append(_NoBackground(self))

    @property
    def _inline(self) -> InlineDriver | None:
        return self._driver if isinstance(self._driver, InlineDriver) else None

    def print_above(self, strips: Sequence[Strip]) -> None:
        """Put lines into the scrollback; they are final."""
        if self._inline is not None:
            self._inline.print([row.text for row in self._as_rows(strips)])

    def _as_rows(self, strips: Sequence[Strip]) -> list[Row]:
        shown = (seen(strip) for strip in strips)
        return [Row(strip.render(self.console), strip.cell_length) for strip in shown]

    def _display(self, screen: "Screen[object]", renderable: "RenderableType | None") -> None:
        """See `App._display`: inline, only the region is painted."""
        driver = self._inline
        if driver is None or not self._running or self._closed:
            super()._display(screen, renderable)
            return
        alone = len(self.screen_stack) <= 1
        if driver.is_inline != alone:
            driver.turn_to(other_screen=not alone)
            self.call_next(self._turned)
        elif isinstance(renderable, InlineUpdate):
            if not self._batch_count:
                self._paint(driver, renderable.strips)
            self.post_display_hook()
        else:
            super()._display(screen, renderable)

    def _paint(self, driver: InlineDriver, strips: Sequence[Strip]) -> None:
        rows = self._as_rows(strips)
        x, y = self.cursor_position
        driver.show(rows, (max(0, x), min(max(0, y), max(0, len(rows) - 1))))

    def _turned(self) -> None:
        """The other screen has another size, and rules of its own."""
        self.refresh_css(animate=False)
        self.screen.refresh(layout=True)

    def on_terminal_supports_synchronized_output(self) -> None:
        """The terminal shows a frame at once."""
        if self._inline is not None:
            self._inline.atomic = True


class _NoBackground(LineFilter):
    """The scrollback has the terminal's own background, and so has what stands below it."""

    def __init__(self, app: App[int]) -> None:
        super().__init__()
        self._app = app

    def apply(self, segments: list[Segment], background: color.Color) -> list[Segment]:
        """See `LineFilter.apply`."""
        theirs = color.Color.parse(self._app.current_theme.background or "black")
        own = theirs.rich_color
        return [Segment(text, _bare(style, own)) for text, style, _ in segments]


@lru_cache(1024)
def _bare(style: Style | None, background: Color) -> Style | None:
    if style is None or style.bgcolor != background:
        return style
    return style + _TERMINALS_OWN
