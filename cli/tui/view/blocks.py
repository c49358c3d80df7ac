"""What a transcript is made of: blocks, each a frozen value that says what is to be seen.

`View` (fold.py) makes them of events; `render` (lines.py) makes lines of them. A block that changes
is replaced by another with the same `id`; ids rise in the order of the transcript. Text stands in
blocks as it was received: what is shown of it is made harmless by who renders it.
"""

from typing import Literal

from msgspec import Struct

from ....agent.effects import Effect, FileChange
from ....agent.events import Decision
from ....config.exit_codes import Status

CardStatus = Literal[
    "proposed", "asked", "running",
    "ok", "failed", "denied", "timeout", "cancelled", "unknown",
]  # fmt: skip
"""Where an action stands. `asked`: a person is being asked. `unknown`: it was begun and nobody
lived to see its end."""

Level = Literal["note", "warning", "error"]


class Opened(Struct, frozen=True, tag=True):
    """A session began, or goes on."""

    id: int
    seq: int
    path: tuple[str, ...]
    version: str
    model: str
    mode: str
    sandbox: str
    session: str
    cwd: str
    resumed: bool


class Said(Struct, frozen=True, tag=True):
    """A person's words."""

    id: int
    seq: int
    path: tuple[str, ...]
    text: str
    images: int
    """Pictures that came with them."""
    when: str
    """RFC 3339, UTC."""
    steering: bool
    """Whether they were said into a running turn."""
    attached: tuple[str, ...] = ()
    """What went along without being said, in a line each."""


class Answer(Struct, frozen=True, tag=True):
    """The model's words, in Markdown."""

    id: int
    seq: int
    path: tuple[str, ...]
    text: str
    done: bool
    """Else more is coming, or what is here may yet be void."""


class Thought(Struct, frozen=True, tag=True):
    """The model's reasoning."""

    id: int
    seq: int
    path: tuple[str, ...]
    text: str
    done: bool
    seconds: float = 0.0
    """How long it took; 0: not known."""


class Card(Struct, frozen=True, tag=True):
    """One action, from its proposal to its end."""

    id: int
    seq: int
    path: tuple[str, ...]
    call: str
    """The id of the call, as in events."""
    tool: str
    title: str
    """What it is about, in one line, without the tool's name."""
    arguments: dict[str, object] | str
    effects: tuple[Effect, ...] = ()
    status: CardStatus = "proposed"
    decision: Decision | None = None
    output: str = ""
    """What it printed while it runs, the end of it; empty once it is over."""
    content: str = ""
    """What the model was told of it, once it is over."""
    changes: tuple[FileChange, ...] = ()
    duration_ms: int = 0
    exit_code: int | None = None
    signal: str | None = None
    full_output: str = ""
    """File with all that it printed, where `content` is cut."""

    @property
    def over(self) -> bool:
        """Whether it will change no more."""
        return self.status not in ("proposed", "asked", "running")


class Told(Struct, frozen=True, tag=True):
    """Something that kedge, a check or a monitor says."""

    id: int
    seq: int
    path: tuple[str, ...]
    level: Level
    code: str
    """What kind: a notice's or a failure's code, `finding`, `breaker`, `budget`, `check`, …"""
    text: str
    detail: str = ""
    """More, for who opens it."""


class ShellRun(Struct, frozen=True, tag=True):
    """A command of the person's own."""

    id: int
    seq: int
    path: tuple[str, ...]
    run: str
    """Its id, as in events."""
    command: str
    output: str
    done: bool
    exit_code: int | None = None
    signal: str | None = None
    duration_ms: int = 0


class Ended(Struct, frozen=True, tag=True):
    """A turn is over."""

    id: int
    seq: int
    path: tuple[str, ...]
    status: Status
    seconds: float
    cost_usd: float | None
    """Of the turn; None: the price of a model is not known."""
    changes: tuple[FileChange, ...]
    """Net changes of files, one entry per path."""
    unverified: tuple[str, ...] = ()
    """What the answer states and no record supports."""
    cost_estimated: bool = False
    """Whether a part of the cost is estimated."""
    said: str = ""
    """How it ended, in words; empty: its status."""


class Divider(Struct, frozen=True, tag=True):
    """A line across, with words in it: the conversation goes on from another state."""

    id: int
    seq: int
    path: tuple[str, ...]
    text: str
    detail: str = ""
    """More, for who opens it."""


Block = Opened | Said | Answer | Thought | Card | Told | ShellRun | Ended | Divider
