"""What a question says: the open one in full, and the others that wait in a line each."""

from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ...questions import headline
from ..keys import KeyTable
from ..running import running_app
from ..themes import palette_of
from ..view.look import Look
from .pending import Pending
from .question import body, consequences, others, stored
from .room import CRAMPED, rows_for

_LISTED: Final = 4
"""Lines for the questions that are not open."""


class QuestionSheet(Vertical):
    """Scrolls where there is no room, so that what stands below it stays in sight."""

    DEFAULT_CSS = """
    QuestionSheet {
        height: auto;
        .ask-line { height: auto; }
        #ask-head { width: 1fr; text-style: bold; max-height: 3; }
        #ask-place { width: auto; color: $text-muted; padding-left: 2; }
        #ask-body { height: auto; scrollbar-size-vertical: 1; }
        #ask-rules { max-height: 4; }
        #ask-others { text-wrap: nowrap; text-overflow: ellipsis; }
        &.-cramped {
            #ask-head { max-height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        }
    }
    """

    def __init__(self, keys: KeyTable, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._turns = next(iter(keys.keys("ask-next")), "")
        self._saving = _saving(keys)
        self._stores = False
        self._read = False
        self._is_laid_out = False
        self._rows = 0
        self._effects: tuple[Content, Content] | None = None
        self._tight: tuple[int, int] | None = None
        """The size of the screen that turned out to be too small for effects beside rules."""
        self.is_open = False
        """Whether it takes all the room that there is."""

    def compose(self) -> ComposeResult:
        """Head, what is asked, what would be stored, what else waits."""
        with Horizontal(classes="ask-line"):
            yield Static(id="ask-head", markup=False)
            yield Static(id="ask-place", markup=False)
        with VerticalScroll(id="ask-body", can_focus=False):
            yield Static(id="ask-what", markup=False)
        yield Static(id="ask-rules", markup=False)
        yield Static(id="ask-others", markup=False)

    def begin(self) -> None:
        """Another question is shown from here on: nobody has read it."""
        self.is_open = self._read = False
        self._tight = None
        self.remove_class("-open")
        self.query_one("#ask-body").scroll_home(animate=False)

    def open(self, whole: bool = True) -> None:
        """Take all the room there is, or give it back. To be drawn anew."""
        self.is_open, self._is_laid_out = whole, False
        self.set_class(whole, "-open")

    def scroll(self, pages: int) -> None:
        """Scroll within what is asked."""
        room = self.query_one("#ask-body")
        room.scroll_relative(y=pages * max(1, room.size.height - 1), animate=False)

    def show(self, pending: Pending, *, why: bool) -> None:
        """Show the open question; with `why`, how it was decided."""
        asked, state, stores = pending.open, pending.state, pending.rules
        if asked is None:
            return
        cramped = self.screen.size.height < CRAMPED
        self.set_class(cramped, "-cramped")
        whole = self.is_open
        self._put("#ask-head", Content(f"? {headline(asked.question)}"))
        self._put("#ask-place", Content(_place(pending, self._turns)))
        # A scroll bar takes one column.
        palette = palette_of(running_app().theme)
        look = Look(max(20, self.content_size.width - 1), palette, cwd=state.cwd)
        what = body(asked, state, look, why=why)
        parts = [Content(headline(asked.question))] if cramped else []
        parts += [what, *([Content(""), stored(stores, self._saving)] if whole else ())]
        self._put("#ask-what", Content("\n").join(parts))
        self._effects = None if whole or cramped else consequences(asked, look)
        rules = stored(stores, self._saving)
        self._put("#ask-rules", None if whole or cramped else rules)
        if self._effects is not None and self._is_tight:
            self._put("#ask-rules", self._effects[0])
        beside = pending.others, state.to_come
        several = pending.are_several and not (cramped or whole)
        self._put("#ask-others", others(*beside, _LISTED) if several else None)
        self._stores = bool(stores)

    def _put(self, id: str, words: Content | None) -> None:
        """Show this, or nothing."""
        line = self.query_one(id, Static)
        line.display = words is not None
        line.update(words or Content(""))

    def fit(self) -> bool:
        """Leave room for the rest of the screen, as that is laid out; whether it does already."""
        panel = self.parent
        if isinstance(panel, Vertical) and not self.screen.has_class("-inline"):
            room = self.query_one("#ask-body")
            rows = rows_for(room, self, panel, whole=self.is_open)
            if rows != self._rows:
                self._rows = rows
                room.styles.max_height = rows
                return False
            if self._hides_effects(room):
                return False
        self._is_laid_out = True
        return True

    @property
    def _is_tight(self) -> bool:
        return self._tight == tuple(self.screen.size)

    def _hides_effects(self, room: Widget) -> bool:
        """Whether effects were cut, and stand where the rules were from now on: what would happen
        is told before what would be stored."""
        if self._effects is None or self._is_tight:
            return False
        effects, start = self._effects
        if start.get_height({}, max(1, room.scrollable_content_region.width)) <= room.size.height:
            return False
        self._tight = (self.screen.size.width, self.screen.size.height)
        self._put("#ask-rules", effects)
        return True

    @property
    def is_cut(self) -> bool:
        """Whether part of it cannot be seen without doing something."""
        return self.query_one("#ask-body").max_scroll_y > 0 or self.rules_are_cut

    @property
    def rules_are_cut(self) -> bool:
        """Whether part of what would be stored was not seen yet."""
        if not self._stores or self._read:
            return False
        if self.is_open:
            room = self.query_one("#ask-body")
            self._read = self._is_laid_out and room.scroll_y >= room.max_scroll_y
            return not self._read
        if self._effects is not None and self._is_tight:
            return True
        rules = self.query_one("#ask-rules", Static)
        width, height = rules.size
        # Without a width it was not laid out yet, and nobody has seen it.
        return not width or height < rules.visual.get_height({}, width)


def _saving(keys: KeyTable) -> str:
    """The keys of the answers that store rules: `2–4`, unless a person has others."""
    scopes = ("session", "project", "everywhere")
    found = [next(iter(keys.keys(f"ask-{scope}")), "") for scope in scopes]
    return "2–4" if found == ["2", "3", "4"] else "/".join(filter(None, found))


def _place(pending: Pending, turns: str) -> str:
    """Which of how many it is; `turns` is the key for the next."""
    if pending.count < 2:
        return ""
    # What is to come may need no answer.
    most = "up to " if pending.state.to_come else ""
    next_one = f" · {turns}" if turns and len(pending.waiting) > 1 else ""
    return f"{pending.place + 1} of {most}{pending.count}{next_one}"
