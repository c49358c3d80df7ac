"""Circuit breakers: they open on failures, probe after a pause, and come back from a log."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import structs

from kedge.agent.breaker import (
    Breaker,
    Breakers,
    Closed,
    HalfOpen,
    Open,
    Past,
    degraded,
    named,
    recalled,
)
from kedge.agent.events import BreakerChanged, Event
from kedge.config.guards import BreakerSettings

SETTINGS = BreakerSettings(
    window_calls=6,
    window_seconds=100.0,
    minimum_calls=3,
    failure_share=0.5,
    cooldown_seconds=10.0,
    max_cooldown_seconds=35.0,
)


class Clock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Told(list[BreakerChanged]):
    @property
    def states(self) -> list[str]:
        return [changed.state for changed in self]


def a_breaker(clock: Clock, told: Told, **how: object) -> Breaker:
    chosen = structs.replace(SETTINGS, **how)
    return Breaker("reviewer law", chosen, clock, told.append)


def opened(clock: Clock, told: Told, **how: object) -> Breaker:
    breaker = a_breaker(clock, told, **how)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed("timed out")
    return breaker


def test_it_opens_when_enough_of_the_last_calls_failed() -> None:
    told = Told()
    breaker = a_breaker(Clock(), told)
    for end in (breaker.succeeded, lambda: breaker.failed("x"), breaker.succeeded):
        assert breaker.allows()
        end()
    assert breaker.allows() and told == []
    breaker.failed("timed out")
    assert not breaker.allows()
    assert told.states == ["open"]
    assert told[0].reason.startswith("2 of the last 4 calls failed; timed out; until it recovers ")


def test_fewer_calls_than_the_minimum_prove_nothing() -> None:
    breaker = a_breaker(Clock(), Told())
    for _ in range(2):
        breaker.failed("x")
    assert breaker.allows()


def test_calls_that_are_old_or_long_past_are_forgotten() -> None:
    clock = Clock()
    breaker = a_breaker(clock, Told())
    for _ in range(2):
        breaker.failed("x")
    clock.now = 101.0
    breaker.failed("x")
    assert breaker.state == Closed(breaker.state.window)
    assert len(breaker.state.window) == 1
    for _ in range(20):
        breaker.succeeded()
    assert len(breaker.state.window) == SETTINGS.window_calls


def test_after_the_pause_one_probe_passes_and_its_success_closes_it() -> None:
    clock, told = Clock(), Told()
    breaker = opened(clock, told)
    clock.now = 9.9
    assert not breaker.allows()
    clock.now = 10.0
    assert breaker.allows()
    assert not breaker.allows(), "one probe at a time"
    breaker.succeeded()
    assert breaker.allows() and breaker.allows()
    assert told.states == ["open", "half-open", "closed"]


def test_each_failed_probe_doubles_the_pause_up_to_its_longest() -> None:
    clock, told = Clock(), Told()
    breaker = opened(clock, told)
    for pause in (10.0, 20.0, 35.0, 35.0):
        state = breaker.state
        assert isinstance(state, Open) and state.until == clock.now + pause
        clock.now = state.until
        assert breaker.allows()
        breaker.failed("still")
    assert told.states == ["open", *["half-open", "open"] * 4]


def test_all_probes_must_succeed() -> None:
    clock, told = Clock(), Told()
    breaker = opened(clock, told, probes=2)
    clock.now = 10.0
    assert breaker.allows() and breaker.allows() and not breaker.allows()
    breaker.succeeded()
    assert isinstance(breaker.state, HalfOpen)
    breaker.succeeded()
    assert isinstance(breaker.state, Closed)


def test_a_probe_that_was_stopped_makes_room_for_another() -> None:
    clock = Clock()
    breaker = opened(clock, Told())
    clock.now = 10.0
    assert breaker.allows()
    breaker.withdrawn()
    assert breaker.allows()


def test_a_probe_that_never_answers_does_not_hold_it_for_ever() -> None:
    clock = Clock()
    breaker = opened(clock, Told())
    clock.now = 10.0
    assert breaker.allows()
    clock.now = 19.0
    assert not breaker.allows()
    clock.now = 20.0
    assert breaker.allows()


def test_what_was_begun_before_it_opened_changes_nothing_afterwards() -> None:
    told = Told()
    breaker = opened(Clock(), told)
    before = breaker.state
    breaker.succeeded()
    breaker.failed("late")
    breaker.withdrawn()
    assert (breaker.state, told.states) == (before, ["open"])


def test_a_person_can_close_it() -> None:
    told = Told()
    breakers = Breakers(SETTINGS, Clock(), told.append)
    breaker = breakers.of("tool bash")
    for _ in range(3):
        breaker.failed("x")
    assert breakers.reset("tool bash")
    assert breaker.allows()
    assert told[-1] == BreakerChanged("tool bash", "closed", "reset by a person")
    assert breakers.states() == {"tool bash": Closed()}
    assert not breakers.reset("tool nobody")


def test_breakers_do_not_share_their_failures() -> None:
    breakers = Breakers(SETTINGS, Clock())
    for _ in range(3):
        breakers.of("tool bash").failed("x")
    assert not breakers.of("tool bash").allows()
    assert breakers.of("tool read").allows()


def test_changes_before_anybody_listens_are_told_to_the_first_who_does() -> None:
    told = Told()
    breakers = Breakers(SETTINGS, Clock())
    for _ in range(3):
        breakers.of("hook lint").failed("x")
    breakers.watch(told.append)
    breakers.reset("hook lint")
    assert told.states == ["open", "closed"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("provider anthropic/claude", "model calls fail at once"),
        ("tool bash", "its calls are answered with why it is paused"),
        ("mcp files", "the server's tools"),
        ("hook lint", "the hook is left out"),
        ("reviewer law", "the deterministic rules and the person decide"),
        ("something else", "it is left out"),
    ],
)
def test_each_kind_says_how_work_goes_on_without_it(name: str, words: str) -> None:
    assert degraded(name).startswith(words)
    told = Told()
    breaker = Breaker(name, SETTINGS, Clock(), told.append)
    for _ in range(3):
        breaker.failed("x")
    assert words in told[0].reason


def test_while_it_is_open_it_says_why_and_until_when() -> None:
    clock = Clock()
    breaker = opened(clock, Told())
    clock.now = 4.0
    why = "3 of the last 3 calls failed; timed out"
    assert breaker.paused == f"{why}; it is tried again in 6 s"
    clock.now = 10.0
    assert breaker.paused == ""
    breaker.allows()
    assert breaker.paused == f"{why}; it is being tried again"


def facts(told: Told, times: list[float]) -> list[Event]:
    """As a log holds them; `times` are seconds after midnight."""
    return [
        Event(seq, "s", ("main",), 1, f"2026-01-01T00:00:{at:09.6f}+00:00", changed, "")
        for seq, (changed, at) in enumerate(zip(told, times, strict=True), 1)
    ]


MIDNIGHT = 1767225600.0


def test_a_log_brings_an_open_breaker_back_with_what_is_left_of_its_pause() -> None:
    clock, told = Clock(), Told()
    breaker = opened(clock, told)
    clock.now = 10.0
    breaker.allows()
    breaker.failed("still")
    past = recalled(facts(told, [0.0, 10.0, 11.0]))
    assert past == {"reviewer law": Past("open", "it still fails; still", 2, MIDNIGHT + 11.0)}

    later, heard = Clock(500.0), Told()
    again = Breakers(SETTINGS, later, heard.append)
    again.restore(past, lambda: MIDNIGHT + 16.0)
    assert again.states() == {"reviewer law": Open(515.0, 2, "it still fails; still")}
    assert heard == []


def test_a_log_that_ends_half_open_leaves_the_next_call_to_be_the_probe() -> None:
    clock, told = Clock(), Told()
    breaker = opened(clock, told)
    clock.now = 10.0
    breaker.allows()
    again = Breakers(SETTINGS, Clock(500.0), Told().append)
    again.restore(recalled(facts(told, [0.0, 10.0])), lambda: MIDNIGHT)
    assert again.of("reviewer law").allows()
    assert not again.of("reviewer law").allows()


def test_a_closed_breaker_comes_back_closed() -> None:
    clock, told = Clock(), Told()
    breaker = opened(clock, told)
    breaker.reset()
    past = recalled(facts(told, [0.0, 1.0]))
    assert past["reviewer law"].trips == 0
    again = Breakers(SETTINGS, clock)
    again.restore(past)
    assert again.of("reviewer law").allows()


class AnyUse(RuleBasedStateMachine):
    """However it is used, a breaker keeps its laws."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.told = Told()
        self.breaker = a_breaker(self.clock, self.told, probes=2)
        self.running = 0

    @rule(seconds=st.floats(0, 50))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def somebody_asks(self) -> None:
        before = self.breaker.state
        allowed = self.breaker.allows()
        if isinstance(before, Closed):
            assert allowed
        if isinstance(before, Open):
            assert allowed == (self.clock.now >= before.until)
        self.running += allowed

    @precondition(lambda self: self.running > 0)
    @rule(end=st.sampled_from(["succeeded", "failed", "withdrawn"]))
    def a_call_ends(self, end: str) -> None:
        self.running -= 1
        before = self.breaker.state
        if end == "failed":
            self.breaker.failed("x")
        elif end == "succeeded":
            self.breaker.succeeded()
        else:
            self.breaker.withdrawn()
        if isinstance(before, Open):
            assert self.breaker.state == before
        if isinstance(before, HalfOpen) and end == "failed":
            assert isinstance(self.breaker.state, Open)
        if isinstance(before, Closed) and end != "failed":
            assert isinstance(self.breaker.state, Closed)

    @rule()
    def a_person_resets(self) -> None:
        self.breaker.reset()
        assert self.breaker.state == Closed()

    @invariant()
    def the_last_record_names_the_state(self) -> None:
        last = self.told[-1].state if self.told else "closed"
        assert last == named(self.breaker.state)

    @invariant()
    def every_record_is_a_move_that_exists(self) -> None:
        moves = {("closed", "open"), ("open", "half-open"), ("half-open", "open")}
        moves |= {("half-open", "closed"), ("open", "closed")}
        assert set(zip(["closed", *self.told.states], self.told.states, strict=False)) <= moves

    @invariant()
    def no_pause_is_longer_than_the_longest(self) -> None:
        state = self.breaker.state
        if isinstance(state, Open):
            assert state.until - self.clock.now <= SETTINGS.max_cooldown_seconds

    @invariant()
    def a_closed_one_holds_only_what_does_not_open_it(self) -> None:
        state = self.breaker.state
        if isinstance(state, Closed):
            assert len(state.window) <= SETTINGS.window_calls

    @invariant()
    def the_words_say_whether_calls_pass(self) -> None:
        if isinstance(self.breaker.state, Closed):
            assert self.breaker.paused == ""


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
