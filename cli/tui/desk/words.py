"""Words on their way to the model: those that wait, and what is told with the next ones."""

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Literal

from ....agent.messages import Image, Prompt, Text, said_in
from ....config.settings import Mode
from ..added import Context, read, written
from .state import Waiting
from .terms import NONE, Terms

if TYPE_CHECKING:  # the first frame waits for nothing of commands
    from ....agent.tools.jobs import Job

LEAVING = ("exit", "quit")
"""Words that leave when they are all that was said, as in a shell."""

_LAST_LINES = 5
"""Of a command that ended in the background."""


def own(prompt: Prompt) -> Prompt:
    """What a person said of a prompt, without what was added."""
    return tuple(part for part in prompt if _told_in(part) is None)


def pictured(prompt: Prompt) -> bool:
    """Whether a picture is in it."""
    return any(isinstance(part, Image) for part in prompt)


def _told_in(part: Text | Image) -> Context | None:
    added = read(part.text) if isinstance(part, Text) else None
    return added if isinstance(added, Context) else None


def leaves(prompt: Prompt) -> bool:
    """Whether that is all that a person said."""
    return len(prompt) == 1 and said_in(prompt).strip() in LEAVING


def as_command(said: str) -> str:
    """A line that a person typed; the words that leave are the command that does."""
    return f"/{said.strip()}" if said.strip() in LEAVING else said


def note_of(text: str) -> tuple[str, Literal["project", "user"]]:
    """A note as it was typed behind its `#`: its words, and whom it is for. A second `#` makes it
    one for all projects of the person."""
    if text.startswith("#"):
        return text[1:].strip(), "user"
    return text.strip(), "project"


def ended_in_words(job: "Job") -> str:
    """How a command in the background ended, and the last of what it printed that nobody saw."""
    printed = job.tail.rstrip().splitlines()[-_LAST_LINES:]
    return "\n".join([f"{job.id} ended, {job.state}: {job.command}", *printed])


class Untold:
    """What the model does not know yet: it is told with the person's next words."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._mode: Mode | None = None

    def add(self, text: str) -> None:
        """Tell this, too."""
        self._texts.append(text)

    def began(self, mode: Mode | None) -> None:
        """Another session: nothing is to be told; `mode` is the one its model knows."""
        self._texts.clear()
        self._mode = mode

    def before(self, prompt: Prompt, mode: Mode) -> Prompt:
        """The prompt with all that is to be told."""
        told = [*self._texts, *self._of_mode(mode)]
        self._texts.clear()
        self._mode = mode
        return (*(written(Context(text)) for text in told), *prompt)

    def again(self, prompt: Prompt) -> Prompt:
        """Take what was told with a prompt back, because nobody heard it; the prompt without."""
        self._texts += [told.text for part in prompt if (told := _told_in(part)) is not None]
        return own(prompt)

    def _of_mode(self, mode: Mode) -> Iterable[str]:
        if mode == "plan" and self._mode != "plan":
            yield "The mode is plan: nothing may be changed. Answer with a plan."
        elif mode != "plan" and self._mode == "plan":
            yield f"The mode is {mode} now: changes may be made."


class Line:
    """Prompts that wait for the turn to be over, first come, first served."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._ids = count(1)

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """All of them, the next one first."""
        return tuple(self._waiting)

    def add(self, prompt: Prompt, terms: Terms = NONE) -> None:
        """Stand in line."""
        self._waiting.append(Waiting(next(self._ids), prompt, terms))

    def put_first(self, prompts: Iterable[Prompt]) -> None:
        """Stand before all others, in this order."""
        self._waiting[:0] = [Waiting(next(self._ids), prompt) for prompt in prompts]

    def next(self) -> Waiting | None:
        """Take the first one out."""
        return self._waiting.pop(0) if self._waiting else None

    def clear(self) -> tuple[Waiting, ...]:
        """Take all of them out."""
        waiting, self._waiting = self.waiting, []
        return waiting

    def last(self) -> Prompt | None:
        """Take the last one out."""
        return self._waiting.pop().prompt if self._waiting else None
