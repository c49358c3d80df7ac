"""From an action to a decision: the validators, the reviewers in their order, then the person.

A reviewer may tighten any ruling and modify an action (which is judged again from the start); one
that `lifts` may answer a question that no voice demanded. Nobody lifts a denial. A reviewer that
fails counts as declared for the action's risk, and its circuit breaker counts the failure; while
that is open the reviewer is left out, and what it would have blocked is asked instead.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct, structs

from .breaker import DEGRADED, Breakers, recalled
from .events import Considered, Decision, Event, Grant
from .gate import MAX_MODIFICATIONS, Broken, Gate, Remake, Screened, attempted
from .ports import (
    Action,
    Allow,
    Approval,
    Approver,
    Ask,
    Deny,
    Modify,
    No,
    Question,
    Reviewer,
    Ruling,
    Verdict,
    Yes,
)
from .stages import Passage

Offers = Callable[[Action, Sequence[int]], tuple[str, ...]]
"""The literal rules that would allow these effects of an action from now on."""
Covers = Callable[[Sequence[str], Action, Sequence[int]], bool]
"""Whether rules would allow these effects of an action from now on."""
Remember = Callable[[Grant], None]
"""Keeps what a person allowed for good. Never raises."""
Preview = Callable[[Action], str]
"""What an action would change, as a unified diff; empty if there is none."""


class Failed(Struct, frozen=True):
    """A reviewer's fifth verdict: it could not be heard."""

    reason: str
    left_out: bool = False
    """Whether nobody tried, because its circuit breaker is open."""


def _no_offers(action: Action, places: Sequence[int]) -> tuple[str, ...]:
    return ()


def _covers_nothing(rules: Sequence[str], action: Action, places: Sequence[int]) -> bool:
    return False


def _forget(grant: Grant) -> None:
    return


def _no_preview(action: Action) -> str:
    return ""


