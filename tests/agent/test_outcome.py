"""What came of a run, folded from its facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.effects import Effect, FileChange
from kedge.agent.events import (
    ActionEnded,
    ActionProposed,
    ActionStatus,
    BudgetSpent,
    CheckEnded,
    Decision,
    Event,
    Failure,
    MessageAdded,
    TurnEnded,
)
from kedge.agent.messages import Text, Usage
from kedge.agent.outcome import Outcome
from kedge.config.exit_codes import EXIT_CODES, status_of


@pytest.fixture
def fold(core):
    def folded(*bodies) -> Outcome:
        outcome = Outcome(core.started)
        for seq, body in enumerate(bodies, 1):
            outcome.add(Event(seq, "s", ("main",), 1, "t", body))
        return outcome

    return folded


@pytest.fixture
def result(fold):
    return lambda *bodies: fold(*bodies).result(duration_ms=7)


def said(text: str, model: str = "m", usd: float | None = 0.5) -> MessageAdded:
    return MessageAdded(
        "assistant", (Text(text),), model=model, usage=Usage(10, output_tokens=2), cost_usd=usd,
        duration_ms=3,
    )  # fmt: skip


def did(
    *changes: FileChange, exit_code: int | None = None, status: ActionStatus = "ok", id: str = "1"
):
    kind = "write" if changes else "run"
    return (
        ActionProposed(id, "tool", {}, (Effect(kind, "x"),)),
        ActionEnded(id, "tool", status, (), exit_code=exit_code, changes=changes),
    )


def change(path: str, kind: str, added: int = 1, removed: int = 0, moved_from: str = ""):
    return FileChange(path, kind, added, removed, moved_from, "a diff")


def test_a_run_that_did_not_end_has_failed(result):
    assert (result().status, result().exit_code) == ("failed", 1)


@pytest.mark.parametrize("status", EXIT_CODES)
def test_the_status_is_that_of_the_turn_and_has_its_exit_code(result, status):
    assert result(TurnEnded(status)).status == status
    assert result(TurnEnded(status)).exit_code == EXIT_CODES[status]
    assert status_of(EXIT_CODES[status]) == status


def test_an_exit_code_of_nobody_is_a_failure():
    assert status_of(99) == "failed"


def test_the_text_is_the_last_word_of_the_model(result):
    mine = MessageAdded("user", (Text("Is it?"),), origin="check")
    assert result(said("One."), said("Two."), mine).text == "Two."


def test_usage_is_summed_by_model(result):
    end = result(said("a", "x", 1.0), said("b", "y", 0.25), said("c", "x", 0.5))
    assert {name: (cost.calls, cost.usd) for name, cost in end.usage.items()} == {
        "x": (2, 1.5),
        "y": (1, 0.25),
    }
    assert end.usage["x"].usage == Usage(20, output_tokens=4)
    assert (end.cost_usd, end.turns, end.api_ms, end.duration_ms) == (1.75, 3, 9, 7)


def test_one_price_that_is_not_known_makes_the_sum_unknown(result):
    end = result(said("a", "x", 1.0), said("b", "y", None), said("c", "y", 0.5))
    assert (end.usage["x"].usd, end.usage["y"].usd, end.cost_usd) == (1.0, None, None)


def test_a_run_without_a_model_call_cost_nothing(result):
    assert result().cost_usd == 0.0


def test_sums_have_no_digits_that_only_binary_fractions_have(result):
    end = result(said("a", "x", 0.1), said("b", "x", 0.2), said("c", "y", 0.0012000000000000001))
    assert (end.usage["x"].usd, end.usage["y"].usd, end.cost_usd) == (0.3, 0.0012, 0.3012)


@pytest.mark.parametrize(
    ("spent", "code", "words"),
    [
        (BudgetSpent("turns", 1, 1), "turn_limit", "1 model call (limits.max_turns = 1)"),
        (BudgetSpent("turns", 3, 3), "turn_limit", "3 model calls (limits.max_turns = 3)"),
        (
            BudgetSpent("cost", 0.1 + 0.2, 0.25),
            "budget",
            "$0.3000 (limits.max_cost = 0.25)",
        ),
        (BudgetSpent("seconds", 9.0, 9.0), "budget", "9 s (limits.max_seconds = 9)"),
        (BudgetSpent("tokens", 5e6, 4e6), "budget", "5000000 tokens (limits.max_tokens = 4000000)"),
        (
            BudgetSpent("turns", 9, 9, "day"),
            "turn_limit",
            "9 model calls today (budgets.day.steps = 9)",
        ),
        (
            BudgetSpent("cost", 0.5, 0.6, "session"),
            "budget",
            "$0.5000 in this session (budgets.session.cost = 0.6); "
            "the next model call would have passed the limit",
        ),
    ],
)
def test_a_run_that_was_stopped_at_a_limit_says_at_which(result, spent, code, words):
    error = result(spent).error
    assert (error.code, error.text) == (code, f"stopped after {words}")


def test_the_error_and_the_last_outcome_of_each_check_are_kept(result):
    end = result(
        CheckEnded("tests", False), CheckEnded("types", True), CheckEnded("tests", True),
        Failure("server", "x"),
    )  # fmt: skip
    assert end.evidence.checks == (CheckEnded("tests", True), CheckEnded("types", True))
    assert end.error == Failure("server", "x")


def test_denials_are_listed_and_calls_that_made_no_sense_are_none(result):
    proposals = [ActionProposed(id, "bash", {}, ()) for id in "ab"]
    decisions = Decision("a", "deny", "mode", "no"), Decision("b", "deny", "schema", "no JSON")
    denials = result(*proposals, *decisions).denials
    assert [(denial.id, denial.tool, denial.by) for denial in denials] == [("a", "bash", "mode")]


def test_a_run_is_blocked_if_something_was_denied_and_nothing_was_changed(fold):
    denied = ActionProposed("9", "bash", {}, ()), Decision("9", "deny", "mode", "no")
    read = (
        ActionProposed("8", "read", {}, (Effect("read", "x"),)),
        ActionEnded("8", "read", "ok", ()),
    )
    assert not fold().blocked
    assert fold(*denied).blocked
    assert fold(*denied, *read).blocked
    assert not fold(*denied, *did(exit_code=0)).blocked


@pytest.mark.parametrize(
    ("changes", "net"),
    [
        ([("a", "created"), ("a", "modified")], [("a", "created", "")]),
        ([("a", "created"), ("a", "deleted")], []),
        ([("a", "modified"), ("a", "deleted")], [("a", "deleted", "")]),
        ([("a", "modified"), ("a", "modified")], [("a", "modified", "")]),
        ([("a", "modified"), ("b", "moved", "a")], [("b", "moved", "a")]),
        ([("b", "moved", "a"), ("c", "moved", "b")], [("c", "moved", "a")]),
        ([("b", "moved", "a"), ("b", "modified")], [("b", "moved", "a")]),
        ([("a", "created"), ("b", "moved", "a")], [("b", "created", "")]),
        ([("a", "deleted"), ("a", "created")], [("a", "modified", "")]),
        ([("b", "moved", "a"), ("b", "deleted")], [("a", "deleted", "")]),
        ([("b", "moved", "a"), ("a", "moved", "b")], [("a", "modified", "")]),
    ],
)
def test_the_files_changed_are_the_net_of_all_changes(result, changes, net):
    steps = [
        part
        for place, (path, kind, *moved) in enumerate(changes)
        for part in did(change(path, kind, moved_from="".join(moved)), id=str(place))
    ]
    files = result(*steps).evidence.files_changed
    assert [(file.path, file.change, file.moved_from) for file in files] == net
    assert all(file.diff == "" for file in files)


def test_lines_add_up(result):
    steps = (*did(change("a", "modified", 3, 1)), *did(change("a", "modified", 2, 2), id="2"))
    (file,) = result(*steps).evidence.files_changed
    assert (file.added, file.removed) == (5, 3)


CLAIM = "Fixed it. All tests pass now."


def claims(end):
    return end.evidence.unverified_claims


def test_a_claim_that_a_command_after_the_last_change_supports_is_verified(result):
    changed = did(change("a", "modified"))
    assert claims(result(*changed, *did(exit_code=0, id="2"), said(CLAIM))) == ()
    assert claims(result(*changed, CheckEnded("tests", True), said(CLAIM))) == ()


@pytest.mark.parametrize(
    "evidence",
    [
        (),
        did(exit_code=1, id="2"),
        (CheckEnded("tests", False),),
        did(exit_code=0, status="denied", id="2"),
    ],
)
def test_a_claim_that_nothing_supports_is_listed(result, evidence):
    changed = did(change("a", "modified"))
    found = claims(result(*changed, *evidence, said(CLAIM)))
    assert len(found) == 2
    assert "All tests pass" in found[0]
    assert "after the last change" in found[0]
    assert found[1] == "files were changed and nothing was run successfully afterwards"


def test_evidence_from_before_the_last_change_supports_nothing(result):
    steps = (*did(exit_code=0), *did(change("a", "modified"), id="2"))
    assert len(claims(result(*steps, said(CLAIM)))) == 2


def test_a_run_that_changed_nothing_and_claims_nothing_has_no_unverified_claims(result):
    assert claims(result(said("It is a list."))) == ()
    assert len(claims(result(said(CLAIM)))) == 1


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["README.md", "docs/a.RST", "notes.txt"], 0),
        (["README.md", "a.py"], 1),
        (["requirements.txt"], 1),
        (["x/CMakeLists.txt"], 1),
    ],
)
def test_only_what_can_be_run_has_to_be_run(result, paths, expected):
    steps = [part for path in paths for part in did(change(path, "modified"), id=path)]
    assert len(claims(result(*steps, said("I changed it.")))) == expected


@pytest.mark.parametrize(
    "words",
    [
        "I could not get the tests to pass.",
        "The tests should pass now.",
        "The build did not succeed.",
        "The tests don't pass.",
        "The tests won’t pass.",
        "Run the tests until they pass.",
    ],
)
def test_what_is_said_not_to_be_so_is_no_claim(result, words):
    assert claims(result(said(words))) == ()


@pytest.mark.parametrize(
    "words", ["All tests pass.", "the test suite passes", "Tests are green", "The build succeeded!"]
)
def test_words_for_success_are_claims(result, words):
    assert len(claims(result(said(words)))) == 1


@given(st.lists(st.sampled_from([*"ab. \n", "tests pass", "not"]), max_size=12).map("".join))
def test_any_text_can_be_looked_through(core, text):
    outcome = Outcome(core.started)
    outcome.add(Event(1, "s", ("main",), 1, "t", said(text)))
    assert outcome.result(duration_ms=0).text == text
