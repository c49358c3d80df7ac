"""A list to choose from: type to filter, see what is chosen below, Enter takes it, Esc takes
nothing."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ....config.errors import KedgeError
from ...terminal import harmless
from ..listing import Listing
from ..modal import Modal
from ..pages.page import Tone
from ..running import defect
from ..tasks import Tasks
from .hints import CLOSES, Hint, hinted
from .rows import beside, column, wrapped

T = TypeVar("T")

_SHOWN: Final = 500
"""Rows; who looks for more, types."""
_NOTHING: Final = "no matches"
_AROUND: Final = 3
"""Lines of the frame and the filter."""
_STYLES: Final[dict[Tone, str]] = {
    "": "",
    "head": "bold $text-accent",
    "dim": "$text-muted",
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "$text-error",
}


class Item(Struct, Generic[T], frozen=True):
    """Something to choose."""

    value: T
    label: str
    note: str = ""
    """Beside it, where there is room."""
    words: str = ""
    """What is searched besides, and not shown."""
    tone: Tone = ""
    dead: bool = False
    """Shown, but not to be taken."""

    @property
    def searched(self) -> str:
        """What the filter looks through."""
        return f"{self.label} {self.note} {self.words}".lower()


class Act(Struct, Generic[T], frozen=True):
    """What a key does with the chosen one besides taking it."""

    key: str
    help: str
    run: Callable[[Item[T]], Awaitable[str]]
    """Does it, and says in words what was done; raises `KedgeError` where that is not possible."""
    sure: bool = False
    """Whether the key has to be pressed twice."""


ACT_KEYS: Final = ("ctrl+d", "ctrl+r", "ctrl+f", "ctrl+t", "ctrl+s", "ctrl+g")
"""The keys that acts may have: Ctrl, because letters filter."""


class Picker(Modal[T | None], Generic[T]):
    """Gives the value that was taken, or None."""

    DEFAULT_CSS = """
    Picker { align: center middle; background: $background 40%; }
    Picker > #picker { width: 100%; max-width: 120; border: round $border;
                       background: $surface; padding: 0 1; }
    Picker Input { border: none; height: 1; padding: 0; background: $surface; }
    Picker Input:focus { background-tint: transparent; }
    Picker OptionList { height: 1fr; border: none; padding: 0; background: $surface;
                        text-wrap: nowrap; text-overflow: ellipsis; }
    Picker OptionList, Picker #preview { scrollbar-size-vertical: 1;
                                         scrollbar-background: $surface; }
    Picker #preview { border-top: solid $border-blurred; }
    Picker #shown, Picker #hint { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close", priority=True, show=False),
        Binding("up,ctrl+p", "step(-1)", "up", priority=True, show=False),
        Binding("down,ctrl+n", "step(1)", "down", priority=True, show=False),
        Binding("pageup", "page(-1)", "page up", priority=True, show=False),
        Binding("pagedown", "page(1)", "page down", priority=True, show=False),
        *(Binding(key, f"act('{key}')", key, priority=True, show=False) for key in ACT_KEYS),
    ]
    TAKE: ClassVar[str] = "selects"
    """What Enter does, in words; empty where it does nothing."""
    ROOM: ClassVar[int] = 0
    """Lines below the list for what is shown of the chosen one, if the screen has them."""
    SHARE: ClassVar[float] = 0.5
    """What part of the screen the list has in any case, if it is as long."""
    WRAPS: ClassVar[bool] = False
    """Whether rows go on in the next line; else they are cut off."""

    def __init__(
        self,
        title: str,
        items: Iterable[Item[T]] = (),
        *,
        acts: Sequence[Act[T]] = (),
        chosen: T | None = None,
        query: str = "",
    ) -> None:
        """`chosen` is highlighted at first; `query` stands in the filter."""
        super().__init__()
        self._title = title
        self._items = list(items)
        self._found: list[Item[T]] = []
        self._acts = {act.key: act for act in acts}
        self._first = chosen
        self._query = query
        self._pressed = ""
        self._said = ("", False)
        self._tasks = Tasks(self._failed)

    def compose(self) -> ComposeResult:
        """The filter, the list, what is chosen, and the keys."""
        with Vertical(id="picker") as box:
            box.border_title = Content(self._title)
            yield Input(self._query, placeholder="type to filter", compact=True)
            yield Listing(markup=False, compact=True)
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="shown", markup=False)
            yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        """Everything, until something is typed."""
        self.query_one(Input).focus()
        self.fill()
        place = next((at for at, one in enumerate(self._found) if one.value == self._first), 0)
        self.choose(place)
        self._draw()

    def on_resize(self) -> None:
        """Rows and keys for another width."""
        if self.is_mounted:
            place = self.query_one(OptionList).highlighted or 0
            self.fill()
            self.choose(place)
            self._draw()

    def on_unmount(self) -> None:
        """What is under way is nobody's any more."""
        self._tasks.stop()

    @property
    def typed(self) -> str:
        """What stands in the filter."""
        return self.query_one(Input).value

    @property
    def items(self) -> Sequence[Item[T]]:
        """Everything, whatever the filter says."""
        return self._items

    @property
    def chosen(self) -> Item[T] | None:
        """What is highlighted; None if nothing is."""
        place = self.query_one(OptionList).highlighted
        return None if place is None or place >= len(self._found) else self._found[place]

    def preview(self, item: Item[T]) -> Content | str:
        """What is shown below while it is chosen; empty for nothing."""
        return ""

    def take(self, item: Item[T]) -> None:
        """Enter, or a click."""
        if item.dead:
            self.say(item.note, wrong=True)
        else:
            self.dismiss(item.value)

    def replace(self, items: Iterable[Item[T]]) -> None:
        """Show these instead; what was chosen stays chosen, if it is there."""
        before, place = self.chosen, self.query_one(OptionList).highlighted or 0
        self._items = list(items)
        self.fill()
        wanted = before.value if before else None
        same = (at for at, one in enumerate(self._found) if one.value == wanted)
        self.choose(next(same, place))

    @property
    def room(self) -> int:
        """See `ROOM`."""
        return self.ROOM

    @property
    def content_width(self) -> int:
        """Cells of a row and of a preview, beside which there may be a scrollbar."""
        return min(self.size.width, 120) - 5

    def matching(self, typed: str) -> Sequence[Item[T]]:
        """What the filter leaves."""
        terms = typed.lower().split()
        return [one for one in self._items if _fits(one.searched, terms)]

    def fill(self) -> None:
        """Show what the filter leaves."""
        self._found = list(self.matching(self.typed)[:_SHOWN])
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._drawn(self._found))
        if not self._found:
            options.add_option(Option(Content.styled(_NOTHING, "$text-muted"), disabled=True))
        self.choose(0)

    def _drawn(self, items: Sequence[Item[T]]) -> list[Content]:
        most = self.content_width // (3 if self.WRAPS else 2)
        wide = column((one.label for one in items if one.note), most)
        return [_row(one, wide, self.content_width if self.WRAPS else 0) for one in items]

    def choose(self, place: int) -> None:
        """Highlight the one in that place, or the last one."""
        options = self.query_one(OptionList)
        options.highlighted = min(place, len(self._found) - 1) if self._found else None
        self.show_preview()

    def show_preview(self) -> None:
        """Show anew what is chosen."""
        words = self.preview(self.chosen) if self.chosen else ""
        self.query_one("#shown", Static).update(
            harmless(words) if isinstance(words, str) else words
        )
        self.query_one("#preview").scroll_home(animate=False)

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Something above the keys."""
        self._said = words, wrong
        self._draw()

    @property
    def hints(self) -> list[Hint]:
        """The keys."""
        take = [Hint("enter", self.TAKE)] if self.TAKE else []
        acts = [Hint(act.key, act.help) for act in self._acts.values()]
        return [*take, *acts, CLOSES]

    def _draw(self) -> None:
        """What was said, the keys, and as much room as everything needs."""
        words, wrong = self._said
        lines = hinted(self.hints, self.content_width)
        said = Content.styled(harmless(words), "$text-error" if wrong else "$text-success")
        lines = [*([said] if words else ()), *lines]
        self.query_one("#hint", Static).update(Content("\n").join(lines))
        self._part(self.size.height, self.size.height - len(lines) - _AROUND)

    def _part(self, whole: int, height: int) -> None:
        """Of the lines of the whole screen, part `height` between the list and what is shown of
        the chosen one; alike whatever is typed and chosen, so that nothing moves."""
        rows = self._drawn(self._items[:_SHOWN])
        wanted = max(1, sum(row.get_height({}, self.content_width) for row in rows))
        least = max(1, min(wanted, int(height * self.SHARE)))
        # One more is the line between them.
        below = min(self.room, height - least - 1) + 1
        below = below if below > 1 else 0
        preview = self.query_one("#preview")
        preview.display = below > 0
        preview.styles.height = below
        inside = min(wanted, height - below) + below
        gap = int(inside < height)
        self.query_one("#hint").styles.margin = (gap, 0, 0, 0)
        self.query_one("#picker").styles.height = whole - height + inside + gap

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter with every key."""
        event.stop()
        self._pressed = ""
        self.fill()

    def on_option_list_option_highlighted(self) -> None:
        """Another one is chosen."""
        self.show_preview()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it."""
        event.stop()
        if self.chosen is not None:
            self.take(self.chosen)

    def on_option_list_option_selected(self) -> None:
        """Take what was clicked."""
        if self.chosen is not None:
            self.take(self.chosen)

    def action_step(self, by: int) -> None:
        """Choose another one."""
        self._pressed = ""
        place = (self.query_one(OptionList).highlighted or 0) + by
        self.choose(max(0, place))

    def action_page(self, by: int) -> None:
        """Read on in what is shown of the chosen one, or go on in the list if that is all there."""
        preview = self.query_one("#preview")
        if preview.display and preview.max_scroll_y:
            preview.scroll_relative(y=by * max(1, preview.size.height - 1), animate=False)
        else:
            self.action_step(by * max(1, self.query_one(OptionList).size.height - 1))

    def action_act(self, key: str) -> None:
        """Do what a key does with the chosen one."""
        act, item = self._acts.get(key), self.chosen
        if act is None or item is None:
            return
        if act.sure and self._pressed != key:
            self._pressed = key
            self.say(f"{act.help}: {' '.join(item.label.split())}? {key} again to do it")
            return
        self._pressed = ""
        self.begin(self._act(act, item))

    def begin(self, work: Coroutine[object, object, None]) -> None:
        """Do this beside everything else, as long as the screen is there."""
        self._tasks.begin(work)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, KedgeError):
            defect(error)
        elif self.is_current:
            self.say(error.in_words, wrong=True)

    async def _act(self, act: Act[T], item: Item[T]) -> None:
        said = await act.run(item)
        await self.renew()
        if self.is_current:
            self.say(said)

    async def renew(self) -> None:
        """Look again, after something was done."""


def _fits(text: str, terms: Sequence[str]) -> bool:
    return all(term in text for term in terms)


def _row(item: Item[T], column: int, width: int) -> Content:
    """A row; with a width it is as many lines as it needs."""
    tone = item.tone or ("dim" if item.dead else "")
    label = Content.styled(harmless(item.label), _STYLES[tone])
    if not item.note:
        return label
    note = harmless(item.note)
    return wrapped(label, note, column, width) if width else beside(label, note, column)
