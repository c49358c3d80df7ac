"""The calls of the model's last message that nobody has looked at yet."""

from collections.abc import Callable

from ..agent.events import ActionEnded, ActionProposed, Event, MessageAdded
from ..agent.messages import ToolCall


class Coming:
    """A fold of one session's events."""

    def __init__(self) -> None:
        self.calls: dict[str, ActionProposed] = {}
        """By their ids."""
        self.message = 0
        """Number of the last message of the model."""

    def add(self, event: Event) -> None:
        """Fold one more event in."""
        match event.body:
            case MessageAdded("assistant", parts) if len(event.path) == 1:
                self.message = event.seq
                calls = (part for part in parts if isinstance(part, ToolCall))
                self.calls = {
                    one.id: ActionProposed(one.id, one.name, one.arguments, ()) for one in calls
                }
            case ActionProposed(id) | ActionEnded(id):
                self.calls.pop(id, None)
            case _:
                pass

    def held(self) -> Callable[[str], bool]:
        """Says later of a call, by its id, whether it is one of those that are to come now."""
        message, calls = self.message, frozenset(self.calls)
        return lambda id: self.message == message and id in calls
