"""Loops, budgets and circuit breakers in real runs."""

import shutil
import sys

import pytest

from e2e.gated import Model, bash, write
from e2e.person import Person
from e2e.process import Kedge
from loopback.script import Call, Expect, Fault, Turn, Usage, turn

MISSING = Call("read", {"file_path": "nowhere.txt"})
NOTED = "this is the same call with the same result for the"


def test_a_model_that_repeats_itself_is_told_then_refused_then_stopped(model: Model) -> None:
    ran = model.stopped(*[MISSING] * 10, options=("--mode", "full"))
    assert (ran.code, model.records[-1]["status"]) == (11, "loop")
    assert len(model.server.requests) == 8
    ends = [str(one["content"]) for one in model.of("action.ended")]
    assert [NOTED in end for end in ends] == [False] * 2 + [True] * 5 + [False]
    assert model.of("action.ended")[-1]["status"] == "cancelled"
    assert model.decisions[-1] == ("deny", "gate")
    assert "read" in ran.complaint and "8 times" in ran.complaint


def test_the_question_about_a_loop_is_denied_where_nobody_is(model: Model) -> None:
    model.stopped(*[MISSING] * 10)
    asked = [one for one in model.of("decision") if one["by"] == "unattended"]
    assert asked and "the same call gave the same result" in str(asked[0]["reason"])
    assert model.records[-1]["exit_code"] == 11


def test_a_circle_of_several_calls_is_noticed(model: Model) -> None:
    circle = [write("a.txt", "one\n"), Call("edit", {"file_path": "a.txt", "old_string": "one",
              "new_string": "two"}), bash("cat a.txt")]  # fmt: skip
    ran = model.stopped(*circle * 10, options=("--mode", "auto"))
    assert ran.code == 11


def test_work_that_gets_on_is_no_loop(model: Model) -> None:
    (model.kedge.cwd / "more.sh").write_text("echo x >> n.txt; wc -l n.txt\n")
    ran = model.run(*[bash("sh more.sh")] * 10, options=("--mode", "auto"))
    assert ran.code == 0
    assert not any(NOTED in str(one["content"]) for one in model.of("action.ended"))


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_person_is_asked_about_a_loop(model: Model, person: Person) -> None:
    options = model.options(*[bash("ls")] * 3, allow_unused=True)
    person.starts(*options, "-p", "Go.", "--set", "loops.ask_at=3")
    question = person.presses("5")
    assert "the same call gave the same result 2 times" in question
    assert "2 this session" not in question
    person.ends(6)


def spending(*calls: Call, tokens: int = 1000) -> list[Turn]:
    """A turn for each call, which uses so many tokens."""
    return [turn(call, usage=Usage(tokens - 10, output_tokens=10)) for call in calls]


GLOBS = [Call("glob", {"pattern": f"*{n}"}) for n in range(6)]


@pytest.mark.parametrize(
    ("options", "code", "resource", "scope"),
    [
        (("--set", "limits.max_tokens=2500"), 8, "tokens", "run"),
        (("--set", "budgets.turn.tokens=2500"), 8, "tokens", "turn"),
        (("--set", "budgets.session.tokens=2500"), 8, "tokens", "session"),
        (("--max-cost", "0.008"), 8, "cost", "run"),
        (("--set", "budgets.project.cost=0.008"), 8, "cost", "project"),
        (("--max-turns", "3"), 9, "turns", "run"),
        (("--set", "budgets.session.steps=3"), 9, "turns", "session"),
    ],
    ids=str,
)  # fmt: skip
def test_a_limit_ends_the_run_with_its_code(
    model: Model, options: tuple[str, ...], code: int, resource: str, scope: str
) -> None:
    ran = model.stopped(*spending(*GLOBS), options=options)
    assert ran.code == code, ran.complaint
    hard = [one for one in model.of("budget") if one["level"] == "hard"]
    assert [(one["name"], one["scope"]) for one in hard] == [(resource, scope)]
    assert len(model.server.requests) < 6
    assert len(model.of("decision")) == len(model.of("action.ended"))


def test_one_is_told_before_a_limit_is_reached(model: Model) -> None:
    told = turn("Finished.", expect=Expect(last_contains="Most of what you may spend is used"))
    ran = model.kedge(
        *model.options(*spending(*GLOBS[:2]), told, allow_unused=True), "-p", "Go.",
        "--set", "limits.max_tokens=4000", "--set", "limits.soft=0.5",
    )  # fmt: skip
    assert (ran.code, ran.answer) == (0, "Finished.\n")
    (soft,) = model.of("budget")
    assert (soft["name"], soft["level"], soft["spent"]) == ("tokens", "soft", 2000)


