"""What can be set: one small frozen class per consumer, each value range-checked.

The defaults here are the packaged ones (`defaults/settings.toml` says the same to people; a test
holds them together). Code reads these classes and never the environment.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from .checkpoints import CheckpointSettings
from .guards import BreakerSettings, LoopSettings
from .hooks import HookSettings
from .reviewer import ReviewerSettings
from .rule_settings import RuleSettings
from .sandbox import SandboxSettings
from .tui import TuiSettings
from .values import Table

Mode = Literal["plan", "ask", "auto", "full"]
"""What may happen without asking, from strictest to widest."""

MODES: Final[tuple[Mode, ...]] = ("plan", "ask", "auto", "full")
"""Every mode, strictest first."""

Effort = Literal["", "none", "minimal", "low", "medium", "high", "xhigh", "max"]

# The upper bounds also keep NaN and infinity out: no comparison holds for the first.
_Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_Some = Annotated[int, Meta(ge=1, le=1_000_000_000)]
_Amount = Annotated[float, Meta(ge=0, le=1e9)]
_Seconds = Annotated[float, Meta(gt=0, le=86_400)]
_Share = Annotated[float, Meta(gt=0, le=1)]


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which model speaks, and how hard it thinks."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^(|scripted:.+|[^/\s]+/\S+)$",
            description="'provider/model' or 'scripted:FILE'",
        ),
    ] = ""
    """`provider/model`, or `scripted:FILE`; empty picks a provider by the keys present."""
    max_output_tokens: _Count = 0
    """Tokens of one answer, thinking included; 0 is the model's own maximum."""
    effort: Effort = ""
    """How much the model thinks; empty leaves it to the provider."""


class LimitSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one run stops. 0 is no limit, except for `verify_rounds`."""

    max_turns: _Count = 200
    """Model calls of one run, those of sub-agents and reviewers included."""
    max_tokens: _Count = 0
    """Tokens of one run, in and out, cached ones included."""
    max_cost: _Amount = 0.0
    """US dollars of one run."""
    max_seconds: _Amount = 0.0
    """Wall-clock seconds of one run."""
    soft: _Share = 0.8
    """The share of a limit at which the model is told to come to an end; 1 is never."""
    verify_rounds: Annotated[int, Meta(ge=0, le=100)] = 2
    """How often a failed final check goes back to the model."""


class ScopeBudget(Struct, frozen=True, forbid_unknown_fields=True):
    """What may be spent in one scope. 0 is no limit."""

    steps: _Count = 0
    """Model calls, whoever makes them."""
    tokens: _Count = 0
    """In and out, cached ones included."""
    cost: _Amount = 0.0
    """US dollars."""
    seconds: _Amount = 0.0
    """Wall-clock time of runs."""
    soft: _Share = 0.8
    """The share at which the model is told to come to an end; 1 is never."""


class BudgetSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits beyond one run, which has `LimitSettings`."""

    turn: ScopeBudget = ScopeBudget()
    """One prompt, also where several runs worked on it."""
    session: ScopeBudget = ScopeBudget()
    """All prompts of a session."""
    day: ScopeBudget = ScopeBudget()
    """Everything since midnight, in all projects. Counted while a limit is set."""
    project: ScopeBudget = ScopeBudget()
    """Everything ever done in this project. Counted while a limit is set."""

    @property
    def lasting(self) -> bool:
        """Whether anything is limited that other sessions count towards."""
        return any(
            scope.steps or scope.tokens or scope.cost or scope.seconds
            for scope in (self.day, self.project)
        )


class ToolSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Which tools the model is shown, and in which words."""

    disabled: tuple[str, ...] = ()
    """Names of tools that are not offered; layers add to it."""
    texts: dict[str, str] = field(default_factory=dict[str, str])
    """Tool name to the description that replaces the packaged one."""


class ShellSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds of the commands that the model runs."""

    timeout_seconds: _Seconds = 120.0
    """When a command is killed if the call names no time."""
    max_timeout_seconds: _Seconds = 600.0
    """The longest time that a call may name."""
    output_bytes: _Some = 30_000
    """How much output the model is shown; the whole is kept in a file."""


class ReadSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a file one `read` shows."""

    max_lines: _Some = 2_000
    max_bytes: _Some = 51_200
    max_line_chars: _Some = 2_000
    """Where a long line is cut."""


class RetrySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How a failed model call is repeated."""

    attempts: Annotated[int, Meta(ge=1, le=100)] = 5
    """Tries in all; 1 never repeats."""
    base_seconds: _Seconds = 0.5
    """The first wait; each further one doubles, with jitter."""
    max_seconds: _Seconds = 30.0
    """The longest wait of our own choosing."""
    retry_after_max_seconds: _Seconds = 120.0
    """The longest wait that a server may ask for; a longer one ends the run instead."""


class HttpSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the network may be silent."""

    connect_timeout_seconds: _Seconds = 10.0
    idle_timeout_seconds: _Seconds = 120.0
    """Silence within an answer after which the stream counts as stalled."""


class SessionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How sessions are kept."""

    fsync: bool = True
    """Wait for the disk before what changes something, so that not even a power cut makes kedge do
    it twice. A killed process loses nothing either way."""


class ContextSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """When a conversation is shortened, and what of it stays. Tokens but for `share`."""

    share: _Share = 0.85
    """Of the model's window: how full it may become."""
    room: _Count = 50_000
    """What is to be left of the window; whichever comes first, this or the share. A small window is
    always filled to the half."""
    tail: _Some = 20_000
    """How much of the latest messages stays as it is."""
    words: _Count = 20_000
    """How much of the person's own words stays word for word."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Every effective value of a run. `cli/compose.py` hands each consumer its own part."""

    model: ModelSettings = ModelSettings()
    mode: Mode = "ask"
    limits: LimitSettings = LimitSettings()
    budgets: BudgetSettings = BudgetSettings()
    tools: ToolSettings = field(default_factory=ToolSettings)
    shell: ShellSettings = ShellSettings()
    read: ReadSettings = ReadSettings()
    retry: RetrySettings = RetrySettings()
    http: HttpSettings = HttpSettings()
    sessions: SessionSettings = SessionSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    context: ContextSettings = ContextSettings()
    sandbox: SandboxSettings = SandboxSettings()
    rules: RuleSettings = RuleSettings()
    breakers: BreakerSettings = BreakerSettings()
    loops: LoopSettings = LoopSettings()
    reviewer: ReviewerSettings = ReviewerSettings()
    tui: TuiSettings = field(default_factory=TuiSettings)
    hooks: tuple[HookSettings, ...] = ()
    """Programs that are asked and told; layers add to it."""
    hooks_from: tuple[str, ...] = ()
    """Claude Code settings files whose hooks count too, relative to the folder that names them
    (a project's: to its root); layers add to it."""
    providers: dict[str, Table] = field(default_factory=dict[str, Table])
    """Provider name to what is said over its packaged table, or of a provider of one's own;
    the fields are those of `providers.ProviderEntry`."""
    models: dict[str, Table] = field(default_factory=dict[str, Table])
    """`provider/model` to what is said over its packaged profile; the fields are those of
    `models.ModelEntry`."""

    @property
    def money_limit(self) -> str:
        """The key of a limit of money that is set; empty if there is none."""
        if self.limits.max_cost:
            return "limits.max_cost"
        for name in self.budgets.__struct_fields__:
            scope: ScopeBudget = getattr(self.budgets, name)
            if scope.cost:
                return f"budgets.{name}.cost"
        return ""
