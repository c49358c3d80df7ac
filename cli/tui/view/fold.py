"""Events folded into blocks: what a transcript shows follows from the stream alone.

Stored sessions and live ones are folded alike; a log merely lacks the progress. What an event says
in words is made in remarks.py.
"""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from ....agent.checkpoint_facts import Rewound
from ....agent.events import (
    ActionEnded,
    ActionOutput,
    ActionProposed,
    ActionStarted,
    Decision,
    Event,
    Failure,
    MessageAdded,
    Notice,
    Result,
    SessionStarted,
    TextStreamed,
    ThinkingStreamed,
    TurnEnded,
    TurnStarted,
)
from ....agent.messages import Image, Part, Text
from ....agent.person import ModeChanged, PersonPrinted, PersonRan
from ...titles import title
from .attached import attached
from .becoming import between, over, runs, seconds_of, with_text
from .blocks import Answer, Block, Card, Divider, Said, ShellRun, Thought, Told
from .endings import ended
from .growing import Growing
from .remarks import gone_back, opened, remark, retrying
from .switching import Switching

KEPT_OUTPUT = 16_000
"""Characters of a running action's output that are kept, its last."""
KEPT_SHELL = 200_000
"""The same of a command of the person's own."""

Path = tuple[str, ...]

_ANSWERED = (TextStreamed, ThinkingStreamed, MessageAdded, Failure, TurnEnded)
"""What a call comes to in the end, however often it was tried."""


