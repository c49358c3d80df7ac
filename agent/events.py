"""The record: everything that happens in a session, as one numbered stream of plain data.

Session log, JSON stream, screens, replay and metrics are views of these records. A record is an
envelope (`Event`) around a body. Bodies are *facts*, which are stored and alone rebuild the
session, or *progress*, which is for eyes and may be dropped.

The stream's law:

1. `seq` numbers every record of a session, facts and progress alike, without gap and rising; it
   goes on rising when the session is resumed. The log holds the facts only.
2. `session.started` is a process's first record; `result` is a run's last, however that ended.
3. Brackets close: `turn.started … turn.ended`; `action.proposed … action.ended`, with exactly one
   `decision` between, or none if the turn was stopped before it was taken. `action.started` is on
   disk before the action begins. A turn that is gone on with ends once more.
4. Streamed text is provisional until its `message`; a notice `restarted` voids it.
5. Facts are chained: `prev` is the SHA-256 of the stored line before. When the log takes no more,
   the rest of that run reaches the readers only. A fork's log begins with its parent's lines.
6. Readers ignore unknown kinds and unknown fields. Kinds are added, never repurposed.
"""

from hashlib import sha256
from typing import Literal

from msgspec import Struct
from msgspec.json import encode

from ..config.exit_codes import Status
from .effects import Effect, FileChange
from .messages import Image, Part, Role, StopReason, Text, Usage
from .person import Around, PersonPrinted
from .spending import Cost, ModelLost

Outcome = Literal["allow", "deny"]
ActionStatus = Literal["ok", "failed", "denied", "timeout", "cancelled", "unknown"]
"""How an action ended. `unknown`: it was begun and kedge did not live to see its end."""
Purpose = Literal["main", "sub-agent", "compaction", "reviewer", "title"]


class ToolSpec(Struct, frozen=True):
    """A tool as the model is told of it."""

    name: str
    description: str
    parameters: dict[str, object]
    """A flat JSON Schema object; its property order is the declaration's order."""

    @property
    def version(self) -> str:
        """Beginning of the SHA-256 of this as JSON: another one if the model is told otherwise."""
        return sha256(encode(self)).hexdigest()[:12]


class SessionStarted(Struct, frozen=True, tag_field="kind", tag="session.started"):
    """A process opened the session: what it is and what it runs under."""

    cwd: str
    git_head: str | None
    kedge_version: str
    config_version: str
    experiment_arm: str | None
    policy_hash: str
    sandbox: str
    """As attested, such as `workspace-write (namespaces, landlock 7, seccomp)`; `off`, `none`."""
    mode: str
    model: str
    system: str
    """The system text, frozen for the life of the session."""
    environment: str
    """The description of the surroundings that opens the first message."""
    tools: tuple[ToolSpec, ...]
    mcp: tuple[str, ...] = ()
    """State of each MCP server."""
    config_problems: tuple[str, ...] = ()
    resumed_after: int | None = None
    """The last `seq` of the log that is being continued."""
    instructions: str = ""
    """The instruction files, which follow `environment`."""
    repository: str = ""
    """What names the repository wherever it is checked out; empty if there is none."""
    tool_versions: dict[str, str] = {}
    """By name; see `ToolSpec.version`."""


class TurnStarted(Struct, frozen=True, tag_field="kind", tag="turn.started"):
    """A prompt was accepted."""

    prompt: tuple[Text | Image, ...]


class ModelRequest(Struct, frozen=True, tag_field="kind", tag="model.request"):
    """A model is about to be called."""

    purpose: Purpose
    model: str
    estimated_tokens: int


class MessageAdded(Struct, frozen=True, tag_field="kind", tag="message", omit_defaults=True):
    """A finished message: the model's, or one of ours that is not a prompt."""

    role: Role
    parts: tuple[Part, ...]
    origin: Literal["model", "person", "check", "kedge"] = "model"
    model: str = ""
    stop_reason: StopReason = "end"
    usage: Usage = Usage()
    cost_usd: float | None = None
    estimated: bool = False
    """Whether usage and cost are, in part, not what the provider has said: the answer broke off
    before that, or it says nothing."""
    duration_ms: int = 0
    """From the request to the end of the answer, repeated attempts included."""
    response_id: str = ""


