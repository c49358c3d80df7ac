"""The algebra of decisions, as laws over any validators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.effects import Effect
from kedge.agent.events import Considered
from kedge.agent.gate import MAX_MODIFICATIONS, Gate
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Allow, Ask, Deny, Modify, No, Question
from kedge.agent.validators.unattended import Unattended


class Says:
    """Always says the same; raises it if it is an exception."""

    def __init__(self, verdict, name="says"):
        self.name = name
        self.verdict = verdict
        self.heard = []

    def check(self, action):
        self.heard.append(action)
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return () if self.verdict is None else (self.verdict,)


class Rewrites:
    """Changes one argument until it is right."""

    def __init__(self, key, value, name="rewrites"):
        self.name = name
        self.key = key
        self.value = value

    def check(self, action):
        if action.arguments.get(self.key) == self.value:
            return ()
        return (Modify({**action.arguments, self.key: self.value}, f"{self.key} must be right"),)


class Judges:
    name = "judges"

    def __init__(self, judge):
        self.judge = judge

    def check(self, action):
        return (self.judge(action.arguments),)


def action(**arguments):
    return Action(ToolCall("1", "bash", "{}"), arguments, (Effect("run", "x"),))


def remake(arguments):
    return action(**arguments)


REASONS = st.text(max_size=5)
VERDICTS = st.one_of(
    st.none(),
    st.builds(Allow, REASONS),
    st.builds(Ask, REASONS),
    st.builds(Deny, REASONS),
    st.builds(RuntimeError, REASONS),
)


@given(st.lists(VERDICTS, max_size=6))
def test_deny_beats_ask_beats_allow_and_silence_asks(verdicts):
    ruling = Gate([Says(verdict) for verdict in verdicts]).review(action(), remake)
    if any(isinstance(verdict, Deny | Exception) for verdict in verdicts):
        assert ruling.outcome == "deny"
    elif any(isinstance(verdict, Ask) for verdict in verdicts):
        assert ruling.outcome == "ask"
    elif any(isinstance(verdict, Allow) for verdict in verdicts):
        assert ruling.outcome == "allow"
    else:
        assert (ruling.outcome, ruling.by) == ("ask", "gate")


@given(st.lists(VERDICTS, max_size=6).flatmap(lambda v: st.tuples(st.just(v), st.permutations(v))))
def test_the_outcome_does_not_depend_on_the_order(orders):
    one, other = (
        Gate([Says(verdict) for verdict in order]).review(action(), remake) for order in orders
    )
    assert one.outcome == other.outcome


@given(st.lists(VERDICTS, max_size=6), VERDICTS)
def test_one_more_voice_never_loosens_a_deny_or_an_ask(verdicts, more):
    rank = {"allow": 0, "ask": 1, "deny": 2}
    before = Gate([Says(verdict) for verdict in verdicts]).review(action(), remake)
    after = Gate([Says(verdict) for verdict in [*verdicts, more]]).review(action(), remake)
    spoken = any(verdict is not None for verdict in verdicts)
    assert not spoken or rank[after.outcome] >= rank[before.outcome]


@given(st.lists(VERDICTS, max_size=6))
def test_the_one_who_decided_said_so(verdicts):
    voices = [Says(verdict, f"v{place}") for place, verdict in enumerate(verdicts)]
    ruling = Gate(voices).review(action(), remake)
    said = {one.by: one for one in ruling.considered}
    assert ruling.by == "gate" or said[ruling.by].verdict == ruling.outcome
    assert ruling.by == "gate" or said[ruling.by].reason == ruling.reason


@given(st.lists(VERDICTS, max_size=4), st.lists(VERDICTS, max_size=4), st.booleans(), st.booleans())
def test_a_child_never_may_more_than_its_parent(above, below, parent_asks, child_asks):
    rank = {"allow": 0, "ask": 1, "deny": 2}
    parent = Gate([Says(verdict) for verdict in above], asks=parent_asks)
    own = Gate([Says(verdict) for verdict in below], asks=child_asks)
    child = Gate([Says(verdict) for verdict in below], asks=child_asks, parent=parent)
    ruling = child.review(action(), remake)
    for one in (parent, own):
        assert rank[ruling.outcome] >= rank[one.review(action(), remake).outcome]


def test_what_a_child_modified_is_what_its_parent_judges():
    parent = Gate([Judges(lambda arguments: Deny("no b") if arguments["x"] == "b" else Allow())])
    child = Gate([Rewrites("x", "b"), Says(Allow())], parent=parent)
    ruling = child.review(action(x="a"), remake)
    assert (ruling.outcome, ruling.reason, ruling.modified) == ("deny", "no b", True)


def test_a_validator_that_raises_denies_and_says_what_happened():
    ruling = Gate([Says(Allow()), Says(KeyError("mode"), "broken")]).review(action(), remake)
    assert ruling.outcome == "deny"
    assert ruling.by == "broken"
    assert ruling.reason == "the validator failed: KeyError: 'mode'"


@pytest.mark.parametrize("nonsense", [True, "allow", object, ["deny"]])
def test_a_validator_that_says_something_else_denies(nonsense):
    ruling = Gate([Says(Allow()), Says(nonsense)]).review(action(), remake)
    assert ruling.outcome == "deny"
    assert "is no verdict" in ruling.reason


@pytest.mark.parametrize("nothing", [None, 3])
def test_a_validator_that_does_not_answer_with_verdicts_denies(nothing):
    class Mute:
        name = "mute"

        def check(self, action):
            return nothing

    assert Gate([Says(Allow()), Mute()]).review(action(), remake).outcome == "deny"


def test_nobody_after_a_deny_is_asked():
    after = Says(Allow())
    Gate([Says(Deny("no")), after]).review(action(), remake)
    assert after.heard == []


def test_the_rule_that_decided_is_named():
    ruling = Gate([Says(Deny("no", rule="bash(rm *) rules.toml:3"))]).review(action(), remake)
    assert ruling.rule == "bash(rm *) rules.toml:3"


def test_modified_arguments_are_judged_again_from_the_start():
    first = Judges(lambda arguments: Deny("not b") if arguments["x"] == "b" else Allow())
    gate = Gate([first, Rewrites("x", "b")])
    ruling = gate.review(action(x="a"), remake)
    assert ruling.outcome == "deny"
    assert ruling.reason == "not b"
    assert ruling.modified
    assert ruling.action.arguments == {"x": "b"}
    assert [one.verdict for one in ruling.considered] == ["allow", "modify", "deny"]


@given(st.permutations(["a", "b", "c"]))
def test_several_modifications_add_up_in_any_order(keys):
    gate = Gate([*(Rewrites(key, 1) for key in keys), Says(Allow())])
    ruling = gate.review(action(), remake)
    assert ruling.outcome == "allow"
    assert ruling.action.arguments == {"a": 1, "b": 1, "c": 1}


def test_a_modification_that_changes_nothing_is_not_marked_as_one():
    ruling = Gate([Rewrites("x", 1), Says(Allow())]).review(action(x=1), remake)
    assert not ruling.modified
    assert ruling.considered == (Considered("says", "allow"),)


def test_validators_that_never_agree_on_the_arguments_deny():
    rulings = Gate([Rewrites("x", 1), Rewrites("x", 2)]).review(action(), remake)
    assert (rulings.outcome, rulings.by) == ("deny", "gate")
    assert len(rulings.considered) == MAX_MODIFICATIONS


def test_modified_arguments_that_do_not_fit_deny():
    def refuse(arguments):
        raise ValueError("x must be small")

    ruling = Gate([Rewrites("x", 1), Says(Allow())]).review(action(), refuse)
    assert ruling.outcome == "deny"
    assert ruling.reason == "the modified arguments do not fit: x must be small"


async def test_where_nobody_can_be_asked_the_answer_is_no_and_says_what_would_help():
    question = Question(action(), "gate", "`make`: nobody knows it", (0,), ("bash(make)",))
    approval = await Unattended().decide(question)
    assert isinstance(approval.answer, No)
    assert approval.by == "unattended"
    assert "`make`: nobody knows it" in approval.answer.message
    assert "--allow 'bash(make)'" in approval.answer.message


def test_what_nobody_allows_has_a_voice_of_its_own_in_what_was_heard():
    effects = (Effect("read", "/w/a"), Effect("write", "/w/a"), Effect("write", "/w/b"))
    written = Action(ToolCall("1", "write", "{}"), {}, effects)
    ruling = Gate([Says(Allow("mode ask allows it", (0,)), "mode")]).review(written, remake)
    assert ruling.considered == (
        Considered("mode", "allow", "mode ask allows it", effects=(0,)),
        Considered("gate", "ask", "nothing allows writing /w/a", effects=(1,)),
        Considered("gate", "ask", "nothing allows writing /w/b", effects=(2,)),
    )
    assert (ruling.outcome, ruling.effects) == ("ask", (1, 2))
