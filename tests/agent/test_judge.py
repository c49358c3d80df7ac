"""Reviewers tighten, some lift, none undoes a denial; the person has the last word on questions."""

import asyncio

import pytest

from kedge.agent.breaker import Breakers
from kedge.agent.effects import CommandPart, Effect
from kedge.agent.events import Grant
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Allow, Approval, Ask, Deny, Modify, No, Yes
from kedge.config.guards import BreakerSettings

READ, WRITE, RUN, REACH = (Effect(kind, "x") for kind in ("read", "write", "run", "reach"))


def action(*effects, **arguments):
    return Action(ToolCall("1", "bash", "{}"), arguments, effects or (RUN,))


def remake(arguments):
    return action(**arguments)


class Says:
    """A validator."""

    name = "rules"

    def __init__(self, *verdicts):
        self.verdicts = verdicts

    def check(self, action):
        return self.verdicts


class Reviewer:
    """Says, does or raises what it is told to."""

    timeout = 0.05

    def __init__(self, said, name="hook", *, lifts=False, failure="block"):
        self.said = said
        self.name = name
        self.lifts = lifts
        self.failure = failure
        self.heard = []

    def on_failure(self, risk):
        return self.failure if isinstance(self.failure, str) else self.failure[risk]

    async def review(self, ruling):
        self.heard.append(ruling)
        if self.said == "slow":
            await asyncio.Event().wait()
        if isinstance(self.said, Exception):
            raise self.said
        return self.said(ruling.action) if callable(self.said) else self.said


class Desk:
    """A person who always answers the same."""

    def __init__(self, answer):
        self.answer = answer
        self.questions = []

    async def decide(self, question):
        self.questions.append(question)
        return Approval(self.answer, "person")


async def decided(verdicts, *reviewers, answer=None, subject=None, **options):
    desk = Desk(answer or No("no"))
    judge = Judge(Gate([Says(*verdicts)]), desk, reviewers, **options)
    decision, _ = await judge.decide(subject or action(), remake)
    return decision, desk


ALLOWED, OPEN, ASKED, DENIED = (Allow("a"),), (), (Ask("q"),), (Deny("d"),)


@pytest.mark.parametrize(
    ("ruling", "said", "by", "outcome"),
    [
        (ALLOWED, None, "rules", "allow"),
        (ALLOWED, Allow(), "rules", "allow"),
        (ALLOWED, Ask("why"), "person", "deny"),
        (ALLOWED, Deny("never"), "hook", "deny"),
        (OPEN, Allow("fine"), "person", "deny"),
        (OPEN, Deny("never"), "hook", "deny"),
        (DENIED, Allow("fine"), "rules", "deny"),
    ],
)
async def test_a_reviewer_tightens_and_never_loosens(ruling, said, by, outcome):
    decision, _ = await decided(ruling, Reviewer(said))
    assert (decision.by, decision.outcome) == (by, outcome)


@pytest.mark.parametrize(("ruling", "by"), [(OPEN, "model"), (ASKED, "person"), (DENIED, "rules")])
async def test_one_that_lifts_answers_only_what_nobody_demanded_to_ask(ruling, by):
    decision, _ = await decided(ruling, Reviewer(Allow("fine"), "model", lifts=True))
    assert decision.by == by


async def test_a_denial_is_not_reviewed():
    reviewer = Reviewer(Allow(), lifts=True)
    await decided(DENIED, reviewer)
    assert reviewer.heard == []


async def test_what_a_reviewer_modifies_is_judged_again_and_recorded():
    def once(action):
        return None if "safe" in action.arguments else Modify({"safe": True}, "add a flag")

    decision, _ = await decided(ALLOWED, Reviewer(once))
    assert (decision.outcome, decision.modified) == ("allow", {"safe": True})
    assert [voice.verdict for voice in decision.considered] == ["allow", "modify", "allow"]


async def test_a_reviewer_that_never_stops_modifying_denies():
    decision, _ = await decided(ALLOWED, Reviewer(Modify({}, "again")))
    assert (decision.outcome, decision.by) == ("deny", "gate")


FAILURES = ["slow", RuntimeError("broken"), "garbage"]


@pytest.mark.parametrize("said", FAILURES)
@pytest.mark.parametrize(
    ("policy", "by", "outcome"),
    [("block", "hook", "deny"), ("ask", "person", "allow"), ("allow", "rules", "allow")],
)
async def test_a_failure_counts_as_declared(said, policy, by, outcome):
    decision, _ = await decided(ALLOWED, Reviewer(said, failure=policy), answer=Yes())
    assert (decision.by, decision.outcome) == (by, outcome)
    assert decision.considered[-1].verdict == "unavailable"


