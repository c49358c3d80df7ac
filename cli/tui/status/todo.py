"""The model's list of what it means to do: at the side of a wide screen, else in one line."""

from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ....agent.tools.todo import TodoItem
from ...questions import first_line

BREAKPOINTS: Final[list[tuple[int, str]]] = [(0, "-narrow"), (120, "-wide")]
"""For an app's `HORIZONTAL_BREAKPOINTS`: at 120 columns the list goes to the side."""
_MARKS: Final = {
    "completed": ("✓", "$text-muted"),
    "in_progress": ("›", "bold $text-accent"),
    "pending": ("·", ""),
}


def in_one_line(items: tuple[TodoItem, ...]) -> str:
    """How far it is, and what comes now."""
    done = sum(item.status == "completed" for item in items)
    now = [item for item in items if item.status == "in_progress"]
    next_ones = [item for item in items if item.status == "pending"]
    label, item = ("now", now[0]) if now else ("next", next_ones[0]) if next_ones else ("", None)
    words = f" · {label}: {first_line(item.content)}" if item else ""
    return f"{done}/{len(items)}{words}"


def as_list(items: tuple[TodoItem, ...], first: int = 0) -> Content:
    """An item a line, marked by its state; from the `first` on."""
    lines = [Content.styled("to do", "bold")]
    if first:
        lines.append(Content.styled(f"… {first} before", "$text-muted"))
    for item in items[first:]:
        mark, style = _MARKS[item.status]
        lines.append(Content.styled(f"{mark} {first_line(item.content)}", style))
    return Content("\n").join(lines)


def first_shown(items: tuple[TodoItem, ...], width: int, height: int) -> int:
    """From which item on the list is shown, so that the one that comes now is in sight."""

    def fits(shown: tuple[TodoItem, ...], first: int) -> bool:
        return as_list(shown, first).get_height({}, width) <= height

    if not width or fits(items, 0):
        return 0
    under_way = [place for place, one in enumerate(items) if one.status == "in_progress"]
    to_do = [place for place, one in enumerate(items) if one.status == "pending"]
    now = (under_way or to_do or [len(items) - 1])[0]
    return next((first for first in range(now) if fits(items[: now + 2], first)), now)


class TodoPanel(Vertical):
    """The list. Not there while it is empty, or hidden by the person.

    It stands in a container with the transcript. The screen has the class `-wide` where there is
    room at the side, which `BREAKPOINTS` sees to.
    """

    # `-wide` is a class of the screen.
    SCOPED_CSS = False
    DEFAULT_CSS = """
    TodoPanel {
        display: none; dock: bottom; height: 1; padding: 0 1; color: $text-muted;
        Static { height: auto; }
        #todo-line { text-overflow: ellipsis; text-wrap: nowrap; }
        #todo-list { display: none; }
    }
    .-wide TodoPanel {
        dock: right; width: 36; height: 1fr; border-left: solid $border-blurred;
        #todo-line { display: none; }
        #todo-list { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items: tuple[TodoItem, ...] = ()
        self._hidden = False

    def compose(self) -> ComposeResult:
        """Both ways to show it."""
        yield Static(id="todo-line", markup=False)
        yield Static(id="todo-list", markup=False)

    def show(self, items: tuple[TodoItem, ...]) -> None:
        """Show these items."""
        if items == self._items:
            return
        self._items = items
        self.query_one("#todo-line", Static).update(Content(in_one_line(items)))
        self._appear()
        self._list()

    def on_resize(self) -> None:
        """Another part of the list may be what fits."""
        self._list()

    def _list(self) -> None:
        size = self.content_size
        first = first_shown(self._items, size.width, size.height)
        self.query_one("#todo-list", Static).update(as_list(self._items, first))

    def toggle(self) -> None:
        """Hide it, or show it again."""
        self._hidden = not self._hidden
        self._appear()

    def _appear(self) -> None:
        self.display = bool(self._items) and not self._hidden
