"""Budgets: what may be spent on a turn, a run, a session, a day, a project.

One `Ledger` serves everybody in a session: the agent and its sub-agents, reviewers, compaction. It
counts the facts of the stream, whoever caused them, so that its sums are those of the record.

A call is booked before it is made. What it will surely use (its input, read from a cache) must fit
beside all that is spent and booked; until it has answered it also holds a modest answer. So a limit
is passed by no more than one answer, however many agents work at once. Nothing here waits, so that
a booking is made at once or not at all.
"""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final

from msgspec import Struct

from ..config.exit_codes import Status
from ..config.settings import BudgetSettings, LimitSettings, ScopeBudget
from .context import ModelUse
from .errors import StoreError
from .events import BudgetSpent, Event, MessageAdded, Resource, Result, Scope, TurnStarted
from .messages import Usage
from .spending import ModelLost, Spend, Spending

EXPECTED_OUTPUT: Final = 1_000
"""Tokens of the answer that a booked call is expected to give."""

_NOTHING = Spend()
_KEPT: Final[tuple[Scope, ...]] = ("turn", "run", "session")
"""Scopes that a session counts by itself."""


class Limit(Struct, frozen=True):
    """How much of one thing may be spent in one scope."""

    scope: Scope
    name: Resource
    amount: float
    soft: float
    """The share of it at which one is told."""


def limits_of(run: LimitSettings, budgets: BudgetSettings | None = None) -> tuple[Limit, ...]:
    """Every limit that is set, a run's first."""
    budgets = budgets or BudgetSettings()
    of_run = ScopeBudget(run.max_turns, run.max_tokens, run.max_cost, run.max_seconds, run.soft)
    scopes: tuple[tuple[Scope, ScopeBudget], ...] = (
        ("run", of_run),
        ("turn", budgets.turn),
        ("session", budgets.session),
        ("day", budgets.day),
        ("project", budgets.project),
    )
    found: list[Limit] = []
    for scope, budget in scopes:
        amounts: tuple[tuple[Resource, float], ...] = (
            ("turns", budget.steps),
            ("tokens", budget.tokens),
            ("cost", budget.cost),
            ("seconds", budget.seconds),
        )
        found += (Limit(scope, name, amount, budget.soft) for name, amount in amounts if amount)
    return tuple(found)


class Booking:
    """Room for one model call; given back on leaving the context, when the call's own facts count.

    Entering it says which limit refuses the call, None where it may be made.
    """

    def __init__(self, ledger: "Ledger", expected: Spend, refused: BudgetSpent | None) -> None:
        self._ledger = ledger
        self._expected = expected
        self._refused = refused

    def __enter__(self) -> BudgetSpent | None:
        return self._refused

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._refused is None:
            self._ledger.release(self._expected)


class Deadline(Struct, frozen=True):
    """When time is up."""

    seconds: float
    """From now."""
    reached: BudgetSpent
    """What is to be recorded then."""


