"""What came of a run: a fold of its facts, never of the model's prose."""

import re

from msgspec import structs

from ..config.errors import KedgeError
from ..config.exit_codes import EXIT_CODES, Status, status_of
from .checkpoint_facts import NOT_KEPT
from .effects import FileChange, reads_only
from .errors import ProviderError, ScriptDiverged, StoreError
from .events import (
    ActionEnded,
    ActionProposed,
    Body,
    BudgetSpent,
    CheckEnded,
    Decision,
    Denial,
    Event,
    Evidence,
    Failure,
    MessageAdded,
    Notice,
    Resource,
    Result,
    Scope,
    SessionStarted,
    TurnEnded,
)
from .keeping import Net
from .messages import Text, Usage
from .person import ModeChanged
from .spending import Cost, ModelLost

_CLAIMS_TESTS = re.compile(
    r"\b(?:all|the)?\s*(?:tests?|test suite|checks?|build)\b[^.\n]{0,40}?"
    r"\b(?:pass(?:es|ed|ing)?|succeed(?:s|ed)?|green)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|cannot|no|fail\w*|without|should|would|until)\b|n['’]t\b", re.IGNORECASE
)


class Outcome:
    """Adds up one run. Feed it every event of the run, then ask for the result."""

    def __init__(self, started: SessionStarted) -> None:
        self._started = started
        self._tools: dict[str, ActionProposed] = {}
        self._costs: dict[str, Cost] = {}
        self._changes: dict[str, FileChange] = {}
        self._checks: dict[str, CheckEnded] = {}
        self._denials: list[Denial] = []
        self._not_kept: dict[str, None] = {}
        self._failure: Failure | None = None
        self._api_ms = 0
        self._estimated = False
        self._mutated = False
        self._ran_since_change = False
        self.text = ""
        self.status: Status = "failed"
        self.calls = 0
        """Model calls so far."""

    def add(self, event: Event) -> None:
        """Fold one more event in. All agents act and cost; the words and the end are the main
        one's."""
        main = len(event.path) == 1
        match event.body:
            case MessageAdded(role="assistant") as message:
                self.calls += 1
                self._api_ms += message.duration_ms
                self._count(message, 1)
                if main:
                    self.text = "".join(p.text for p in message.parts if isinstance(p, Text))
            case ModelLost() as lost:
                self._count(lost, 0)
            case ActionProposed() as proposed:
                self._tools[proposed.id] = proposed
            case Decision(id, "deny", by, reason) if by != "schema":
                self._denials.append(Denial(id, self._tools[id].tool, by, reason))
            case ActionEnded() as ended:
                self._acted(ended)
            case CheckEnded() as check:
                self._checks[check.name] = check
                self._ran_since_change = self._ran_since_change or check.ok
            case ModeChanged(mode, _, sandbox):
                self._started = structs.replace(self._started, mode=mode, sandbox=sandbox)
            case _:
                self._end(event.body, main=main)

    def _end(self, body: Body, *, main: bool) -> None:
        match body:
            case Failure() | Notice() as said:
                self._hear(said)
            case BudgetSpent(level="hard") as spent if main:
                self._failure = _limit_reached(spent)
            case TurnEnded(status) if main:
                self.status = status
            case _:
                pass

    def _hear(self, said: Failure | Notice) -> None:
        if isinstance(said, Failure):
            self._failure = said
        elif said.code == NOT_KEPT:
            self._not_kept[said.text] = None

    def _count(self, used: MessageAdded | ModelLost, calls: int) -> None:
        before = self._costs.get(used.model, Cost(Usage(), 0, 0.0))
        known = before.usd is not None and used.cost_usd is not None
        usd = _dollars((before.usd or 0.0) + (used.cost_usd or 0.0)) if known else None
        self._costs[used.model] = Cost(before.usage + used.usage, before.calls + calls, usd)
        self._estimated = self._estimated or used.estimated

    def _acted(self, ended: ActionEnded) -> None:
        effects = self._tools[ended.id].effects if ended.id in self._tools else ()
        if ended.status in ("denied", "cancelled") or not effects:
            return
        if not all(map(reads_only, effects)):
            self._mutated = True
        if ended.changes:
            self._ran_since_change = False
        elif ended.exit_code == 0:
            self._ran_since_change = True
        for change in ended.changes:
            self._change(change)

    def _change(self, change: FileChange) -> None:
        change = structs.replace(change, diff="")
        before = self._changes.pop(change.moved_from or change.path, None)
        net = change if before is None else _joined(before, change)
        if net is not None:
            self._changes[net.path] = net

    def settle(self, net: Net) -> None:
        """Say of files what they themselves say; of those that nobody compared, what tools said."""
        said, self._changes = self._changes, {change.path: change for change in net.changes}
        for change in said.values():
            there = self._changes.get(change.path)
            gone = self._changes.get(change.moved_from)
            if change.path in net.beyond:
                self._changes[change.path] = change
            elif there and gone and (there.change, gone.change) == ("created", "deleted"):
                del self._changes[change.moved_from]
                self._changes[change.path] = change

    @property
    def cost(self) -> float | None:
        """US dollars so far; None if the price of a model that answered is not known."""
        costs = [cost.usd for cost in self._costs.values()]
        known = [cost for cost in costs if cost is not None]
        return _dollars(sum(known)) if len(known) == len(costs) else None

    @property
    def blocked(self) -> bool:
        """Whether policy let nothing through that would have changed anything."""
        return bool(self._denials) and not self._mutated

    def result(self, *, duration_ms: int, structured: object = None) -> Result:
        """The last record of the run."""
        started = self._started
        return Result(
            status=self.status,
            exit_code=EXIT_CODES[self.status],
            text=self.text,
            structured=structured,
            evidence=Evidence(
                checks=tuple(self._checks.values()),
                files_changed=tuple(self._changes.values()),
                unverified_claims=self._unverified(),
                not_kept=tuple(self._not_kept),
            ),
            usage=dict(self._costs),
            cost_usd=self.cost,
            turns=self.calls,
            duration_ms=duration_ms,
            api_ms=self._api_ms,
            denials=tuple(self._denials),
            config_version=started.config_version,
            model=started.model,
            sandbox=started.sandbox,
            mode=started.mode,
            error=self._failure,
            cost_estimated=self._estimated,
        )

    def _unverified(self) -> tuple[str, ...]:
        if self._ran_since_change:
            return ()
        claims = [
            f"the answer says {claim.group(0).strip()!r}; no command succeeded "
            + ("after the last change" if self._changes else "in this run")
            for claim in _CLAIMS_TESTS.finditer(self.text)
            if not _NEGATED.search(_sentence(self.text, claim.start(), claim.end()))
        ]
        if not all(_is_prose(path) for path in self._changes):
            claims.append("files were changed and nothing was run successfully afterwards")
        return tuple(claims)


