"""The seams: what the core expects of models, tools, judges, people, watchers and stores.

Implementations live in the furniture folders (`providers/`, `tools/`, `validators/`, `stores/`)
or outside; the core knows these protocols only. Everything runs on one event loop.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from .deltas import Delta
from .effects import Effect, FileChange, reads_only
from .events import CheckEnded, Considered, Event, Grant, ToolSpec
from .messages import Image, Message, Text, ToolCall


class Request(Struct, frozen=True):
    """Everything a provider may know of a model call."""

    system: str
    messages: Sequence[Message]
    """The conversation so far. Message k is the same object in every later request, so that an
    adapter may remember what it made of it."""
    tools: tuple[ToolSpec, ...]
    max_output_tokens: int
    effort: str
    """How much to think: "" (the model's default), none, minimal, low, medium, high, xhigh, max."""
    session: str
    """Stable for a session; a key for the provider's prompt cache."""


class Provider(Protocol):
    """A model behind a wire."""

    @property
    def name(self) -> str:
        """`provider/model`."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[Delta]:
        """Answer a request. Law and order of the deltas: `deltas.py`.

        Equal requests give equal bytes on the wire. Closing the generator closes the connection.

        Raises:
            ProviderError: the answer failed; what was streamed until then is void.
        """
        ...

    async def close(self) -> None:
        """Release connections. No stream may be open."""
        ...


class Denied(Struct, frozen=True):
    """What the sandbox kept a call from."""

    what: Literal["read", "write", "connect"]
    target: str
    """A resolved path, `HOST` or `HOST:PORT`."""
    allow: str
    """The smallest path or host that would have to be allowed for it."""


class Output(Struct, frozen=True):
    """What a tool gives back."""

    content: tuple[Text | Image, ...]
    """What the model is told."""
    exit_code: int | None = None
    signal: str | None = None
    truncated: bool = False
    full_output: str | None = None
    changes: tuple[FileChange, ...] = ()
    denied: tuple[Denied, ...] = ()
    background: str = ""
    """The id under which the command goes on in the background, if it does."""

    @classmethod
    def of(cls, text: str) -> "Output":
        """Plain words."""
        return cls((Text(text),))


Arguments = Mapping[str, object]
"""Arguments of a call by the names of the schema, validated and with defaults filled in."""
Emit = Callable[[str], None]
"""Takes output of a running tool for the eyes of a person. Never blocks, never raises."""


class Tool(Protocol):
    """Something the model can do. It never asks for permission and never knows a mode."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told of it. Constant."""
        ...

    def parse(self, arguments: str) -> Arguments:
        """Understand what the model wrote.

        Raises:
            ToolError: it is not JSON, or does not fit; the text names the field and what was
                expected.
        """
        ...

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        """What `run` would read, write, run and reach. Does nothing.

        Raises:
            ToolError: it can already be said that the call cannot work.
        """
        ...

    async def run(self, arguments: Arguments, emit: Emit) -> Output:
        """Do it. Cancellation leaves no process and no half-written file behind.

        Raises:
            ToolError: it could not be done; the text is for the model.
        """
        ...


ESCALATE = "escalate"
"""The tool that actions name which would let one call do what the sandbox kept it from. The model
has no such tool."""

RiskClass = Literal["read", "write", "run", "reach"]
"""What an action does at worst, from least to most."""


class Action(Struct, frozen=True):
    """A call that was understood, with its effects: the subject of a decision."""

    call: ToolCall
    arguments: dict[str, object]
    effects: tuple[Effect, ...]
    tainted: str = ""
    """What a result of this turn tried, if it tried to give instructions."""
    repeats: int = 0
    """How often this very call gave the same result before, with nothing changed since."""

    @property
    def mutates(self) -> bool:
        """Whether it would do more than read."""
        return any(not reads_only(effect) for effect in self.effects)

    @property
    def risk(self) -> RiskClass:
        """What it does at worst."""
        kinds = {effect.kind for effect in self.effects if not reads_only(effect)}
        for kind in ("reach", "run"):
            if kind in kinds:
                return kind
        return "write" if kinds else "read"


Places = tuple[int, ...] | None
"""Which of an action's effects a verdict speaks of; None: all of them."""


class Allow(Struct, frozen=True):
    """Nothing speaks against these effects. What nobody allows is asked about."""

    reason: str = ""
    effects: Places = None
    rule: str = ""
    """The rule's text with file and line, where a rule decided."""


class Ask(Struct, frozen=True):
    """A person has to say, whatever allows it."""

    reason: str
    effects: Places = None
    rule: str = ""


class Deny(Struct, frozen=True):
    """It must not happen."""

    reason: str
    effects: Places = None
    rule: str = ""


class Modify(Struct, frozen=True):
    """It may happen, but differently; judged again from the start."""

    arguments: dict[str, object]
    reason: str


Verdict = Allow | Ask | Deny | Modify


class Validator(Protocol):
    """Judges actions. Pure: same action, same verdict; no I/O."""

    @property
    def name(self) -> str:
        """Shown in decisions."""
        ...

    def check(self, action: Action) -> Sequence[Verdict]:
        """The verdicts, one for each group of effects; empty to say nothing."""
        ...


class Ruling(Struct, frozen=True):
    """What the validators, or the reviewers after them, say together."""

    outcome: Literal["allow", "ask", "deny"]
    by: str
    reason: str
    action: Action
    """As modified."""
    effects: tuple[int, ...] = ()
    """Places of the effects that the outcome is about, where it is not all of them."""
    rule: str = ""
    considered: tuple[Considered, ...] = ()
    modified: bool = False
    firm: bool = False
    """On `ask`: a voice demanded the question, so that nothing stored may answer it."""


OnFailure = Literal["block", "ask", "allow"]


class Reviewer(Protocol):
    """Judges what the validators did not deny, and may take its time: a program, a model."""

    @property
    def name(self) -> str:
        """Shown in decisions, and the name of its circuit breaker."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds after which it counts as failed."""
        ...

    @property
    def lifts(self) -> bool:
        """Whether its `Allow` answers a question, as a person's would."""
        ...

    def on_failure(self, risk: RiskClass) -> OnFailure:
        """What its failure means for an action of this risk. `allow` leaves things as they are."""
        ...

    async def review(self, ruling: Ruling) -> Verdict | None:
        """Judge; None to say nothing. Whatever it raises is its failure. Cancellable."""
        ...


class Question(Struct, frozen=True):
    """What a person is asked."""

    action: Action
    by: str
    """Who wants to know."""
    reason: str
    effects: tuple[int, ...]
    """Places of the effects in question."""
    offers: tuple[str, ...] = ()
    """The literal rules that "always" would store; empty if it cannot be answered for good."""
    preview: str = ""
    """What would change, as a unified diff."""
    considered: tuple[Considered, ...] = ()
    """Everybody who was heard before."""
    covers: Callable[[Sequence[str]], bool] = bool
    """Whether such rules, stored, would keep it from being asked again; any, if nobody can tell."""


class Yes(Struct, frozen=True):
    """Go on; with a grant, also the next time."""

    grant: Grant | None = None


class No(Struct, frozen=True):
    """Don't; with words for the model."""

    message: str = ""


class Approval(Struct, frozen=True):
    """The answer to a question, and who gave it."""

    answer: Yes | No
    by: str
    """`person`, or what stands in for one."""


class Approver(Protocol):
    """Answers the questions that are left open. Several may be open at once."""

    async def decide(self, question: Question) -> Approval:
        """Answer once. May wait for a person; cancelled where the answer is not needed any more."""
        ...


class CheckOutcome(Struct, frozen=True):
    """A check's record and, for an output schema, the answer as data."""

    record: CheckEnded
    structured: object = None


class Check(Protocol):
    """Looks at finished work."""

    async def run(self, answer: str) -> CheckOutcome:
        """Judge the work, given the model's last words. Cancellable."""
        ...


class Log(Protocol):
    """The facts of one session, open for appending by its holder alone."""

    @property
    def last_line(self) -> bytes:
        """The line stored last, without its newline; empty if there is none."""
        ...

    @property
    def mended(self) -> str:
        """What was not as it should be when it was opened, in words, put right if it could be;
        empty if all was well."""
        ...

    def append(self, line: bytes) -> None:
        """Write one record's line; it is with the operating system when this returns.

        Raises:
            StoreError: it could not be written, and no part of it is kept; or the log is closed.
        """
        ...

    def sync(self) -> None:
        """Return when a power cut can take nothing of what was appended any more.

        Raises:
            StoreError: the disk refused, or the log is closed.
        """
        ...

    def close(self) -> None:
        """Let go of the session. May be called twice."""
        ...


class Store(Protocol):
    """Where sessions are kept."""

    def open(self, session: str) -> Log:
        """Open a session for appending, new or old; a torn last line is removed.

        Raises:
            StoreError: it is open already, here or in another process, or cannot be written.
        """
        ...

    def read(self, session: str) -> Iterator[Event]:
        """The facts of a session in order; unknown kinds are left out.

        Raises:
            StoreError: there is no such session, or a line is damaged.
        """
        ...

    def lines(self, session: str) -> Iterator[bytes]:
        """The records of a session as they were written, without newlines; a torn last one is
        left out.

        Raises:
            StoreError: there is no such session.
        """
        ...

    def begin(self, session: str, lines: Iterable[bytes]) -> None:
        """Make a session that begins with these lines; it is there whole, or not at all.

        Raises:
            StoreError: there is one with this id already, or it cannot be written.
        """
        ...

    def sessions(self) -> Sequence[str]:
        """Ids of all sessions, most recently written first.

        Raises:
            StoreError: where they are kept cannot be read.
        """
        ...
