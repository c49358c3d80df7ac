"""The model's list of what it means to do."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ..bookmarks import Bookmarks
from ..checkpoint_facts import Rewound
from ..events import ActionEnded, ActionProposed, Decision, Event, TurnStarted
from .function import FunctionTool, read_only


class TodoItem(Struct, frozen=True):
    """One thing to do."""

    content: Annotated[str, Meta(min_length=1)]
    status: Literal["pending", "in_progress", "completed"]


class _Replacement(Struct, frozen=True):
    items: tuple[TodoItem, ...]


_BOXES = {"pending": "[ ]", "in_progress": "[>]", "completed": "[x]"}


class Todo:
    """The list of one session; empty to begin with."""

    def __init__(self) -> None:
        self.items: tuple[TodoItem, ...] = ()
        self._meant: dict[str, object] = {}
        self._bookmarks = Bookmarks[tuple[TodoItem, ...]]()

    def hear(self, event: Event) -> None:
        """Take the list from the record, so that a resumed session has it. Never raises."""
        match event.body:
            case TurnStarted() | Rewound():
                self.items = self._bookmarks.follow(event, self.items)
            case ActionProposed(id, "todo", arguments):
                self._meant[id] = arguments
            case Decision(id, modified=dict() as arguments) if id in self._meant:
                self._meant[id] = arguments
            case ActionEnded(id, "todo", status):
                meant = self._meant.pop(id, None)
                if status == "ok":
                    self._restore(meant)
            case _:
                pass

    def _restore(self, arguments: object) -> None:
        try:
            self.items = msgspec.convert(arguments, _Replacement).items
        except msgspec.ValidationError:
            return

    @property
    def open(self) -> tuple[TodoItem, ...]:
        """What is not completed, in order."""
        return tuple(item for item in self.items if item.status != "completed")

    async def todo(self, items: list[TodoItem]) -> str:
        """Replace the todo list; what is left out is dropped."""
        self.items = tuple(items)
        lines = [f"{_BOXES[item.status]} {item.content}" for item in items]
        if sum(item.status == "in_progress" for item in items) > 1:
            lines.append("Better have only one item in progress at a time.")
        return "\n".join(lines) or "The list is empty."

    def tool(self) -> FunctionTool:
        """The tool that replaces this list."""
        return FunctionTool(self.todo, effects=read_only)
