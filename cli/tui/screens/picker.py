"""A list to choose from: type to filter, see what is chosen below, Enter takes it, Esc takes
nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ....config.errors import KedgeError
from ...terminal import harmless
from ..pages.page import Tone

T = TypeVar("T")

_SHOWN: Final = 500
"""Rows; who looks for more, types."""
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


class Picker(ModalScreen[T | None], Generic[T]):
    """Gives the value that was taken, or None."""

    DEFAULT_CSS = """
    Picker { align: center middle; background: $background 40%; }
    Picker > #picker { width: 96%; max-width: 120; height: 92%; border: round $border;
                       background: $surface; padding: 0 1; }
    Picker Input { border: none; height: 1; padding: 0; background: $surface; }
    Picker OptionList { height: 1fr; border: none; padding: 0; background: $surface;
                        text-wrap: nowrap; text-overflow: ellipsis; }
    Picker #preview { height: auto; max-height: 50%; border-top: solid $border-blurred;
                      overflow-y: auto; }
    Picker #hint { height: auto; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "leave", "close", priority=True, show=False),
        Binding("up,ctrl+p", "step(-1)", "up", priority=True, show=False),
        Binding("down,ctrl+n", "step(1)", "down", priority=True, show=False),
        Binding("pageup", "step(-10)", "page up", priority=True, show=False),
        Binding("pagedown", "step(10)", "page down", priority=True, show=False),
        *(Binding(key, f"act('{key}')", key, priority=True, show=False) for key in ACT_KEYS),
    ]
    TAKE: ClassVar[str] = "Enter takes it"
    """What Enter does, in words; empty where it does nothing."""

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
        self._doing: set[asyncio.Task[None]] = set()

    def compose(self) -> ComposeResult:
        """The filter, the list, what is chosen, and the keys."""
        with Vertical(id="picker") as box:
            box.border_title = Content(self._title)
            yield Input(self._query, placeholder="type to filter", compact=True)
            yield OptionList(markup=False, compact=True)
            yield Static(id="preview", markup=False)
            yield Static(id="hint", markup=False)

    def on_mount(self) -> None:
        """Everything, until something is typed."""
        self.query_one(Input).focus()
        self.fill()
        place = next((at for at, one in enumerate(self._found) if one.value == self._first), 0)
        self._highlight(place)
        self.say("")

    def on_unmount(self) -> None:
        """What is under way is nobody's any more."""
        for task in self._doing:
            task.cancel()

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
        self._highlight(next(same, place))

    def fill(self) -> None:
        """Show what the filter leaves."""
        terms = self.typed.lower().split()
        self._found = [one for one in self._items if _fits(one.searched, terms)][:_SHOWN]
        options = self.query_one(OptionList)
        options.clear_options()
        width = max((len(one.label) for one in self._found if one.note), default=0)
        # Notes stand below each other, in the right half at the latest.
        width = min(width, self.size.width // 2 - 6)
        options.add_options(Option(_row(one, width)) for one in self._found)
        self._highlight(0)

    def _highlight(self, place: int) -> None:
        options = self.query_one(OptionList)
        options.highlighted = min(place, len(self._found) - 1) if self._found else None
        self.show_preview()

    def show_preview(self) -> None:
        """Show anew what is chosen."""
        shown = self.query_one("#preview", Static)
        words = self.preview(self.chosen) if self.chosen else "nothing here is like that"
        shown.display = bool(words)
        shown.update(harmless(words) if isinstance(words, str) else words)

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Something above the keys."""
        keys = [f"{act.key} {act.help}" for act in self._acts.values()]
        known = " · ".join(map(_unbroken, filter(None, (self.TAKE, *keys, "Esc closes"))))
        parts = [Content.styled(harmless(words), "$text-error" if wrong else "$text-success")]
        hint = Content("\n").join([*(parts if words else ()), Content(known)])
        self.query_one("#hint", Static).update(hint)

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
        self._highlight(max(0, place))

    def action_leave(self) -> None:
        """Take nothing."""
        self.dismiss(None)

    def action_act(self, key: str) -> None:
        """Do what a key does with the chosen one."""
        act, item = self._acts.get(key), self.chosen
        if act is None or item is None:
            return
        if act.sure and self._pressed != key:
            self._pressed = key
            self.say(f"{act.help}: {' '.join(item.label.split())}? {key} again does it")
            return
        self._pressed = ""
        self.begin(self._act(act, item))

    def begin(self, work: Coroutine[object, object, None]) -> None:
        """Do this beside everything else, as long as the screen is there."""
        task = asyncio.create_task(work)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)

    async def _act(self, act: Act[T], item: Item[T]) -> None:
        try:
            said, wrong = await act.run(item), False
            await self.renew()
        except KedgeError as error:
            said, wrong = str(error), True
        if self.is_current:
            self.say(said, wrong=wrong)

    async def renew(self) -> None:
        """Look again, after something was done."""


def _unbroken(words: str) -> str:
    return words.replace(" ", "\u00a0")


def _fits(text: str, terms: Sequence[str]) -> bool:
    return all(term in text for term in terms)


def _row(item: Item[T], width: int) -> Content:
    label = Content(harmless(item.label))
    if item.dead and not item.tone:
        label = label.stylize(_STYLES["dim"])
    elif item.tone:
        label = label.stylize(_STYLES[item.tone])
    if not item.note:
        return label
    gap = " " * max(2, width + 2 - label.cell_length)
    return label + Content(gap) + Content.styled(harmless(item.note), _STYLES["dim"])
