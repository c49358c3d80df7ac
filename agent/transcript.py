"""The log is the agent: folds facts into the conversation, and says what comes next.

Pure. The transcript follows from the facts alone, and the next step from the transcript's tail;
resuming after a crash is folding the log and going on.
"""

from collections.abc import Iterable

from msgspec import Struct

from .events import (
    ActionEnded,
    ActionProposed,
    ActionStarted,
    Event,
    MessageAdded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from .messages import (
    Image,
    Message,
    Opaque,
    Part,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)


class CallModel(Struct, frozen=True):
    """Ask the model."""


class RunActions(Struct, frozen=True):
    """Answer these calls of the last message, in this order."""

    calls: tuple[ToolCall, ...]


class Rest(Struct, frozen=True):
    """Nothing is left to do."""


Step = CallModel | RunActions | Rest


class LostCall(Struct, frozen=True):
    """A call that the log leaves without an end."""

    call: ToolCall
    begun: bool
    """Whether it was announced: its effect is unknown. Otherwise it was never carried out."""


class Transcript:
    """The conversation of one agent, grown fact by fact."""

    def __init__(self, path: tuple[str, ...] = ("main",)) -> None:
        self._path = path
        self.started: SessionStarted | None = None
        """The first start of the session: what is frozen for its life."""
        self.messages: list[Message] = []
        self.turn = 0
        self.turn_open = False
        self.stop_reason: StopReason = "end"
        """Why the last assistant message ended."""
        self.characters = 0
        """Size of everything said so far, for estimates."""
        self._open: dict[str, ToolCall] = {}
        self._proposed: set[str] = set()
        self._begun: set[str] = set()
        self._results: dict[str, ToolResult] = {}

    def add(self, event: Event) -> None:
        """Fold one more event in; those of other agents and progress change nothing."""
        if event.path != self._path:
            return
        match event.body:
            case SessionStarted() as started:
                self.started = self.started or started
            case TurnStarted(prompt):
                self.turn = event.turn
                self.turn_open = True
                self._say(Message("user", self._introduced(prompt)))
            case MessageAdded(role, parts, stop_reason=stop):
                if role == "assistant":
                    self.stop_reason = stop
                self._say(Message(role, parts))
            case ActionProposed(id):
                self._proposed.add(id)
            case ActionStarted(id):
                self._begun.add(id)
            case ActionEnded() as ended:
                self._answer(ended)
            case TurnEnded():
                self.turn_open = False
            case _:
                pass

    def _introduced(self, prompt: tuple[Part, ...]) -> tuple[Part, ...]:
        if self.messages or self.started is None or not self.started.environment:
            return prompt
        return (Text(self.started.environment), *prompt)

    def _say(self, message: Message) -> None:
        self._append(message)
        self._open = {call.id: call for call in message.calls}
        self._results = {}
        self._proposed = set()
        self._begun = set()

    def _append(self, message: Message) -> None:
        self.messages.append(message)
        self.characters += sum(_size(part) for part in message.parts)

    def _answer(self, ended: ActionEnded) -> None:
        if ended.id not in self._open:
            return
        self._results[ended.id] = ToolResult(ended.id, ended.content, ended.status != "ok")
        if len(self._results) == len(self._open):
            results = tuple(self._results[id] for id in self._open)
            self._open = {}
            self._append(Message("tool", results))

    @property
    def unanswered(self) -> tuple[ToolCall, ...]:
        """Calls of the last message that have no end yet, in the model's order."""
        return tuple(call for id, call in self._open.items() if id not in self._results)

    @property
    def broken_off(self) -> bool:
        """Whether the last word is an answer of the model that broke off."""
        spoke_last = bool(self.messages) and self.messages[-1].role == "assistant"
        return spoke_last and self.stop_reason == "interrupted"

    @property
    def finished(self) -> bool:
        """Whether there is nothing to go on with."""
        return isinstance(self.next_step(), Rest) and not (self.turn_open or self.broken_off)

    def proposed(self, id: str) -> bool:
        """Whether the call's bracket was opened."""
        return id in self._proposed

    def next_step(self) -> Step:
        """What follows from the tail of the conversation."""
        if calls := self.unanswered:
            return RunActions(calls)
        if not self.messages:
            return Rest()
        spoke_last = self.messages[-1].role == "assistant"
        return Rest() if spoke_last and self.stop_reason != "pause" else CallModel()

    def lost(self) -> tuple[LostCall, ...]:
        """The unanswered calls, and which of them had begun."""
        return tuple(LostCall(call, call.id in self._begun) for call in self.unanswered)


IMAGE_CHARACTERS = 6000
"""What a picture counts for, in characters: about 1,500 tokens, Anthropic's figure for a picture
of 1.15 megapixels."""


def _size(part: Part) -> int:
    match part:
        case Text(text) | Thinking(text):
            return len(text)
        case ToolCall(_, name, arguments):
            return len(name) + len(arguments)
        case ToolResult(_, content):
            return sum(_size(piece) for piece in content)
        case Image():
            return IMAGE_CHARACTERS
        case Opaque():
            return 0


def transcript(facts: Iterable[Event], path: tuple[str, ...] = ("main",)) -> Transcript:
    """The transcript of a log."""
    folded = Transcript(path)
    for fact in facts:
        folded.add(fact)
    return folded
