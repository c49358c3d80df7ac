"""How the app stands on its terminal: on a screen of its own, or in some rows below the scrollback,
with dialogs on the other screen while they are open."""

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import color
from textual.app import App
from textual.binding import Binding
from textual.driver import Driver
from textual.filter import LineFilter
from textual.geometry import Size
from textual.messages import Update
from textual.screen import Screen
from textual.strip import Strip

from ..running import running_app
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
        self.over = asyncio.Event()
        """Set once the app is asked to end."""
        if shown == "inline":
            self._filters.append(_NoBackground(self))

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: "RenderableType | None" = None,
    ) -> None:
        """See `App.exit`; a program that has the terminal ends, too."""
        super().exit(result, return_code, message)
        self.over.set()

    def _build_driver(
        self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None
    ) -> Driver:
        """See `App._build_driver`."""
        driver = super()._build_driver(headless, inline, mouse, size)
        if isinstance(driver, ListeningDriver):
            driver.survive()
        return driver

    def give_up(self) -> None:
        """Wait for the terminal no more, if it stands still. For any thread."""
        if isinstance(self._driver, ListeningDriver):
            self._driver.give_up()

    @property
    def _inline(self) -> InlineDriver | None:
        return self._driver if isinstance(self._driver, InlineDriver) else None

    @property
    def prints(self) -> bool:
        """Whether there is a scrollback to print into."""
        return self._inline is not None

    def print_above(self, strips: Sequence[Strip]) -> None:
        """Put lines into the scrollback; they are final."""
        if self._inline is not None:
            self._inline.print(self._as_rows(strips))

    def paint_below(self, strips: Sequence[Strip]) -> None:
        """Show these rows below the scrollback."""
        if self._inline is None or self._batch_count or not self._running:
            return
        rows = self._as_rows(strips)
        x, y = self.cursor_position
        self._inline.show(rows, (max(0, x), min(max(0, y), max(0, len(rows) - 1))))

    def _as_rows(self, strips: Sequence[Strip]) -> list[Row]:
        shown = (seen(strip) for strip in strips)
        return [Row(strip.render(self.console), strip.cell_length) for strip in shown]

    def entitle(self, words: str, *, asks: bool) -> None:
        """Let the title of the window be this."""
        if isinstance(self._driver, ListeningDriver):
            self._driver.entitle(words, asks=asks)

    def _watch_app_focus(self, focus: bool) -> None:
        """See `App._watch_app_focus`: who looks elsewhere leaves the keys where they are, for a
        question that appears meanwhile to take them, and to give them back."""
        self.screen.update_node_styles()

    def _begin_update(self) -> None:
        """See `App._begin_update`: some screen is painted, which `Front` never asks for inline."""
        if self._inline is not None:
            self._inline.turn_to(other_screen=True)
        super()._begin_update()

    def on_resize(self) -> None:
        """The window changed, and perhaps back again before anybody looked."""
        if self._inline is not None:
            self._inline.resized()

    def on_terminal_supports_synchronized_output(self) -> None:
        """The terminal shows a frame at once."""
        if self._inline is not None:
            self._inline.atomic = True


class Front(Screen[None], inherit_bindings=False):
    """The screen of the panes. Tab and Shift+Tab do not go round: they have other meanings here."""

    BINDINGS = [
        Binding("ctrl+c,super+c", "screen.copy_text", "Copy what is selected", show=False),
    ]

    def __init__(self, then: Callable[["Front"], None], *, id: str, classes: str) -> None:
        """`then` is called at once whenever it was laid out."""
        super().__init__(id=id, classes=classes)
        self._then = then

    def action_copy_text(self) -> None:
        """Copy what is selected, and select nothing: the next Ctrl+C means what it always does."""
        super().action_copy_text()
        self.clear_selection()

    def _compositor_refresh(self) -> None:
        """See `Screen._compositor_refresh`."""
        app = running_app()
        if isinstance(app, Display) and app.prints and app.screen is self:
            app.paint_below(self._compositor.render_strips(self._below(app.size)))
            self._dirty_widgets.clear()
            return
        super()._compositor_refresh()
        top = app.screen
        if top is not self and top._repaint_required:
            # The screen on top shows what changed below it. Textual has it painted in a way that
            # forgets which of its own widgets wait for that, whose rows then stay as they were.
            top._repaint_required = False
            top.post_message(Update(top))

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        """See `Screen._refresh_layout`: as high as it has to be, also while a dialog hides it."""
        app = running_app()
        if isinstance(app, Display) and app.prints:
            size = self._below(size or app.size)
        super()._refresh_layout(size, scroll)
        self._then(self)

    def _below(self, size: Size) -> Size:
        """What it takes of a terminal of this size."""
        return size.with_height(self._get_inline_height(size))


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