class Ledger:
    """What is spent and what may be, for everybody in a session."""

    def __init__(
        self,
        limits: Sequence[Limit],
        spending: Spending | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without `spending`, day and project begin with this ledger."""
        self._limits = tuple(limits)
        self._spending = spending if any(limit.scope not in _KEPT for limit in limits) else None
        self._clock = clock
        self._spent: dict[Scope, Spend] = {}
        self._booked: list[Spend] = []
        self._told: set[tuple[Scope, Resource]] = set()
        self._began: float | None = None
        self._lost: StoreError | None = None

    def begin(self) -> None:
        """A run begins: what its own limits count starts anew, and time passes from here on."""
        self._began = self._clock()
        self._forget("run")
        self._told = {(scope, name) for scope, name in self._told if scope in _KEPT}
        self._refresh()

    def recall(self, event: Event) -> None:
        """Count what the log tells of earlier runs."""
        # Most facts cost nothing, and a log has many.
        if (spend := self._heard(event)) is not _NOTHING:
            self._count(spend, ("turn", "session"))

    def add(self, event: Event) -> None:
        """Count what happens now. Must be told every event; never raises."""
        spend = self._heard(event)
        self._count(spend, _KEPT if self._spending else (*_KEPT, "day", "project"))
        if isinstance(event.body, Result):
            self._began = None
        if self._spending is None or spend == Spend():
            return
        try:
            self._spending.add(spend)
        except StoreError as error:
            self._lost = error

    def _heard(self, event: Event) -> Spend:
        match event.body:
            case TurnStarted() if len(event.path) == 1:
                self._forget("turn")
            case MessageAdded(role="assistant", usage=usage, cost_usd=cost):
                return Spend(1, usage.input_tokens + usage.output_tokens, cost or 0.0)
            case ModelLost(_, usage, cost):
                return Spend(0, usage.input_tokens + usage.output_tokens, cost or 0.0)
            case Result(duration_ms=duration):
                return Spend(seconds=duration / 1000)
            case BudgetSpent(name, scope=scope, level="soft"):
                self._told.add((scope, name))
            case _:
                pass
        return _NOTHING

    def _count(self, spend: Spend, scopes: Sequence[Scope]) -> None:
        for scope in scopes:
            self._spent[scope] = self._spent.get(scope, Spend()) + spend

    def _forget(self, scope: Scope) -> None:
        self._spent[scope] = Spend()
        self._told = {told for told in self._told if told[0] != scope}

    def _refresh(self) -> None:
        """What other processes spent meanwhile."""
        if self._spending is None:
            return
        try:
            self._spent["day"] = self._spending.total("day")
            self._spent["project"] = self._spending.total("project")
        except StoreError as error:
            self._lost = error

    def spent(self, scope: Scope) -> Spend:
        """What is spent in a scope, the time of the present run included."""
        elapsed = 0.0 if self._began is None else self._clock() - self._began
        return self._spent.get(scope, Spend()) + Spend(seconds=elapsed)

    def reserve(self, use: ModelUse, input_tokens: int) -> Booking:
        """Book a model call with about so much input.

        Raises:
            StoreError: what was spent today or in this project cannot be kept or read, so that
                its limit would not hold.
        """
        self._refresh()
        if self._lost is not None:
            raise self._lost
        sure = _call(use, Usage(input_tokens, cached_tokens=input_tokens))
        output = min(EXPECTED_OUTPUT, use.max_output_tokens)
        expected = _call(use, Usage(input_tokens, output_tokens=output))
        refused = self._refusal(sure)
        if refused is None:
            self._booked.append(expected)
        return Booking(self, expected, refused)

    def _refusal(self, sure: Spend) -> BudgetSpent | None:
        coming = sum(self._booked, sure)
        for limit in self._limits:
            spent = amount(self.spent(limit.scope), limit.name)
            over = spent >= limit.amount or spent + amount(coming, limit.name) > limit.amount
            # Time is the business of the deadline, which also ends what is under way.
            if over and limit.name != "seconds":
                return BudgetSpent(limit.name, spent, limit.amount, limit.scope)
        return None

    def release(self, booked: Spend) -> None:
        """A booked call has ended, and what it used is counted."""
        self._booked.remove(booked)

    def nearing(self) -> tuple[BudgetSpent, ...]:
        """The soft limits that were passed and of which nobody was told yet."""
        found: list[BudgetSpent] = []
        for limit in self._limits:
            spent = amount(self.spent(limit.scope), limit.name)
            known = (limit.scope, limit.name) in self._told
            if not known and limit.amount * limit.soft <= spent < limit.amount:
                self._told.add((limit.scope, limit.name))
                found.append(BudgetSpent(limit.name, spent, limit.amount, limit.scope, "soft"))
        return tuple(found)

    def deadline(self) -> Deadline | None:
        """When the time of the present run is up, by whichever limit comes first."""
        found: Deadline | None = None
        for limit in self._limits:
            if limit.name == "seconds":
                left = max(0.0, limit.amount - self.spent(limit.scope).seconds)
                if found is None or left < found.seconds:
                    reached = BudgetSpent("seconds", limit.amount, limit.amount, limit.scope)
                    found = Deadline(left, reached)
        return found


def _call(use: ModelUse, usage: Usage) -> Spend:
    return Spend(1, usage.input_tokens + usage.output_tokens, use.price(usage) or 0.0)


def amount(spend: Spend, name: Resource) -> float:
    """How much of one thing was spent."""
    match name:
        case "turns":
            return spend.turns
        case "tokens":
            return spend.tokens
        case "cost":
            return spend.cost
        case "seconds":
            return spend.seconds


def status_at(reached: BudgetSpent) -> Status:
    """How a turn ends that this limit ends."""
    return "turn_limit" if reached.name == "turns" else "budget"


def advice(reached: Sequence[BudgetSpent]) -> str:
    """What the model is told when soft limits were passed."""
    used = ", ".join(f"{_used(one)} of {_SCOPES[one.scope]}" for one in reached)
    return (
        f"Most of what you may spend is used: {used}. Finish what you are doing, leave the work in "
        "a good state, and say what is done and what is left."
    )


_SCOPES: Final[dict[Scope, str]] = {
    "turn": "this task",
    "run": "this run",
    "session": "this session",
    "day": "today",
    "project": "this project",
}


def _used(reached: BudgetSpent) -> str:
    match reached.name:
        case "turns":
            return f"{reached.spent:.0f} of {reached.limit:.0f} model calls"
        case "tokens":
            return f"{reached.spent:.0f} of {reached.limit:.0f} tokens"
        case "cost":
            return f"${reached.spent:.2f} of ${reached.limit:.2f}"
        case "seconds":
            return f"{reached.spent:.0f} of {reached.limit:.0f} s"