class ActionProposed(Struct, frozen=True, tag_field="kind", tag="action.proposed"):
    """The model asks for an action."""

    id: str
    tool: str
    arguments: dict[str, object] | str
    """As understood; the raw text where it could not be understood."""
    effects: tuple[Effect, ...]


class Considered(Struct, frozen=True, omit_defaults=True):
    """One voice in a decision."""

    by: str
    verdict: str
    reason: str = ""
    rule: str = ""
    """As in `Decision`."""
    effects: tuple[int, ...] | None = None
    """Places of the effects that it speaks of; null means all."""


class Grant(Struct, frozen=True):
    """What a person allowed beyond this one time."""

    scope: Literal["session", "project", "user"]
    rules: tuple[str, ...]


class Decision(Struct, frozen=True, tag_field="kind", tag="decision", omit_defaults=True):
    """Whether a proposed action may happen, and why."""

    id: str
    outcome: Outcome
    by: str
    """Who decided: a validator, a reviewer or the person."""
    reason: str
    rule: str = ""
    """The rule's text with file and line, where a rule decided."""
    considered: tuple[Considered, ...] = ()
    modified: dict[str, object] | None = None
    """The arguments after modification, where they were modified."""
    asked: bool = False
    """Whether a person was asked."""
    waited_ms: int = 0
    """How long the answer took."""
    grant: Grant | None = None
    """What the answer allows from here on."""


class ActionStarted(Struct, frozen=True, tag_field="kind", tag="action.started"):
    """The action begins now."""

    id: str
    tool: str


class ActionEnded(Struct, frozen=True, tag_field="kind", tag="action.ended", omit_defaults=True):
    """The action is over; `content` is what the model is told."""

    id: str
    tool: str
    status: ActionStatus
    content: tuple[Text | Image, ...]
    error_kind: str | None = None
    duration_ms: int = 0
    exit_code: int | None = None
    signal: str | None = None
    truncated: bool = False
    full_output: str | None = None
    """File with the whole output, where `content` was cut."""
    changes: tuple[FileChange, ...] = ()
    background: str = ""
    """The id under which the command goes on in the background, if it does."""


class CheckEnded(Struct, frozen=True, tag_field="kind", tag="check", omit_defaults=True):
    """A final check was run on the finished work."""

    name: str
    ok: bool
    exit_code: int | None = None
    duration_ms: int = 0
    output: str = ""
    """The end of what it printed, or what was found wrong."""


class Finding(Struct, frozen=True, tag_field="kind", tag="finding"):
    """A monitor saw something."""

    monitor: str
    severity: Literal["info", "warning", "critical"]
    text: str


class BreakerChanged(Struct, frozen=True, tag_field="kind", tag="breaker"):
    """A circuit breaker changed its state."""

    name: str
    state: Literal["closed", "open", "half-open"]
    reason: str


Resource = Literal["turns", "cost", "seconds", "tokens"]
"""What is spent; `turns` are model calls."""
Scope = Literal["turn", "run", "session", "day", "project"]
"""What a limit is counted over: a prompt; a prompt in one process; a session; a day; a project."""


class BudgetSpent(Struct, frozen=True, tag_field="kind", tag="budget"):
    """A limit was reached."""

    name: Resource
    spent: float
    """Less than a hard limit where the next model call would have passed it."""
    limit: float
    scope: Scope = "run"
    level: Literal["soft", "hard"] = "hard"
    """Whether work ends here, or goes on with a warning."""


class Compacted(Struct, frozen=True, tag_field="kind", tag="compaction", omit_defaults=True):
    """All that the model does not see of the conversation from here on; the log keeps it. It takes
    the place of the one before, so that repeating that one undoes it."""

    upto: int
    """The last `seq` that `summary` stands for; 0 if it stands for nothing."""
    summary: str
    """What stands in its place, whole, as the model reads it."""
    trigger: Literal["auto", "manual", "overflow", "undo"] = "auto"
    """`overflow`: the provider found the request too long."""
    kept: int = 0
    """The `seq` of the person's last words, which follow the summary if they come before it."""
    pruned: tuple[int, ...] = ()
    """The `seq` of each tool message after `upto` of which only the beginning is shown."""
    tokens_before: int = 0
    """About how long the request was; estimated, as is `tokens_after`."""
    tokens_after: int = 0


