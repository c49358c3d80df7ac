"""The error rate of a judge: what persons answered against what it had said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.events import ActionProposed, Considered, Decision, Event
from kedge.agent.reviewers.agreement import Agreement, agreement


class Log:
    """Decisions of a session, one after the other."""

    def __init__(self):
        self.events = []

    def decide(self, said, outcome, *, asked, command="make", session="s", by="model"):
        id = str(len(self.events))
        voices = tuple(Considered(by, one) for one in said.split())
        for body in (
            ActionProposed(id, "bash", {"command": command}, ()),
            Decision(id, outcome, "person" if asked else by, "", considered=voices, asked=asked),
        ):
            ts = "2026-01-01T00:00:00+00:00"
            self.events.append(Event(len(self.events), session, ("main",), 1, ts, body, ""))

    @property
    def model(self):
        return agreement(self.events).get("model")


@pytest.mark.parametrize(
    ("said", "outcome", "expected"),
    [
        ("allow", "allow", Agreement(1, 0, 1, 0, 0)),
        ("allow", "deny", Agreement(1, 0, 1, 1, 0)),
        ("ask", "allow", Agreement(1, 0, 1, 0, 1)),
        ("ask", "deny", Agreement(1, 0, 1, 0, 0)),
        ("unavailable", "deny", Agreement(0, 1, 0, 0, 0)),
        ("modify allow", "deny", Agreement(1, 0, 1, 1, 0)),
    ],
)
def test_a_persons_answer_in_the_same_decision_counts(said, outcome, expected):
    log = Log()
    log.decide(said, outcome, asked=True)
    assert log.model == expected


def test_a_later_answer_on_the_same_call_counts_for_what_was_said_before():
    log = Log()
    log.decide("deny", "deny", asked=False)
    log.decide("deny", "deny", asked=False, command="other")
    assert log.model == Agreement(verdicts=2)
    log.decide("", "allow", asked=True)
    assert log.model == Agreement(verdicts=2, answered=1, overruled=1)
    assert log.model.error_rate == 1.0


def test_an_answer_counts_once_and_in_its_own_session_only():
    log = Log()
    log.decide("deny", "deny", asked=False)
    log.decide("", "allow", asked=True, session="another")
    assert log.model == Agreement(verdicts=1)
    log.decide("", "allow", asked=True)
    log.decide("", "allow", asked=True)
    assert log.model.answered == 1


def test_where_nobody_was_asked_there_is_no_rate():
    log = Log()
    assert log.model is None
    log.decide("allow", "allow", asked=False)
    assert log.model.error_rate is None


def test_voices_are_kept_apart():
    log = Log()
    log.decide("allow", "deny", asked=True)
    log.decide("allow", "allow", asked=True, by="hook lint")
    rates = {name: one.error_rate for name, one in agreement(log.events).items()}
    assert rates == {"model": 1.0, "hook lint": 0.0}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["allow", "ask", "deny", "unavailable"]),
            st.sampled_from(["allow", "deny"]),
            st.booleans(),
            st.sampled_from(["make", "test"]),
        ),
        max_size=30,
    )
)
def test_no_more_is_answered_than_was_said(decisions):
    log = Log()
    for said, outcome, asked, command in decisions:
        log.decide(said, outcome, asked=asked, command=command)
    found = log.model or Agreement()
    assert found.verdicts + found.failures == len(decisions)
    assert found.overruled + found.needless <= found.answered <= found.verdicts
