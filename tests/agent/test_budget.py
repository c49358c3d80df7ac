"""What may be spent: counted over every agent, booked before each call, told in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.budget import Ledger, Limit, advice, limits_of
from kedge.agent.context import ModelUse
from kedge.agent.errors import StoreError
from kedge.agent.events import (
    BudgetSpent,
    Event,
    MessageAdded,
    TurnStarted,
)
from kedge.agent.messages import Text, Usage
from kedge.agent.outcome import Outcome
from kedge.agent.spending import ModelLost, Spend
from kedge.agent.stores.memory import MemoryStore
from kedge.config.settings import BudgetSettings, LimitSettings, ScopeBudget

NONE = LimitSettings(max_turns=0)
MAIN = ("main",)


def price(usage):
    """A dollar per token; a tenth for cached ones."""
    fresh = usage.input_tokens - usage.cached_tokens
    return fresh + usage.cached_tokens / 10 + usage.output_tokens


USE = ModelUse(1000, "", price)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Kept:
    """Spending in memory, shared by whoever holds it."""

    def __init__(self):
        self.sums = Spend()
        self.broken = None

    def add(self, spend):
        if self.broken:
            raise self.broken
        self.sums += spend

    def total(self, scope):
        if self.broken:
            raise self.broken
        return self.sums


def fact(body, path=MAIN):
    return Event(1, "s", path, 1, "2026-01-01T00:00:00+00:00", body, "")


def said(tokens=10, cost=1.0, path=MAIN):
    message = MessageAdded("assistant", (Text("x"),), usage=Usage(tokens), cost_usd=cost)
    return fact(message, path)


def test_what_a_call_used_that_came_to_nothing_is_spent_and_no_call():
    ledger = a_ledger(session={"cost": 5.0})
    ledger.add(fact(ModelLost("m", Usage(10, output_tokens=2), 4.5, estimated=True)))
    assert ledger.spent("session") == Spend(0, 12, 4.5)
    with ledger.reserve(USE, 10) as refused:
        assert refused.name == "cost"


def a_ledger(clock=None, spending=None, **budgets):
    scopes = {name: ScopeBudget(**amounts) for name, amounts in budgets.items()}
    run = scopes.pop("run", ScopeBudget())
    limits = LimitSettings(run.steps, run.tokens, run.cost, run.seconds, run.soft)
    ledger = Ledger(limits_of(limits, BudgetSettings(**scopes)), spending, clock=clock or Clock())
    ledger.begin()
    return ledger


def refused(ledger, tokens=0):
    with ledger.reserve(USE, tokens) as reached:
        return reached


def test_only_limits_that_are_set_are_limits():
    assert limits_of(NONE) == ()
    assert limits_of(LimitSettings()) == (Limit("run", "turns", 200, 0.8),)
    budgets = BudgetSettings(day=ScopeBudget(cost=5.0, soft=0.5))
    assert limits_of(NONE, budgets) == (Limit("day", "cost", 5.0, 0.5),)


@pytest.mark.parametrize("scope", ["run", "turn", "session", "day", "project"])
@pytest.mark.parametrize(
    ("amounts", "name", "spent"),
    [({"steps": 2}, "turns", 2), ({"tokens": 20}, "tokens", 20), ({"cost": 2.0}, "cost", 2.0)],
)
def test_what_is_spent_refuses_the_next_call(scope, amounts, name, spent):
    ledger = a_ledger(**{scope: amounts})
    for _ in range(2):
        assert refused(ledger) is None
        ledger.add(said())
    assert refused(ledger) == BudgetSpent(name, spent, spent, scope)


def test_sub_agents_reviewers_and_compaction_count():
    ledger = a_ledger(run={"steps": 3})
    for path in (("main", "search"), ("main", "reviewer"), ("main", "compaction")):
        ledger.add(said(path=path))
    assert refused(ledger) == BudgetSpent("turns", 3, 3)


def test_a_call_whose_input_alone_would_pass_the_limit_is_not_made():
    ledger = a_ledger(run={"cost": 10.0})
    assert refused(ledger, 100) is None, "all of it may come from a cache, for 10"
    assert refused(ledger, 101) == BudgetSpent("cost", 0.0, 10.0)
    ledger = a_ledger(run={"tokens": 100})
    assert refused(ledger, 100) is None
    assert refused(ledger, 101) == BudgetSpent("tokens", 0, 100)


def test_calls_under_way_hold_their_share():
    ledger = a_ledger(run={"steps": 2})
    with ledger.reserve(USE, 0), ledger.reserve(USE, 0):
        assert refused(ledger) == BudgetSpent("turns", 0, 2)
    assert refused(ledger) is None
    ledger = a_ledger(run={"cost": 1500.0})
    with ledger.reserve(USE, 0):
        assert refused(ledger, 4000) is None, "1000 for the answer that is expected, 400 for this"
        assert refused(ledger, 6000) is not None


def test_a_refused_call_holds_nothing():
    ledger = a_ledger(run={"cost": 10.0})
    with ledger.reserve(USE, 1000) as reached:
        assert reached is not None
        assert refused(ledger, 10) is None


@given(
    limit=st.integers(1, 20),
    agents=st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=4),
    data=st.data(),
)
def test_agents_together_pass_a_limit_by_no_more_than_what_they_had_under_way(limit, agents, data):
    ledger = a_ledger(run={"steps": limit})
    made = 0
    under_way = []
    left = [len(calls) for calls in agents]
    while any(left) or under_way:
        able = [place for place, count in enumerate(left) if count]
        if under_way and (not able or data.draw(st.booleans())):
            booking = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            ledger.add(said())
            booking.__exit__(None, None, None)
            continue
        place = data.draw(st.sampled_from(able))
        left[place] -= 1
        booking = ledger.reserve(USE, 0)
        if booking.__enter__() is None:
            made += 1
            under_way.append(booking)
    assert made <= limit
    assert made == min(limit, sum(map(len, agents)))
    assert ledger.spent("run").turns == made


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 10), st.booleans())))
def test_the_sums_are_those_of_the_record(core, calls):
    ledger = a_ledger()
    outcome = Outcome(core.started)
    for tokens, cost, main in calls:
        event = said(tokens, cost, MAIN if main else ("main", "search"))
        ledger.add(event)
        outcome.add(event)
    result = outcome.result(duration_ms=0)
    spent = ledger.spent("run")
    assert spent.turns == result.turns
    assert spent.tokens == sum(cost.usage.input_tokens for cost in result.usage.values())
    assert spent.cost == pytest.approx(result.cost_usd, abs=1e-6)


def test_each_soft_limit_is_told_once():
    ledger = a_ledger(run={"steps": 5}, session={"cost": 100.0, "soft": 0.04})
    for _ in range(3):
        ledger.add(said())
    assert ledger.nearing() == ()
    ledger.add(said())
    told = (
        BudgetSpent("turns", 4, 5, "run", "soft"),
        BudgetSpent("cost", 4.0, 100.0, "session", "soft"),
    )
    assert ledger.nearing() == told
    assert ledger.nearing() == ()
    ledger.begin()
    for _ in range(4):
        ledger.add(said())
    assert [one.scope for one in ledger.nearing()] == ["run"], "a new run is told of its own anew"


def test_a_share_of_one_is_never_told():
    ledger = a_ledger(run={"steps": 2, "soft": 1.0})
    for _ in range(2):
        ledger.add(said())
        assert ledger.nearing() == ()


def test_a_new_run_and_a_new_prompt_begin_with_nothing_spent_but_their_session_goes_on():
    limits = {"steps": 1}
    ledger = a_ledger(run=limits, turn=limits, session={"steps": 3})
    ledger.add(said())
    assert refused(ledger).scope == "run"
    ledger.begin()
    assert refused(ledger).scope == "turn"
    ledger.add(fact(TurnStarted((Text("Next."),))))
    assert refused(ledger) is None
    ledger.add(said())
    ledger.add(said())
    ledger.begin()
    ledger.add(fact(TurnStarted((Text("And next."),))))
    assert refused(ledger) == BudgetSpent("turns", 3, 3, "session")


def test_the_log_brings_back_what_its_session_has_spent_and_was_told(core):
    past = [
        fact(TurnStarted((Text("Go."),))),
        said(),
        said(path=("main", "search")),
        fact(BudgetSpent("turns", 2, 2, "session", "soft")),
        fact(core.result([fact(Outcome(core.started).result(duration_ms=4000))])),
    ]
    ledger = Ledger(limits_of(NONE, BudgetSettings(session=ScopeBudget(4, soft=0.5))))
    for event in past:
        ledger.recall(event)
    ledger.begin()
    assert ledger.nearing() == ()
    spent = ledger.spent("session")
    assert (spent.turns, spent.tokens, spent.cost) == (2, 20, 2.0)
    assert spent.seconds == pytest.approx(4.0, abs=0.5)
    assert ledger.spent("turn").turns == 2
    assert ledger.spent("run").turns == ledger.spent("day").turns == 0


def test_day_and_project_count_what_others_spend_meanwhile():
    kept = Kept()
    one = a_ledger(spending=kept, day={"cost": 3.0})
    other = a_ledger(spending=kept, project={"cost": 3.0})
    one.add(said())
    other.add(said(cost=2.0))
    assert refused(one) == BudgetSpent("cost", 3.0, 3.0, "day")
    assert refused(other) == BudgetSpent("cost", 3.0, 3.0, "project")


def test_spending_is_not_kept_where_nothing_that_lasts_is_limited():
    kept = Kept()
    ledger = a_ledger(spending=kept, run={"cost": 3.0})
    ledger.add(said())
    assert kept.sums == Spend()


@pytest.mark.parametrize("when", ["begin", "add", "reserve"])
def test_spending_that_cannot_be_kept_ends_work_before_the_next_call(when):
    kept = Kept()
    ledger = Ledger(limits_of(NONE, BudgetSettings(day=ScopeBudget(cost=3.0))), kept)
    error = StoreError("disk full")
    if when == "begin":
        kept.broken = error
    ledger.begin()
    if when == "add":
        kept.broken = error
    ledger.add(said())
    if when == "reserve":
        kept.broken = error
    with pytest.raises(StoreError, match="disk full"):
        ledger.reserve(USE, 0)


def test_the_deadline_is_the_nearest_of_all_limits_of_time(core):
    clock, kept = Clock(), Kept()
    assert a_ledger().deadline() is None
    kept.sums = Spend(seconds=95.0)
    ledger = a_ledger(clock, kept, run={"seconds": 60.0}, day={"seconds": 100.0})
    deadline = ledger.deadline()
    assert deadline.seconds == 5.0
    assert deadline.reached == BudgetSpent("seconds", 100.0, 100.0, "day")
    clock.now = 50.0
    assert ledger.deadline().seconds == 0.0
    assert ledger.nearing() == (BudgetSpent("seconds", 50.0, 60.0, "run", "soft"),)
    ledger.add(fact(Outcome(core.started).result(duration_ms=50_000)))
    assert kept.sums.seconds == 145.0
    clock.now = 500.0
    assert ledger.spent("session").seconds == 50.0, "no time passes between runs"


def test_the_model_is_told_what_is_left_in_words():
    words = advice(
        [
            BudgetSpent("turns", 160, 200, "run", "soft"),
            BudgetSpent("cost", 4.1, 5.0, "day", "soft"),
            BudgetSpent("tokens", 8e5, 1e6, "turn", "soft"),
            BudgetSpent("seconds", 48.2, 60.0, "project", "soft"),
        ]
    )
    assert "160 of 200 model calls of this run, $4.10 of $5.00 of today" in words
    assert "800000 of 1000000 tokens of this task, 48 of 60 s of this project" in words


async def test_a_soft_limit_is_recorded_once_and_told_to_the_model_before_its_next_answer(core):
    model = core.Model(*[core.says(core.call(str(at))) for at in range(4)], core.says("Done."))
    events = await core.all_of(core.session(model, max_turns=5))
    assert core.result(events).status == "done"
    assert core.bodies(events, BudgetSpent) == [BudgetSpent("turns", 4, 5, "run", "soft")]
    (words,) = [m for m in core.bodies(events, MessageAdded) if m.origin == "kedge"]
    assert "4 of 5 model calls of this run" in words.parts[0].text
    assert model.requests[-1].messages[-1].text == words.parts[0].text
    assert core.result(events).error is None


async def test_a_session_is_stopped_at_its_own_limit_also_after_it_was_resumed(core):
    def a_session(resume=""):
        limits = limits_of(NONE, BudgetSettings(session=ScopeBudget(steps=3)))
        model = core.Model(*[core.says("Done.")] * 3)
        return core.session(model, store=store, resume=resume, ledger=Ledger(limits), max_turns=0)

    store = MemoryStore()
    first = a_session()
    for _ in range(2):
        assert core.result(await core.all_of(first)).status == "done"
    await first.close()
    before = list(store.read(first.id))
    second = a_session(first.id)
    assert core.result(await core.all_of(second, before=before)).status == "done"
    result = core.result(await core.all_of(second))
    assert (result.status, result.exit_code, result.turns) == ("turn_limit", 9, 0)
    assert result.error.text.endswith("in this session (budgets.session.steps = 3)")
    await second.close()


async def test_a_day_whose_time_is_up_ends_the_run_before_anything_is_asked(core):
    kept = Kept()
    kept.sums = Spend(seconds=7.0)
    limits = limits_of(NONE, BudgetSettings(day=ScopeBudget(seconds=7.0)))
    model = core.Model(core.says("Done."))
    events = await core.all_of(core.session(model, ledger=Ledger(limits, kept)))
    assert core.result(events).status == "budget"
    assert core.bodies(events, BudgetSpent) == [BudgetSpent("seconds", 7.0, 7.0, "day")]
    assert model.requests == []


async def test_spending_that_cannot_be_kept_is_told_and_ends_the_run(core):
    kept = Kept()
    kept.broken = StoreError("cannot read what was spent", hint="mend it")
    limits = limits_of(NONE, BudgetSettings(day=ScopeBudget(cost=7.0)))
    model = core.Model(core.says("Done."))
    result = core.result(await core.all_of(core.session(model, ledger=Ledger(limits, kept))))
    assert (result.status, result.error.code) == ("failed", "store")
    assert (result.error.text, result.error.hint) == ("cannot read what was spent", "mend it")
    assert model.requests == []
