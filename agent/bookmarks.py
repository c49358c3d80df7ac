"""What a fold knew at each prompt, so that it can follow a person who goes back."""

from typing import Generic, TypeVar

from .checkpoint_facts import Rewound
from .events import Event, TurnStarted

Known = TypeVar("Known")


class Bookmarks(Generic[Known]):
    """The values of one fold at the prompts of a conversation; they must not change later."""

    def __init__(self) -> None:
        self._at: dict[int, Known] = {}
        self._left: dict[int, Known] = {}

    def follow(self, event: Event, now: Known) -> Known:
        """What is known after an event that by itself adds nothing; show it every event first."""
        match event.body:
            case TurnStarted():
                self._at[event.seq] = now
                self._left.clear()
            case Rewound(to, "conversation" | "both", redone=False) if to in self._at:
                self._left[event.seq] = now
                return self._at[to]
            case Rewound(to, "conversation" | "both", redone=True):
                return self._left.pop(to, now)
            case _:
                pass
        return now
