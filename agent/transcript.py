"""The log is the agent: folds facts into the conversation, and says what comes next.

Pure. The transcript follows from the facts alone, and the next step from the transcript's tail;
resuming after a crash is folding the log and going on.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from .checkpoint_facts import Rewound
from .events import (
    ActionEnded,
    ActionProposed,
    ActionStarted,
    Compacted,
    Event,
    MessageAdded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from .messages import Image, Message, Part, StopReason, Text, ToolCall, ToolResult, Usage, said_in
from .view import Said, characters, view

CHARACTERS_PER_TOKEN = 4.0
"""Of English text and code, until the model has counted."""
CALIBRATED_FROM = 2_000
"""Characters of a request from which on its count tells of the text, not of its framing."""


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


class Counted(Struct, frozen=True):
    """A request whose length the model has told."""

    tokens: int
    characters: int


class _Bracket(Struct, frozen=True):
    """The calls of the last message, as far as they have come."""

    open: dict[str, ToolCall]
    results: dict[str, ToolResult]
    proposed: set[str]
    begun: set[str]


class _Left(Struct, frozen=True):
    """A conversation that a person went back in, as it was before."""

    said: tuple[Said, ...]
    compactions: tuple[tuple[int, Compacted], ...]
    bracket: _Bracket
    turn_open: bool
    stop_reason: StopReason


class Transcript:
    """The conversation of one agent, grown fact by fact."""

    def __init__(self, path: tuple[str, ...] = ("main",)) -> None:
        self._path = path
        self.started: SessionStarted | None = None
        """The first start of the session: what is frozen for its life."""
        self.opened: SessionStarted | None = None
        """The latest start."""
        self.said: list[Said] = []
        """Everything, whatever was left out later."""
        self.messages: list[Message] = []
        """What the model sees of it."""
        self.compacted: Compacted | None = None
        """What is left out."""
        self.turn = 0
        self.turn_open = False
        self.stop_reason: StopReason = "end"
        """Why the last assistant message ended."""
        self.characters = 0
        """Size of what the model sees, for estimates."""
        self.characters_per_token = CHARACTERS_PER_TOKEN
        """As the model counts, once it has reported how long a request was."""
        self.counted: Counted | None = None
        """The latest request that the next one extends, if the model has counted it."""
        self._compactions: list[tuple[int, Compacted]] = []
        self._left: dict[int, _Left] = {}
        self._frame = 0
        self._open: dict[str, ToolCall] = {}
        self._proposed: set[str] = set()
        self._begun: set[str] = set()
        self._results: dict[str, ToolResult] = {}

    def add(self, event: Event) -> None:
        """Fold one more event in; those of other agents and progress change nothing."""
        if event.path != self._path:
            return
        match event.body:
            case ActionProposed() | ActionStarted() | ActionEnded():
                self._act(event)
            case SessionStarted() as started:
                self._start(started)
            case TurnStarted(prompt):
                self.turn = event.turn
                self.turn_open = True
                self._left.clear()
                message = Message("user", self._introduced(prompt))
                self._say(Said(event.seq, message, _own(prompt)))
            case MessageAdded(role, parts, origin, stop_reason=stop) as message:
                if role == "assistant":
                    self.stop_reason = stop
                    # An estimate is made of what was learnt before.
                    self._learn(Usage() if message.estimated else message.usage)
                words = _own(parts) if origin == "person" else ""
                self._say(Said(event.seq, Message(role, parts), words))
            case Compacted() as compacted:
                self._compactions.append((event.seq, compacted))
                self._see()
            case Rewound(_, "conversation" | "both") as rewound:
                self._rewind(rewound, event.seq)
            case TurnEnded():
                self.turn_open = False
            case _:
                pass

    def _see(self) -> None:
        """Show the model what the last compaction leaves."""
        self.compacted = self._compactions[-1][1] if self._compactions else None
        self.messages = view(self.said, self.compacted)
        self.characters = sum(map(characters, self.messages))
        self.counted = None

    @property
    def uncompacted(self) -> Compacted | None:
        """What was left out before the last compaction that stands; None if none does."""
        states = [Compacted(0, "")]
        for _, compacted in self._compactions:
            if compacted.trigger != "undo":
                states.append(compacted)
            elif len(states) > 1:
                states.pop()
        return states[-2] if len(states) > 1 else None

    def _rewind(self, rewound: Rewound, seq: int) -> None:
        """Forget what was said from a record on, or know again what was forgotten."""
        if rewound.redone:
            if rewound.to in self._left:
                self._know(self._left.pop(rewound.to))
            return
        self._left[seq] = _Left(
            tuple(self.said),
            tuple(self._compactions),
            _Bracket(self._open, self._results, self._proposed, self._begun),
            self.turn_open,
            self.stop_reason,
        )
        to = rewound.to
        said = tuple(one for one in self.said if one.seq < to)
        compactions = tuple(one for one in self._compactions if one[0] < to)
        self._know(_Left(said, compactions, _Bracket({}, {}, set(), set()), False, "end"))

    def _know(self, left: "_Left") -> None:
        self.said = list(left.said)
        self._compactions = list(left.compactions)
        bracket = left.bracket
        self._open, self._results = bracket.open, bracket.results
        self._proposed, self._begun = bracket.proposed, bracket.begun
        self.turn_open, self.stop_reason = left.turn_open, left.stop_reason
        self._see()

    def prompt(self, seq: int) -> str:
        """The words of the prompt that was accepted with this record.

        Raises:
            KeyError: there is none, or it was gone back behind.
        """
        found = [one.words for one in self.said if one.seq == seq and one.words]
        if not found:
            raise KeyError(seq)
        return found[0]

    def _act(self, event: Event) -> None:
        match event.body:
            case ActionProposed(id):
                self._proposed.add(id)
            case ActionStarted(id):
                self._begun.add(id)
            case ActionEnded() as ended:
                self._answer(ended, event.seq)
            case _:
                pass

    def _start(self, started: SessionStarted) -> None:
        self.opened = started
        if self.started is None:
            self.started = started
            tools = sum(
                len(tool.description) + len(msgspec.json.encode(tool.parameters))
                for tool in started.tools
            )
            self._frame = len(started.system) + tools

    @property
    def request_characters(self) -> int:
        """Size of the next request: instructions and tools, and what is seen of the talk."""
        return self._frame + self.characters

    def _learn(self, usage: Usage) -> None:
        """Take the model's own count for the request that it has just answered."""
        size = self.request_characters
        if size < CALIBRATED_FROM or not usage.input_tokens:
            return
        ratio = size / usage.input_tokens
        # Beyond these no tokenizer counts text: the endpoint reports something else.
        if 0.5 <= ratio <= 16:
            self.characters_per_token = ratio
            self.counted = Counted(usage.input_tokens, size)

    def _introduced(self, prompt: tuple[Part, ...]) -> tuple[Part, ...]:
        if self.said or self.started is None:
            return prompt
        before = (self.started.environment, self.started.instructions)
        return (*(Text(text) for text in before if text), *prompt)

    def _say(self, said: Said) -> None:
        self._append(said)
        self._open = {call.id: call for call in said.message.calls}
        self._results = {}
        self._proposed = set()
        self._begun = set()

    def _append(self, said: Said) -> None:
        self.said.append(said)
        self.messages.append(said.message)
        self.characters += characters(said.message)

    def _answer(self, ended: ActionEnded, seq: int) -> None:
        if ended.id not in self._open:
            return
        self._results[ended.id] = ToolResult(ended.id, ended.content, ended.status != "ok")
        if len(self._results) == len(self._open):
            results = tuple(self._results[id] for id in self._open)
            self._open = {}
            self._append(Said(seq, Message("tool", results)))

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


def _own(parts: tuple[Part, ...]) -> str:
    """A person's words, or what stands for them."""
    pictured = any(isinstance(part, Image) for part in parts)
    return said_in(parts) or ("(a picture)" if pictured else "")


def transcript(facts: Iterable[Event], path: tuple[str, ...] = ("main",)) -> Transcript:
    """The transcript of a log."""
    folded = Transcript(path)
    for fact in facts:
        folded.add(fact)
    return folded