def _limit_reached(spent: BudgetSpent) -> Failure:
    """The end of a run at a limit, in words: what was spent, and which limit it was."""
    amount = f"{spent.limit:.9f}".rstrip("0").rstrip(".")
    key, change = _setting(spent.scope, spent.name)
    text = f"stopped after {_used(spent)} ({key} = {amount})"
    if spent.spent < spent.limit:
        text += "; the next model call would have passed the limit"
    code = "turn_limit" if spent.name == "turns" else "budget"
    return Failure(code, text, hint=f"allow more by {change}")


def _setting(scope: Scope, name: Resource) -> tuple[str, str]:
    """The key of a limit, and what to write on the command line to change it."""
    if scope == "run":
        key = f"limits.max_{name}"
        option = f"--max-{name}" if name != "tokens" else f"--set {key}=N"
        return key, option
    key = f"budgets.{scope}.{'steps' if name == 'turns' else name}"
    return key, f"--set {key}=N"


def _used(spent: BudgetSpent) -> str:
    """What was spent, and since when if not in this run."""
    match spent.name:
        case "turns":
            what = _model_calls(int(spent.spent))
        case "cost":
            what = f"${spent.spent:.4f}"
        case "seconds":
            what = f"{spent.spent:g} s"
        case "tokens":
            what = f"{spent.spent:.0f} tokens"
    return what + _SINCE[spent.scope]


_SINCE: dict[Scope, str] = {
    "run": "",
    "turn": " for this prompt",
    "session": " in this session",
    "day": " today",
    "project": " in this project",
}


def _model_calls(number: int) -> str:
    """A number of model calls in words."""
    return "1 model call" if number == 1 else f"{number} model calls"


def _dollars(sum: float) -> float:
    """Without the digits that only binary fractions have: prices are per million tokens."""
    return round(sum, 9)


def _is_prose(path: str) -> bool:
    """Whether nothing can be run to see that a change of this file is right."""
    name = path.rpartition("/")[2].lower()
    if name.startswith(("requirements", "constraints", "cmakelists")):
        return False
    return name.endswith((".md", ".rst", ".txt"))


def _joined(before: FileChange, after: FileChange) -> FileChange | None:
    """The net of two changes to one file; None if it came and went."""
    origin = "" if before.change == "created" else before.moved_from or before.path
    added, removed = before.added + after.added, before.removed + after.removed
    match after.change:
        case "deleted":
            return FileChange(origin, "deleted", added, removed) if origin else None
        case _ if not origin:
            return FileChange(after.path, "created", added, removed)
        case _ if origin == after.path:
            return FileChange(origin, "modified", added, removed)
        case _:
            return FileChange(after.path, "moved", added, removed, origin)


def _sentence(text: str, start: int, end: int) -> str:
    first = max(text.rfind(mark, 0, start) for mark in ".\n") + 1
    last = min((place for mark in ".\n" if (place := text.find(mark, end)) >= 0), default=len(text))
    return text[first:last]


_CODES: dict[type[KedgeError], str] = {StoreError: "store", ScriptDiverged: "script"}


def failure_of(error: KedgeError) -> Failure:
    """The record of what ended a turn."""
    if isinstance(error, ProviderError):
        return Failure(error.kind, str(error), error.retryable, error.status, error.request_id)
    code = _CODES.get(type(error), status_of(error.exit_code))
    return Failure(code, str(error), hint=error.hint)