@pytest.mark.parametrize("said", FAILURES)
async def test_a_failure_never_answers_a_question(said):
    decision, _ = await decided(OPEN, Reviewer(said, lifts=True, failure="allow"))
    assert (decision.by, decision.outcome) == ("person", "deny")


@pytest.mark.parametrize(
    ("effects", "outcome"),
    [((READ,), "allow"), ((READ, WRITE), "allow"), ((WRITE, RUN), "deny"), ((REACH,), "deny")],
)
async def test_the_policy_is_that_of_the_worst_effect(effects, outcome):
    policy = {"read": "allow", "write": "allow", "run": "block", "reach": "block"}
    reviewer = Reviewer("slow", failure=policy)
    decision, _ = await decided(ALLOWED, reviewer, subject=action(*effects))
    assert decision.outcome == outcome


async def test_a_command_known_to_only_read_is_no_risk():
    safe = Effect("run", "ls", command=CommandPart(("ls",), "safe", "ls only reads"))
    policy = {"read": "allow", "run": "block"}
    decision, _ = await decided(
        ALLOWED, Reviewer("slow", failure=policy), subject=action(safe, READ)
    )
    assert decision.outcome == "allow"


async def test_one_that_keeps_failing_is_left_out_and_its_blocking_becomes_a_question():
    reviewer = Reviewer(RuntimeError("down"))
    breakers = Breakers(BreakerSettings(minimum_calls=2))
    for _ in range(2):
        decision, _ = await decided(ALLOWED, reviewer, breakers=breakers)
        assert decision.by == "hook"
    decision, desk = await decided(ALLOWED, reviewer, breakers=breakers, answer=Yes())
    assert len(reviewer.heard) == 2
    assert (decision.by, decision.outcome) == ("person", "allow")
    assert "circuit breaker is open" in desk.questions[0].reason


async def test_reviewers_are_heard_in_their_order_until_one_denies():
    first, second = Reviewer(Deny("no"), "first"), Reviewer(None, "second")
    await decided(ALLOWED, first, second)
    assert second.heard == []


async def test_what_always_means_is_offered_and_kept():
    grant = Grant("project", ("bash(make)",))
    kept = []
    decision, desk = await decided(
        OPEN,
        answer=Yes(grant),
        offers=lambda action, places: ("bash(make)",),
        remember=kept.append,
    )
    assert desk.questions[0].offers == ("bash(make)",)
    assert (decision.outcome, decision.grant, kept) == ("allow", grant, [grant])


async def test_a_question_that_somebody_demanded_cannot_be_answered_for_good():
    _, desk = await decided(ASKED, offers=lambda action, places: ("bash(make)",))
    assert desk.questions[0].offers == ()


async def test_only_what_nobody_allows_is_asked_about():
    verdicts = (Allow("reads", (0,)), Allow("a rule", (2,)))
    _, desk = await decided(verdicts, subject=action(READ, RUN, WRITE))
    assert desk.questions[0].effects == (1,)


async def test_several_voices_can_allow_an_action_together():
    verdicts = (Allow("it reads", (0,)), Allow("a rule", (1,), "bash(x) f:1"))
    decision, desk = await decided(verdicts, subject=action(READ, RUN))
    assert desk.questions == []
    assert (decision.outcome, decision.rule) == ("allow", "bash(x) f:1")
    assert decision.reason == "it reads; a rule"


async def test_a_no_with_words_tells_them_to_the_model():
    decision, _ = await decided(OPEN, answer=No("use ninja"))
    assert decision.reason == "use ninja"


async def test_without_asking_everything_open_is_allowed_and_denials_stay():
    desk = Desk(No("no"))
    for verdicts, outcome in ((OPEN, "allow"), (ASKED, "allow"), (DENIED, "deny")):
        judge = Judge(Gate([Says(*verdicts)], asks=False), desk)
        decision, _ = await judge.decide(action(), remake)
        assert decision.outcome == outcome
    assert desk.questions == []


async def test_without_asking_nobody_widens_the_sandbox():
    wider = Action(ToolCall("1.escalate", "escalate", "{}"), {}, (WRITE,))
    judge = Judge(Gate([Says()], asks=False), Desk(Yes()))
    decision, _ = await judge.decide(wider, lambda _: wider)
    assert decision.outcome == "deny"


async def test_no_reviewer_widens_the_sandbox():
    wider = Action(ToolCall("1.escalate", "escalate", "{}"), {}, (WRITE,))
    desk = Desk(No("no"))
    judge = Judge(Gate([Says()]), desk, [Reviewer(Allow("fine"), lifts=True)])
    decision, _ = await judge.decide(wider, lambda _: wider)
    assert (decision.by, decision.outcome) == ("person", "deny")