class View:
    """The blocks of one session, grown event by event."""

    def __init__(self) -> None:
        self._blocks: dict[int, Block] = {}
        self._growing: dict[int, Growing] = {}
        """The text of blocks to which more may come."""
        self._stale: set[int] = set()
        """Those of which `_blocks` has an older text."""
        self._streams: dict[Path, list[int]] = {}
        """By agent: the blocks of a message that is being streamed."""
        self._began: dict[int, str] = {}
        """When a thought began."""
        self._cards: dict[tuple[Path, str], int] = {}
        self._asked: Collection[tuple[Path, str]] = ()
        """The actions of which cards say that a person is being asked."""
        self._runs: dict[str, int] = {}
        """Commands of the person's own that are running."""
        self._retries: dict[Path, int] = {}
        """By agent: what is said of a call that is being tried again."""
        self._switching = Switching()
        self._speaker: Path = ()
        self._cwd = ""
        self._next = 1
        self._changed: list[int] = []

    @property
    def blocks(self) -> list[Block]:
        """All of them, in order."""
        return [self.block(id) for id in self._blocks]

    @property
    def ids(self) -> Collection[int]:
        """The ids of all blocks, rising."""
        return self._blocks.keys()

    @property
    def live(self) -> set[int]:
        """The ids of those that will yet change."""
        cards = (id for id in self._cards.values() if id in self._blocks and not self._over(id))
        return {*self._growing, *cards}

    def __contains__(self, id: int) -> bool:
        return id in self._blocks

    def block(self, id: int) -> Block:
        """A block as it is now.

        Raises:
            KeyError: there is none, or it is void by now.
        """
        if id in self._stale:
            self._stale.discard(id)
            self._blocks[id] = with_text(self._blocks[id], self._growing[id].text)
        return self._blocks[id]

    def card(self, call: str, path: Path = ("main",)) -> Card | None:
        """The last card of a call."""
        block = self._blocks.get(self._cards.get((path, call), 0))
        return block if isinstance(block, Card) else None

    def add(self, event: Event) -> Sequence[int]:
        """Fold one more event in; the ids of the blocks that changed, came or fell away."""
        self._changed = []
        if isinstance(event.body, _ANSWERED):
            self._drop(self._retries.pop(event.path, 0))
        match event.body:
            case TextStreamed(text):
                self._stream(event, text, thinking=False)
            case ThinkingStreamed(text):
                self._stream(event, text, thinking=True)
            case MessageAdded() as message:
                self._message(event, message)
            case ActionProposed() | Decision() | ActionStarted() | ActionOutput() | ActionEnded():
                self._act(event)
            case PersonPrinted() | PersonRan():
                self._shell(event)
            case _:
                self._mark(event)
        return self._changed

    def asking(self, calls: Collection[tuple[Path, str]]) -> Sequence[int]:
        """Say which actions a person is being asked about, all of them; the ids that changed."""
        self._changed = []
        for key in dict.fromkeys((*self._asked, *calls)):
            match self._blocks.get(self._cards.get(key, 0)):
                case Card(status="proposed") as card if key in calls:
                    self._put(replace(card, status="asked"))
                case Card(status="asked") as card if key not in calls:
                    self._put(replace(card, status="proposed"))
                case _:
                    pass
        self._asked = calls
        return self._changed

    def _mark(self, event: Event) -> None:
        match event.body:
            case SessionStarted() as started:
                self._cwd = started.cwd
                self._switching.began(started)
                self._put(opened(self._new(event.path), event, started))
                for problem in started.config_problems:
                    id = self._new(event.path)
                    self._put(Told(id, event.seq, event.path, "warning", "config", problem))
            case TurnStarted(prompt):
                self._say(event, prompt, steering=False)
            case Notice("restarted"):
                self._void(event.path)
            case Notice("retry", text):
                id = self._retries.get(event.path) or self._new(event.path)
                self._retries[event.path] = id
                self._put(Told(id, event.seq, event.path, "warning", "retry", retrying(text)))
            case ModeChanged() as changed:
                self._switch(event, changed)
            case TurnEnded():
                self._void(event.path)
            case Result() as result:
                self._end(event, result)
            case Rewound() as rewound:
                self._rewind(event, rewound)
            case _:
                self._remark(event)

    def _new(self, path: Path) -> int:
        """The next id; where another agent speaks from here on, its name stands before it."""
        if path != self._speaker:
            self._speaker = path
            if len(path) > 1:
                self._put(Divider(self._next, 0, path, path[-1]))
                self._next += 1
        self._next += 1
        return self._next - 1

    def _put(self, block: Block) -> None:
        self._blocks[block.id] = block
        self._changed.append(block.id)

    def _drop(self, id: int) -> None:
        self._settle(id)
        if self._blocks.pop(id, None) is not None:
            self._changed.append(id)

    def _settle(self, id: int) -> None:
        self._growing.pop(id, None)
        self._stale.discard(id)
        self._began.pop(id, None)

    def _grow(self, id: int, text: str) -> None:
        self._growing[id].add(text)
        self._stale.add(id)
        self._changed.append(id)

    def _over(self, id: int) -> bool:
        block = self._blocks[id]
        return not isinstance(block, Card) or block.over

    # What is said.

    def _say(self, event: Event, parts: Sequence[Part], *, steering: bool) -> None:
        texts = [part.text for part in parts if isinstance(part, Text)]
        along = tuple(line for text in texts if (line := attached(text)))
        text = "\n".join(part for part in texts if not attached(part))
        images = sum(isinstance(part, Image) for part in parts)
        id = self._new(event.path)
        self._put(Said(id, event.seq, event.path, text, images, event.ts, steering, along))

    def _remark(self, event: Event) -> None:
        if (block := remark(event)) is not None:
            self._put(replace(block, id=self._new(event.path)))

    def _switch(self, event: Event, changed: ModeChanged) -> None:
        words = self._switching.hear(changed, next(reversed(self._blocks), 0))
        if words:
            id = self._switching.remark = self._switching.remark or self._new(event.path)
            self._put(Told(id, event.seq, event.path, "note", "mode", words))
        else:
            self._drop(self._switching.remark)

    def _stream(self, event: Event, text: str, *, thinking: bool) -> None:
        stream = self._streams.setdefault(event.path, [])
        if stream and isinstance(self._blocks[stream[-1]], Thought) == thinking:
            self._grow(stream[-1], text)
            return
        if stream:
            self._close_thought(stream[-1], event.ts)
        id = self._new(event.path)
        self._growing[id] = Growing(text)
        stream.append(id)
        if thinking:
            self._began[id] = event.ts
            self._put(Thought(id, event.seq, event.path, text, False))
        else:
            self._put(Answer(id, event.seq, event.path, text, False))

    def _close_thought(self, id: int, ts: str) -> None:
        match self.block(id):
            case Thought() as thought if not thought.done:
                self._put(replace(thought, done=True, seconds=between(self._began.get(id), ts)))
            case _:
                pass

    def _message(self, event: Event, message: MessageAdded) -> None:
        if message.role == "assistant":
            self._finalise(event, list(runs(message.parts)))
        elif message.origin == "person":
            self._say(event, message.parts, steering=True)
        else:
            self._remark(event)

    def _finalise(self, event: Event, runs: list[tuple[bool, str]]) -> None:
        """A message is whole: it stands where its stream stood, if that was like it."""
        stream = self._streams.pop(event.path, [])
        if stream:
            self._close_thought(stream[-1], event.ts)
        seconds = {id: seconds_of(self._blocks[id]) for id in stream}
        if [isinstance(self._blocks[id], Thought) for id in stream] != [it for it, _ in runs]:
            for id in stream:
                self._drop(id)
            stream = [self._new(event.path) for _ in runs]
        for id, (thinking, text) in zip(stream, runs, strict=True):
            self._settle(id)
            if thinking:
                took = seconds.get(id, 0.0)
                self._put(Thought(id, event.seq, event.path, text, True, took))
            else:
                self._put(Answer(id, event.seq, event.path, text, True))

    def _void(self, path: Path) -> None:
        for id in self._streams.pop(path, []):
            self._drop(id)

    # What is done.

    def _act(self, event: Event) -> None:
        path = event.path
        match event.body:
            case ActionProposed() as proposed:
                about = title(proposed, self._cwd).removeprefix(proposed.tool).strip()
                id = self._cards[path, proposed.id] = self._new(path)
                said = (proposed.id, proposed.tool, about, proposed.arguments, proposed.effects)
                self._put(Card(id, event.seq, path, *said))
            case Decision() as decision if card := self.card(decision.id, path):
                status = "denied" if decision.outcome == "deny" else "proposed"
                self._put(replace(card, decision=decision, status=status))
            case ActionStarted(call) if card := self.card(call, path):
                self._growing[card.id] = Growing(keep=KEPT_OUTPUT)
                self._put(replace(card, status="running"))
            case ActionOutput(call, text) if card := self.card(call, path):
                if card.id in self._growing:
                    self._grow(card.id, text)
            case ActionEnded() as ended if card := self.card(ended.id, path):
                self._settle(card.id)
                self._put(over(card, ended))
            case _:
                pass

    def _shell(self, event: Event) -> None:
        match event.body:
            case PersonPrinted(run, command, text) if run not in self._runs:
                id = self._runs[run] = self._new(event.path)
                self._growing[id] = Growing(text, keep=KEPT_SHELL)
                self._put(ShellRun(id, event.seq, event.path, run, command, text, False))
            case PersonPrinted(run, _, text):
                self._grow(self._runs[run], text)
            case PersonRan(run, command, output, exit_code, signal, duration):
                id = self._runs.pop(run, 0) or self._new(event.path)
                # What was streamed is whole, what is recorded is what the model is shown.
                shown = self._growing[id].text if id in self._growing else output
                self._settle(id)
                whole = ShellRun(id, event.seq, event.path, run, command, shown or output, True)
                self._put(replace(whole, exit_code=exit_code, signal=signal, duration_ms=duration))
            case _:
                pass

    # What is over.

    def _end(self, event: Event, result: Result) -> None:
        for id in list(self._growing):
            if isinstance(self._blocks[id], Answer | Thought):
                self._drop(id)
        self._streams.clear()
        self._put(ended(self._new(event.path), event, result))

    def _rewind(self, event: Event, rewound: Rewound) -> None:
        undone: list[Said] = []
        files = False
        back = rewound.what != "files" and not rewound.redone
        for id, block in list(self._blocks.items()):
            if block.seq < rewound.to:
                continue
            if isinstance(block, Said) and not block.steering:
                undone.append(block)
            files = files or (isinstance(block, Card) and bool(block.changes))
            if back:
                self._drop(id)
        if back:
            self._streams.clear()
        id = self._new(event.path)
        self._put(gone_back(id, event, rewound, undone, files=files))