def test_a_session_goes_on_counting_when_it_is_resumed(model: Model) -> None:
    limit = ("--set", "budgets.session.tokens=3500")
    assert model.run(*spending(GLOBS[0]), options=limit).code == 0
    assert model.run(*spending(GLOBS[1]), options=(*limit, "-c")).code == 0
    ran = model.stopped(*spending(*GLOBS), options=(*limit, "-c"))
    assert ran.code == 8


def test_the_day_is_counted_over_runs_and_projects(model: Model) -> None:
    limit = ("--set", "budgets.day.tokens=16000")
    assert model.run(*spending(GLOBS[0], tokens=6000), options=limit).code == 0
    other = model.kedge.cwd.parent / "other"
    other.mkdir()
    ran = model.stopped(*spending(*GLOBS, tokens=6000), options=(*limit, "-C", str(other)))
    assert ran.code == 8 and "today" in ran.complaint
    assert len(model.server.requests) == 1
    hard = [one for one in model.of("budget") if one["level"] == "hard"]
    assert [(one["name"], one["scope"]) for one in hard] == [("tokens", "day")]
    assert model.run(*spending(GLOBS[0])).code == 0


def test_a_project_may_only_lower_a_limit(model: Model) -> None:
    folder = model.kedge.cwd / ".kedge"
    folder.mkdir()
    (folder / "config.toml").write_text("[limits]\nmax_turns = 2\nmax_cost = 100.0\n")
    ran = model.stopped(*spending(*GLOBS), options=("--set", "limits.max_cost=0.001"))
    assert ran.code in (8, 9) and len(model.server.requests) <= 2


def failing(model: Model, *more: str) -> int:
    """The exit code of a run whose provider is out of order."""
    down = turn("x", fault=Fault("status", status=529))
    return model.kedge(*model.options(down, allow_unused=True), "-p", "Go.", *more).code


ONCE = ("--set", "retry.attempts=1", "--set", "breakers.minimum_calls=1")


def test_a_provider_that_fails_is_left_alone_also_by_the_next_run_of_the_session(
    model: Model,
) -> None:
    assert failing(model, *ONCE) == 75
    (opened,) = model.of("breaker")
    assert opened["name"] == "provider anthropic/claude-sonnet-5-5"
    assert opened["state"] == "open" and "until it recovers" in str(opened["reason"])
    ran = model.kedge(*model.options(allow_unused=True), "-p", "Go.", "-c", *ONCE)
    assert ran.code == 75 and "left alone for now" in ran.complaint
    assert model.server.requests == []
    # A new session is not concerned.
    assert model.run(options=ONCE).code == 0


def test_after_its_pause_a_provider_is_tried_again(model: Model) -> None:
    short = (*ONCE, "--set", "breakers.cooldown_seconds=0.001")
    assert failing(model, *short) == 75
    assert model.run(options=("-c", *short)).code == 0
    assert [one["state"] for one in model.of("breaker")] == ["open", "half-open", "closed"]


def test_a_wrong_key_says_nothing_about_the_provider(model: Model) -> None:
    wrong = turn("x", fault=Fault("status", status=401))
    ran = model.kedge(*model.options(wrong, allow_unused=True), "-p", "Go.", *ONCE)
    assert ran.code == 4
    assert model.of("breaker") == []


def test_a_hook_that_keeps_failing_is_left_out_and_what_it_would_block_is_asked(
    model: Model, kedge: Kedge
) -> None:
    config = kedge.home / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text(
        '[[hooks]]\nevent = "before_tool"\non_failure = "block"\nname = "guard"\n'
        f'command = ["{sys.executable}", "-c", "raise SystemExit(1)"]\n'
    )
    model.run(*GLOBS[:5])
    denied = [str(one["reason"]) for one in model.of("decision")]
    assert [outcome for outcome, _ in model.decisions] == ["deny"] * 5
    assert ["circuit breaker is open" in reason for reason in denied] == [False] * 3 + [True] * 2
    assert [by for _, by in model.decisions[3:]] == ["unattended"] * 2
    (opened,) = model.of("breaker")
    assert "guard" in str(opened["name"]) and opened["state"] == "open"
