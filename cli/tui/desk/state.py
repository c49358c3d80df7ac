"""What a person at the desk can be told at any moment, as one frozen value."""

from msgspec import Struct

from ....agent.messages import Prompt, said_in
from ....agent.ports import Question
from ....agent.tools.todo import TodoItem
from ....config.settings import Effort, Mode
from .terms import NONE, Terms


class Waiting(Struct, frozen=True):
    """A prompt that waits: for the running batch of actions, or for the turn to be over."""

    id: int
    prompt: Prompt
    terms: Terms = NONE

    @property
    def words(self) -> str:
        """Its words."""
        return said_in(self.prompt)


class Asked(Struct, frozen=True):
    """A question that waits for an answer."""

    id: int
    question: Question
    path: tuple[str, ...]
    """Of the agent that wants to act."""
    since: float
    """When it was asked, on `time.monotonic`'s clock."""


class Task(Struct, frozen=True):
    """A command of the model's: one that a call waits for, or one in the background."""

    id: str
    """`bash_1`, as the model knows it; empty for one in the foreground."""
    command: str
    seconds: float
    """How long it has been running, or ran."""
    tail: str
    """The end of what it printed."""
    running: bool
    state: str
    """In words: for how long it has been running, or how it ended."""


class DeskState(Struct, frozen=True):
    """The state of the desk."""

    session: str = ""
    """Its id; empty until the session is open."""
    name: str = ""
    """What a person called it."""
    cwd: str = ""
    model: str = ""
    effort: Effort = ""
    no_images: str = ""
    """Why the model can be shown no pictures, in words; empty if it can."""
    mode: Mode = "ask"
    sandbox: str = ""
    """What was attested."""
    branch: str = ""
    """Of git, or the beginning of a commit; empty outside a repository."""
    dirty: bool = False
    """Whether a file that git knows is changed, as far as that is known."""
    context_tokens: int = 0
    """About how many the next request has."""
    context_window: int = 0
    """0: not known."""
    cost_usd: float | None = 0.0
    """Of the session; None: the price of a model is not known."""
    cost_estimated: bool = False
    """Whether a part of that is estimated, since an answer was broken off."""
    working: bool = False
    """Whether a turn runs."""
    doing: str = ""
    """What else takes its time, in words: opening, compacting, a command of the person's."""
    runs_own: bool = False
    """Whether a command of the person's own is under way."""
    since: float = 0.0
    """When that began, on `time.monotonic`'s clock; 0: it did not."""
    steering: tuple[Waiting, ...] = ()
    """What the running turn has not heard yet."""
    queue: tuple[Waiting, ...] = ()
    """What waits for the turn to be over."""
    questions: tuple[Asked, ...] = ()
    to_come: tuple[str, ...] = ()
    """While there are questions: the calls behind them that cannot be judged before, in words."""
    tasks: tuple[Task, ...] = ()
    open_breakers: tuple[str, ...] = ()
    config_version: str = ""
    todo: tuple[TodoItem, ...] = ()
    unfinished: bool = False
    """Whether a turn broke off that `Desk.go_on` would go on with."""
    plan: str = ""
    """The plan that waits for a decision; empty if there is none."""
    trouble: str = ""
    """Why there is no session, in words for a person; empty if there is one or will be."""


def what_ends(state: DeskState) -> str:
    """What leaving would end, in words; empty if nothing runs."""
    running = [task.command for task in state.tasks if task.running and task.id]
    named = f" ({running[-1].splitlines()[0][:40]})" if running else ""
    commands = "a command" if len(running) == 1 else f"{len(running)} commands"
    ends = [
        "the turn" if state.working else "",
        f"{commands} in the background{named}" if running else "",
    ]
    return " and ".join(filter(None, ends))