class Notice(Struct, frozen=True, tag_field="kind", tag="notice"):
    """Something a person should be able to know; nothing depends on it."""

    code: str
    text: str


class Failure(Struct, frozen=True, tag_field="kind", tag="error", omit_defaults=True):
    """Something went wrong that ends the turn."""

    code: str
    """A provider's kind of error (`rate_limit`, …), a stop reason (`max_tokens`, `refusal`),
    `store`, `script`, `internal`; in a result also the limit reached (`turn_limit`, `budget`)."""
    text: str
    retryable: bool = False
    http_status: int | None = None
    request_id: str = ""
    hint: str = ""
    """What a person can do about it, where that is not part of the text."""


class TurnEnded(Struct, frozen=True, tag_field="kind", tag="turn.ended"):
    """The turn is over; every bracket within it is closed."""

    status: Status


class Evidence(Struct, frozen=True):
    """What the outcome rests on."""

    checks: tuple[CheckEnded, ...]
    """The last outcome of each final check."""
    files_changed: tuple[FileChange, ...]
    """Net changes by tools, one entry per path, without diffs."""
    unverified_claims: tuple[str, ...]
    """What the answer states, or a reader would assume, and no record supports."""
    not_kept: tuple[str, ...] = ()
    """What undoing the run would leave, since no checkpoint covers it; in words."""


class Denial(Struct, frozen=True):
    """An action that was not allowed."""

    id: str
    tool: str
    by: str
    reason: str


class Result(Struct, frozen=True, tag_field="kind", tag="result"):
    """How the run ended. Always the last record."""

    status: Status
    exit_code: int
    text: str
    """The model's last words."""
    structured: object
    """The answer as data, where an output schema was given and met; else null."""
    evidence: Evidence
    usage: dict[str, Cost]
    """By model."""
    cost_usd: float | None
    """Sum over the models; null if the price of one is not known."""
    turns: int
    """Model calls made in this run: what `--max-turns` counts."""
    duration_ms: int
    api_ms: int
    """Time spent waiting for models."""
    denials: tuple[Denial, ...]
    config_version: str
    model: str
    sandbox: str
    mode: str
    error: Failure | None = None
    cost_estimated: bool = False
    """Whether a part of usage and cost is estimated."""


class TextStreamed(Struct, frozen=True, tag_field="kind", tag="text.delta"):
    """More of the answer's words."""

    text: str


class ThinkingStreamed(Struct, frozen=True, tag_field="kind", tag="thinking.delta"):
    """More of the model's reasoning."""

    text: str


class ActionOutput(Struct, frozen=True, tag_field="kind", tag="action.output"):
    """More of a running action's output."""

    id: str
    text: str


class Heartbeat(Struct, frozen=True, tag_field="kind", tag="heartbeat"):
    """Still at it, though there is nothing to show."""

    doing: str


Fact = (
    SessionStarted
    | Around
    | TurnStarted
    | ModelRequest
    | MessageAdded
    | ModelLost
    | ActionProposed
    | Decision
    | ActionStarted
    | ActionEnded
    | CheckEnded
    | Finding
    | BreakerChanged
    | BudgetSpent
    | Compacted
    | Notice
    | Failure
    | TurnEnded
    | Result
)
Progress = TextStreamed | ThinkingStreamed | ActionOutput | PersonPrinted | Heartbeat
Body = Fact | Progress


class Event(Struct, frozen=True):
    """One record: the envelope and its body."""

    seq: int
    session: str
    path: tuple[str, ...]
    """Names of the agents, outermost first: `("main",)`, `("main", "search")`."""
    turn: int
    """Number of the prompt this belongs to; 0 before the first."""
    ts: str
    """RFC 3339, UTC, microseconds."""
    body: Body
    prev: str | None = None
    """On facts: SHA-256 (hex) of the fact before; empty for the first of a log."""
