"""Words on their way to the model: those that wait, and what is told with the next ones."""

from collections.abc import Iterable
from itertools import count
from typing import Literal

from ....agent.messages import Prompt, Text
from ....agent.tools.jobs import Job
from ....config.settings import Mode
from .facts import Waiting

_OPENS = "<context>\n"
_CLOSES = "\n</context>"
_LAST_LINES = 5
"""Of a command that ended in the background."""


def own(prompt: Prompt) -> Prompt:
    """What a person said of a prompt, without what was added."""
    return tuple(part for part in prompt if not _is_added(part))


def _is_added(part: object) -> bool:
    # Both ends: a person may begin with the same word, and none of theirs is to be dropped.
    return isinstance(part, Text) and part.text.startswith(_OPENS) and part.text.endswith(_CLOSES)


def note_of(text: str) -> tuple[str, Literal["project", "user"]]:
    """A note as it was typed behind its `#`: its words, and whom it is for. A second `#` makes it
    one for all projects of the person."""
    if text.startswith("#"):
        return text[1:].strip(), "user"
    return text.strip(), "project"


def ended_in_words(job: Job) -> str:
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
        return (*(Text(f"{_OPENS}{text}{_CLOSES}") for text in told), *prompt)

    def again(self, prompt: Prompt) -> Prompt:
        """Take what was told with a prompt back, because nobody heard it; the prompt without."""
        said = [part.text for part in prompt if isinstance(part, Text) and _is_added(part)]
        self._texts += [text.removeprefix(_OPENS).removesuffix(_CLOSES) for text in said]
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

    def add(self, prompt: Prompt) -> None:
        """Stand in line."""
        self._waiting.append(Waiting(next(self._ids), prompt))

    def put_first(self, prompts: Iterable[Prompt]) -> None:
        """Stand before all others, in this order."""
        self._waiting[:0] = [Waiting(next(self._ids), prompt) for prompt in prompts]

    def next(self) -> Prompt | None:
        """Take the first one out."""
        return self._waiting.pop(0).prompt if self._waiting else None

    def last(self) -> Prompt | None:
        """Take the last one out."""
        return self._waiting.pop().prompt if self._waiting else None
