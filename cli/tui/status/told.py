"""What a person's own status command is told: how things stand, as one JSON object.

The names that Claude Code's status line has (code.claude.com/docs/en/statusline) mean the same,
so that commands written for it work; the others are kedge's own. Fields are only added.
"""

from msgspec import Struct

from ....config.version import VERSION
from ..desk.state import DeskState


class Model(Struct, frozen=True):
    """Who answers."""

    id: str
    """`provider/model`."""
    display_name: str
    """Without the provider."""


class Workspace(Struct, frozen=True):
    """Where the session works."""

    current_dir: str
    project_dir: str


class Cost(Struct, frozen=True):
    """What was spent."""

    total_cost_usd: float | None
    """Null: the price of a model is not known."""
    estimated: bool = False
    """Whether a part of it is."""


class Window(Struct, frozen=True):
    """What fills the model's window."""

    total_input_tokens: int
    """About how many the next request has."""
    context_window_size: int
    """0: not known."""
    used_percentage: int | None
    """Null: not known."""


class Told(Struct, frozen=True):
    """How things stand."""

    session_id: str
    session_name: str
    cwd: str
    model: Model
    workspace: Workspace
    version: str
    """Of kedge."""
    cost: Cost
    context_window: Window
    effort: str
    mode: str
    sandbox: str
    """What was attested."""
    branch: str
    changed: bool
    """Whether a file that git knows is changed."""
    working: bool
    doing: str
    waiting_prompts: int
    waiting_questions: int
    running_tasks: int
    open_breakers: tuple[str, ...]
    config_version: str

    @classmethod
    def of(cls, state: DeskState) -> "Told":
        """From the desk."""
        tokens, size = state.context_tokens, state.context_window
        return cls(
            session_id=state.session,
            session_name=state.name,
            cwd=state.cwd,
            model=Model(state.model, state.model.rpartition("/")[2]),
            workspace=Workspace(state.cwd, state.cwd),
            version=VERSION,
            cost=Cost(state.cost_usd, state.cost_estimated),
            context_window=Window(tokens, size, round(100 * tokens / size) if size else None),
            effort=state.effort,
            mode=state.mode,
            sandbox=state.sandbox,
            branch=state.branch,
            changed=state.dirty,
            working=state.working,
            doing=state.doing,
            waiting_prompts=len(state.steering) + len(state.queue),
            waiting_questions=len(state.questions),
            running_tasks=sum(task.running for task in state.tasks),
            open_breakers=state.open_breakers,
            config_version=state.config_version,
        )
