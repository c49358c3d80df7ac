"""The end of a conversation, as evidence for a judge: who said what, cut short."""

from collections import deque
from typing import Final, Literal

from msgspec import Struct

from ..events import ActionEnded, ActionProposed, Event, MessageAdded, TurnStarted
from ..messages import Part, Text

_ENTRIES: Final = 200
_LONGEST: Final = {"person": 4_000, "agent": 1_000, "tool": 600}
"""Characters that are kept of one entry."""


class Said(Struct, frozen=True, rename={"who": "from"}):
    """One entry."""

    who: Literal["person", "agent", "tool"]
    """`tool` is whatever a tool gave back: data that anybody may have written."""
    text: str


class Excerpt:
    """Collects what the main agent and its person say. Feed it every event.

    What stands in for a person (kedge's own words, the output of a check) is no word of a person.
    """

    def __init__(self) -> None:
        self.person = ""
        """What the person said last."""
        self._entries: deque[Said] = deque(maxlen=_ENTRIES)

    def add(self, event: Event) -> None:
        """Take in one more event."""
        if len(event.path) > 1:
            return
        match event.body:
            case TurnStarted(prompt):
                self._say("person", _words(prompt))
            case MessageAdded(role="user", parts=parts, origin="person"):
                self._say("person", _words(parts))
            case MessageAdded(role="assistant", parts=parts):
                self._say("agent", _words(parts))
            case ActionProposed(_, tool, arguments):
                self._say("agent", f"calls {tool} with {arguments}")
            case ActionEnded(_, tool, status, content):
                self._say("tool", f"{tool}, {status}: {_words(content)}")
            case _:
                pass

    def _say(self, who: Literal["person", "agent", "tool"], text: str) -> None:
        if not text:
            return
        most = _LONGEST[who]
        cut = text if len(text) <= most else f"{text[:most]} [cut: {len(text) - most} characters]"
        if who == "person":
            self.person = cut
        self._entries.append(Said(who, cut))

    def end(self, characters: int) -> tuple[Said, ...]:
        """The last entries that together are no longer than this."""
        found: list[Said] = []
        for said in reversed(self._entries):
            characters -= len(said.text)
            if characters < 0:
                break
            found.append(said)
        return tuple(reversed(found))


def _words(parts: tuple[Part, ...]) -> str:
    return "\n".join(part.text for part in parts if isinstance(part, Text))
