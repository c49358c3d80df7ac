"""The seams: what the core expects of models, tools, judges, people, watchers and stores.

Implementations live in the furniture folders (`providers/`, `tools/`, `validators/`, `stores/`)
or outside; the core knows these protocols only. Everything runs on one event loop.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from .deltas import Delta
from .events import CheckEnded, Effect, Event, FileChange, ToolSpec
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


class Output(Struct, frozen=True):
    """What a tool gives back."""

    content: tuple[Text | Image, ...]
    """What the model is told."""
    exit_code: int | None = None
    signal: str | None = None
    truncated: bool = False
    full_output: str | None = None
    changes: tuple[FileChange, ...] = ()

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


class Action(Struct, frozen=True):
    """A call that was understood, with its effects: the subject of a decision."""

    call: ToolCall
    arguments: dict[str, object]
    effects: tuple[Effect, ...]

    @property
    def mutates(self) -> bool:
        """Whether it would do more than read."""
        return any(effect.kind != "read" for effect in self.effects)


class Allow(Struct, frozen=True):
    """Nothing speaks against it."""

    reason: str = ""


class Ask(Struct, frozen=True):
    """A person has to say."""

    reason: str


class Deny(Struct, frozen=True):
    """It must not happen."""

    reason: str
    rule: str = ""
    """The rule's text with file and line, where a rule decided."""


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

    def check(self, action: Action) -> Verdict | None:
        """The verdict; None to say nothing."""
        ...


class Approval(Struct, frozen=True):
    """A person's answer, or the answer in the place of one."""

    allowed: bool
    by: str
    reason: str


class Approver(Protocol):
    """Answers the questions that the validators leave open."""

    async def decide(self, action: Action, question: str) -> Approval:
        """Answer once. May wait for a person; cancellable."""
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

    def append(self, line: bytes) -> None:
        """Write one record's line; it is with the operating system when this returns.

        Raises:
            StoreError: it could not be written, and no part of it is kept; or the log is closed.
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

    def sessions(self) -> Sequence[str]:
        """Ids of all sessions, most recently written first."""
        ...
