"""Every judge × every fault × every risk gives the declared outcome.

A judge breaks in four ways: it crashes, it answers garbage, it gives up after a time of its own, or
it is slow. A broken validator denies; a broken reviewer counts as its settings declare for what the
action does at worst. No fault ever allows what was not allowed before.
"""

import asyncio
import importlib
import inspect
import pkgutil

import pytest
from msgspec import structs

import kedge.agent.reviewers
import kedge.agent.validators
from kedge.agent.aside import Aside
from kedge.agent.breaker import Breakers
from kedge.agent.budget import Ledger
from kedge.agent.bus import Bus
from kedge.agent.context import ModelUse
from kedge.agent.deltas import TextDelta
from kedge.agent.effects import Effect
from kedge.agent.errors import ProviderError
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Allow, Approval, Deny, No
from kedge.agent.reviewers.excerpt import Excerpt
from kedge.agent.reviewers.model import ModelReviewer
from kedge.agent.stores.memory import MemoryStore
from kedge.config.hooks import FailurePolicy
from kedge.config.reviewer import ReviewerRules, ReviewerSettings

FAULTS = ("crash", "garbage", "timeout", "slow")
RISKS = ("read", "write", "run", "reach")
POLICIES = ("block", "ask", "allow")
DECLARED = {"block": "deny", "ask": "ask", "allow": "allow"}


