"""The seams to those who are heard at the stages of a session that are no action: screens, which
judge words and are pure, and hooks, which may take their time."""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from .events import ActionEnded
from .ports import Action, Deny

Stage = Literal["prompt", "result", "answer"]


class Passage(Struct, frozen=True):
    """Words on their way in or out."""

    stage: Stage
    text: str
    source: str
    """`person`, `model`, or the tool that gave them."""


class Replace(Struct, frozen=True):
    """The words go on in another form."""

    text: str
    reason: str


class Flag(Struct, frozen=True):
    """The words go on, and somebody should know."""

    severity: Literal["info", "warning", "critical"]
    reason: str
    taint: bool = False
    """Whether they try to give instructions, so that what follows is looked at twice."""


class Screen(Protocol):
    """Judges words: prompts, results, answers. Pure."""

    @property
    def name(self) -> str:
        """Shown in records."""
        ...

    def check(self, passage: Passage) -> Sequence[Replace | Flag | Deny]:
        """The verdicts; empty to say nothing. A `Replace` is seen by the screens after it."""
        ...


class Heard(Struct, frozen=True):
    """What was said at one stage, all voices together."""

    text: str | None = None
    """Takes the place of the words."""
    context: str = ""
    """For the model to know besides."""
    denied: str = ""
    """Why the words must not go on."""
    notes: tuple[str, ...] = ()
    """For the person: failures, and messages meant for them."""


class StageHooks(Protocol):
    """Hears of a session's stages. Whatever goes wrong is in `Heard`; only cancellation raises."""

    async def session_start(self, *, resumed: bool) -> Heard:
        """A session was opened. Its `context` belongs before the first prompt."""
        ...

    async def prompt(self, text: str) -> Heard:
        """A person's words, before they are accepted. With `denied` there is no turn."""
        ...

    async def after_tool(self, action: Action, ended: ActionEnded) -> Heard:
        """An action that was carried out, before the model is told. `text` replaces the text of
        the result, `denied` withholds it, `context` follows it."""
        ...

    async def stop(self, answer: str) -> Heard:
        """The model's last words of a turn. `context` is what is still to be done, so that the
        model goes on; no more than three times in a turn."""
        ...

    async def compact(self, trigger: Literal["auto", "manual"]) -> Heard:
        """The conversation is about to be summarised. `context` is what must not be lost; with
        `denied` it stays as it is, as long as the model takes it."""
        ...

    async def compacted(self, trigger: Literal["auto", "manual"], summary: str) -> Heard:
        """It was summarised; only `notes` count."""
        ...

    async def session_end(self, reason: str) -> Heard:
        """The session closes; only `notes` count."""
        ...