class Judge:
    """Everybody who is heard on what is about to happen."""

    def __init__(
        self,
        gate: Gate,
        approver: Approver,
        reviewers: Sequence[Reviewer] = (),
        breakers: Breakers | None = None,
        *,
        offers: Offers = _no_offers,
        covers: Covers = _covers_nothing,
        remember: Remember = _forget,
        preview: Preview = _no_preview,
    ) -> None:
        self._gate = gate
        self._approver = approver
        self._reviewers = tuple(reviewers)
        self.breakers = breakers or Breakers()
        self._offers = offers
        self._covers = covers
        self._remember = remember
        self._preview = preview
        self._open: dict[asyncio.Future[None], Callable[[], bool]] = {}
        """What withdraws each open question, and whether the gate still puts it in this way."""

    def recall(self, facts: Sequence[Event]) -> None:
        """Go on where a log left off: its breakers, and what was allowed for its session."""
        self.breakers.restore(recalled(facts))
        for fact in facts:
            if isinstance(fact.body, Decision):
                grant = fact.body.grant
                if grant is not None and grant.scope == "session":
                    self._remember(grant)

    def use(self, gate: Gate) -> None:
        """Hear the voices of another gate from here on, also on what is being asked."""
        self._gate = gate
        self._reconsider()

    def _reconsider(self) -> None:
        """Withdraw the questions that the gate would not put in the same way any more."""
        for overtaken, stands in list(self._open.items()):
            if not overtaken.done() and not stands():
                overtaken.set_result(None)

    def screen(self, passage: Passage) -> Screened:
        """Judge words."""
        return self._gate.screen(passage)

    async def decide(self, action: Action, remake: Remake) -> tuple[Decision, Action]:
        """Decide; with the decision comes the action as it may happen. Cancellable."""
        return await self.settle(await self.rule(action, remake), remake)

    async def settle(self, ruling: Ruling, remake: Remake) -> tuple[Decision, Action]:
        """Decide as it was ruled, asking the person where that is open. Cancellable.

        Several may be open at once. One that is ruled otherwise meanwhile, because of what was
        allowed for good or by another mode, is withdrawn, and everybody is heard anew.
        """
        while ruling.outcome == "ask":
            decision = await self._asked(ruling, remake)
            if decision is not None:
                return decision, ruling.action
            anew = await self.rule(ruling.action, remake)
            ruling = structs.replace(anew, modified=anew.modified or ruling.modified)
        return _decision(ruling), ruling.action

    async def rule(self, action: Action, remake: Remake) -> Ruling:
        """What validators and reviewers say to an action; nobody is asked. Cancellable."""
        ruling = self._gate.review(action, remake)
        for _ in range(MAX_MODIFICATIONS):
            ruling, modify = await self._reviewed(ruling)
            if modify is None:
                break
            ruling = self._again(ruling, modify, remake)
        else:
            reason = f"still being modified after {MAX_MODIFICATIONS} rounds"
            ruling = _changed(ruling, "deny", "gate", reason)
        return ruling

    def _again(self, ruling: Ruling, modify: Modify, remake: Remake) -> Ruling:
        made = attempted(lambda: remake(modify.arguments))
        if isinstance(made, Broken):
            reason = f"the modified arguments do not fit: {made.text}"
            return _changed(ruling, "deny", "gate", reason)
        anew = self._gate.review(made, remake)
        return structs.replace(
            anew, considered=(*ruling.considered, *anew.considered), modified=True
        )

    async def _reviewed(self, ruling: Ruling) -> tuple[Ruling, Modify | None]:
        for reviewer in self._reviewers:
            if ruling.outcome == "deny":
                break
            verdict = await self._hear(reviewer, ruling)
            if verdict is None:
                continue
            heard = (*ruling.considered, _considered(reviewer.name, verdict))
            ruling = structs.replace(ruling, considered=heard)
            match verdict:
                case Modify():
                    return ruling, verdict
                case Failed():
                    ruling = _without(reviewer, ruling, verdict)
                case _:
                    ruling = _joined(reviewer, ruling, verdict)
        return ruling, None

    async def _hear(self, reviewer: Reviewer, ruling: Ruling) -> Verdict | Failed | None:
        breaker = self.breakers.of(_breaker_name(reviewer))
        if not breaker.allows():
            return Failed("its circuit breaker is open", left_out=True)
        try:
            async with asyncio.timeout(reviewer.timeout):
                verdict = await reviewer.review(ruling)
            match verdict:
                case None | Allow() | Ask() | Deny() | Modify():
                    breaker.succeeded()
                    return verdict
                case _:
                    failed = Failed(f"{verdict!r} is no verdict")
        except TimeoutError:
            failed = Failed(f"no answer within {reviewer.timeout:g} s")
        except Exception as error:  # border: a broken reviewer must not let anything through
            failed = Failed(f"{type(error).__name__}: {error}")
        breaker.failed(failed.reason)
        return failed

    async def _asked(self, ruling: Ruling, remake: Remake) -> Decision | None:
        """The person's decision; None if it is to be ruled anew."""
        question = self._question(ruling)
        began = time.monotonic()
        approval = await self._answer(question, remake)
        if approval is None:
            return None
        decision = structs.replace(
            _decision(ruling),
            by=approval.by,
            asked=approval.by == "person",
            waited_ms=round((time.monotonic() - began) * 1000),
        )
        match approval.answer:
            case Yes(grant):
                if grant is not None:
                    self._remember(grant)
                    self._reconsider()
                return structs.replace(decision, outcome="allow", grant=grant)
            case No(message):
                return structs.replace(decision, outcome="deny", reason=message or ruling.reason)

    def _question(self, ruling: Ruling) -> Question:
        action = ruling.action
        places = ruling.effects or tuple(range(len(action.effects)))
        return Question(
            action,
            ruling.by,
            ruling.reason,
            places,
            () if ruling.firm else self._offers(action, places),
            self._preview(action),
            ruling.considered,
            lambda rules: self._covers(rules, action, places),
        )

    async def _answer(self, question: Question, remake: Remake) -> Approval | None:
        """The answer; None if the question was overtaken by what was said elsewhere."""

        def said() -> tuple[str, tuple[int, ...]]:
            ruling = self._gate.review(question.action, remake)
            return ruling.outcome, ruling.effects

        before = said()
        overtaken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open[overtaken] = lambda: said() == before
        answer = asyncio.ensure_future(self._approver.decide(question))
        try:
            await asyncio.wait((answer, overtaken), return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            del self._open[overtaken]
            if not answer.done():
                answer.cancel()
                await asyncio.wait((answer,))


def _breaker_name(reviewer: Reviewer) -> str:
    kind = reviewer.name.partition(" ")[0]
    return reviewer.name if kind in DEGRADED else f"reviewer {reviewer.name}"


def _joined(reviewer: Reviewer, ruling: Ruling, verdict: Allow | Ask | Deny) -> Ruling:
    """The ruling with a reviewer's verdict."""
    places = verdict.effects or ()
    match verdict:
        case Deny(reason, _, rule):
            return _changed(ruling, "deny", reviewer.name, reason, places, rule)
        case Ask(reason, _, rule) if ruling.outcome == "allow":
            return _changed(ruling, "ask", reviewer.name, reason, places, rule)
        case Ask():
            return structs.replace(ruling, firm=True)
        case Allow(reason, _, rule) if (
            ruling.outcome == "ask" and reviewer.lifts and not ruling.firm
        ):
            return _changed(ruling, "allow", reviewer.name, reason, (), rule)
        case _:
            return ruling


def _without(reviewer: Reviewer, ruling: Ruling, failed: Failed) -> Ruling:
    """The ruling where a reviewer could not be heard."""
    words = f"{reviewer.name} could not be heard: {failed.reason}"
    match reviewer.on_failure(ruling.action.risk):
        case "block" if not failed.left_out:
            return _changed(ruling, "deny", reviewer.name, words)
        case "block" | "ask" if ruling.outcome == "allow":
            return _changed(ruling, "ask", reviewer.name, words)
        case _:
            return ruling


def _decision(ruling: Ruling) -> Decision:
    return Decision(
        ruling.action.call.id,
        "allow" if ruling.outcome == "allow" else "deny",
        ruling.by,
        ruling.reason,
        ruling.rule,
        ruling.considered,
        ruling.action.arguments if ruling.modified else None,
    )


def _changed(
    ruling: Ruling,
    outcome: Literal["allow", "ask", "deny"],
    by: str,
    reason: str,
    effects: tuple[int, ...] = (),
    rule: str = "",
) -> Ruling:
    """The ruling as a reviewer changed it. A question of a reviewer's is firm."""
    return structs.replace(
        ruling,
        outcome=outcome,
        by=by,
        reason=reason,
        effects=effects,
        rule=rule,
        firm=outcome == "ask",
    )


def _considered(name: str, verdict: Verdict | Failed) -> Considered:
    if isinstance(verdict, Failed):
        return Considered(name, "unavailable", verdict.reason)
    said = type(verdict).__name__.lower()
    if isinstance(verdict, Modify):
        return Considered(name, said, verdict.reason)
    return Considered(name, said, verdict.reason, verdict.rule, verdict.effects)