def classes(package, method):
    """Everything in a package that has this method and can be used as it stands."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        for name, made in inspect.getmembers(loaded, inspect.isclass):
            own = made.__module__ == loaded.__name__ and not getattr(made, "_is_protocol", False)
            if own and not name.startswith("_") and callable(getattr(made, method, None)):
                found[name] = made
    return found


VALIDATORS = classes(kedge.agent.validators, "check")
REVIEWERS = classes(kedge.agent.reviewers, "review")


def an_action(risk):
    call = ToolCall("1", "bash", '{"command": "make"}')
    return Action(call, {"command": "make"}, (Effect(risk, "/w/a"),))


class Allows:
    name = "rules"

    def check(self, action):
        return (Allow("a rule"),)


class Silent:
    name = "rules"

    def check(self, action):
        return ()


class Desk:
    """A person who is asked, and says no."""

    async def decide(self, question):
        return Approval(No("no"), "person")


def broken(validator, fault):
    """A validator of this class that breaks when it is heard."""

    def check(self, action):
        match fault:
            case "crash":
                raise RuntimeError("a defect")
            case "timeout":
                raise TimeoutError("it gave up")
            case "garbage":
                return ["allow", None, 42]
            case "slow":
                # Nobody waits for a validator by the clock: however long it takes, it is heard.
                return [Deny("at last") for number in range(100_000) if number == 99_999]

    made = type(validator.__name__, (validator,), {"check": check})
    instance = object.__new__(made)
    if not hasattr(instance, "name"):
        instance.name = validator.__name__
    return instance


def test_the_matrix_knows_every_judge():
    assert {"HardGates", "ModeValidator", "LoopValidator"} <= set(VALIDATORS)
    assert set(REVIEWERS) == {"HookReviewer", "ModelReviewer"}


@pytest.mark.parametrize("asks", [True, False], ids=["asking", "full"])
@pytest.mark.parametrize("risk", RISKS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", sorted(VALIDATORS))
async def test_a_broken_validator_denies(name, fault, risk, asks):
    for others in ([Allows()], []):
        gate = Gate([*others, broken(VALIDATORS[name], fault)], asks=asks)
        decision, _ = await Judge(gate, Desk()).decide(an_action(risk), lambda _: an_action(risk))
        assert (decision.outcome, decision.asked) == ("deny", False)
        assert decision.by == getattr(VALIDATORS[name], "name", name)


@pytest.mark.parametrize("risk", RISKS)
@pytest.mark.parametrize("name", sorted(VALIDATORS))
async def test_verdicts_of_garbage_that_cannot_even_be_read_deny(name, risk):
    for garbage in (None, 42, object()):
        validator = broken(VALIDATORS[name], "crash")
        validator.check = lambda action, garbage=garbage: garbage
        judge = Judge(Gate([Allows(), validator]), Desk())
        decision, _ = await judge.decide(an_action(risk), lambda _: an_action(risk))
        assert decision.outcome == "deny"


def declared(risk, policy):
    """A policy that says this for this risk, and something else for all others."""
    other = "allow" if policy == "block" else "block"
    return FailurePolicy(**{**dict.fromkeys(RISKS, other), risk: policy})


async def outcome_of(reviewer, risk, validator, breakers=None):
    """What becomes of an action: allow, deny, or a question to the person."""
    judge = Judge(Gate([validator]), Desk(), [reviewer], breakers)
    decision, _ = await judge.decide(an_action(risk), lambda _: an_action(risk))
    assert decision.considered[-1].verdict == "unavailable"
    return "ask" if decision.asked else decision.outcome


def model_reviewer(core, fault, policy):
    answer = {
        "crash": lambda: [ProviderError("server", "down")],
        "garbage": lambda: core.says("Sure!"),
        "timeout": lambda: [asyncio.Event().wait()],
        "slow": lambda: [TextDelta('{"verdict": '), asyncio.Event().wait()],
    }[fault]()
    bus = Bus("s", MemoryStore().open("s"))
    use = ModelUse(100, "", lambda usage: 0.0)
    path = ("main", "reviewer")
    aside = Aside(core.Model(answer), use, "reviewer", ledger=Ledger(()), bus=bus, path=path)
    seconds = 0.05 if fault in ("timeout", "slow") else 30.0
    settings = ReviewerSettings(
        model="test/model", lifts=True, timeout_seconds=seconds, on_failure=policy
    )
    rules = ReviewerRules((), (), (), ())
    return ModelReviewer(settings, "Judge.", rules, aside.ask, Excerpt(), "s")


CHANGING = RISKS[1:]
"""A reviewer model is not asked about what only reads."""


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("risk", CHANGING)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_broken_reviewer_model_counts_as_declared(core, fault, risk, policy):
    reviewer = model_reviewer(core, fault, declared(risk, policy))
    assert await outcome_of(reviewer, risk, Allows()) == DECLARED[policy]


@pytest.mark.parametrize("risk", CHANGING)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_broken_reviewer_model_answers_no_question(core, fault, risk):
    reviewer = model_reviewer(core, fault, declared(risk, "allow"))
    assert await outcome_of(reviewer, risk, Silent()) == "ask"


PROGRAMS = {
    "crash": "kill -9 $$",
    "garbage": "echo certainly; echo 'not json {'",
    "timeout": "exec sleep 600",
    "slow": "printf '{\"decision\": '; exec sleep 600",
}


def hook_reviewer(bench, fault, policy, event="before_tool"):
    seconds = 0.15 if fault in ("timeout", "slow") else 30.0
    failure = structs.asdict(policy)
    bench.add(
        event,
        bench.script(PROGRAMS[fault]),
        timeout_seconds=seconds,
        on_failure=failure,
        may_allow=True,
    )
    (reviewer,) = bench.hooks().reviewers
    return reviewer


@pytest.mark.parametrize(
    ("risk", "policy"),
    [
        ("read", "allow"), ("read", "block"), ("write", "ask"), ("write", "block"),
        ("run", "block"), ("run", "allow"), ("reach", "ask"), ("reach", "allow"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_broken_hook_counts_as_declared(bench, fault, risk, policy):
    reviewer = hook_reviewer(bench, fault, declared(risk, policy))
    assert await outcome_of(reviewer, risk, Allows()) == DECLARED[policy]


@pytest.mark.parametrize("risk", RISKS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_broken_hook_answers_no_question(bench, fault, risk):
    reviewer = hook_reviewer(bench, fault, declared(risk, "allow"), event="permission")
    assert await outcome_of(reviewer, risk, Silent()) == "ask"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("risk", CHANGING)
async def test_while_a_breaker_is_open_what_would_block_is_asked(core, risk, policy):
    breakers = Breakers()
    reviewer = model_reviewer(core, "crash", declared(risk, policy))
    for _ in range(3):
        breakers.of(f"reviewer {reviewer.name}").failed("down")
    expected = "allow" if policy == "allow" else "ask"
    assert await outcome_of(reviewer, risk, Allows(), breakers) == expected
