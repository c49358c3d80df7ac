"""Questions to a person at a real terminal, and what each answer means later."""

import os
import pty
import shutil
import signal
import subprocess

import pytest

from e2e.gated import Model, bash, write
from e2e.person import Person
from e2e.process import COMMAND, PATIENCE, Kedge, alive, lines, marked, wait_until
from loopback.script import Call, Expect, turn

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@pytest.fixture(autouse=True)
def tool(kedge: Kedge) -> None:
    """A program that nobody knows."""
    file = kedge.cwd / "tool"
    file.write_text('#!/bin/sh\necho "$@" >> ran.txt\n')
    file.chmod(0o755)


def ran(kedge: Kedge) -> list[str]:
    """What the program was run with."""
    file = kedge.cwd / "ran.txt"
    return file.read_text().splitlines() if file.exists() else []


def test_each_answer_holds_as_far_as_it_says(model: Model, person: Person) -> None:
    kedge = model.kedge
    told = Expect(last_contains="the person said no: use ninja")
    person.starts(*model.options(
        bash("./tool once"), bash("./tool once"), bash("./tool once"),
        bash("./tool project"), bash("./tool user"), bash("./tool user"),
        bash("./tool no"), bash("./tool words"),
        turn(bash("./tool six a"), expect=told), bash("./tool six b"),
    ), "-p", "Go.")  # fmt: skip
    question = person.presses("1")
    for shown in ("bash(./tool once)", "./tool once", "2 this session", "asked by gate"):
        assert shown in question
    person.presses("2")
    person.presses("3")
    person.presses("4")
    person.presses("n")
    person.presses("6", "use ninja")
    person.presses("e", "bash(./tool six *)")
    person.sees("2 session · 3 project")
    person.screen.press("2")
    person.ends(0)
    assert ran(kedge) == ["once"] * 3 + ["project", "user", "user", "six a", "six b"]
    decisions = model.of("decision")
    voices = [(one["outcome"], one["by"]) for one in decisions]
    yes, no, known = ("allow", "person"), ("deny", "person"), ("allow", "grants")
    assert voices == [yes, yes, known, yes, yes, known, no, no, yes, known]
    assert [one.get("asked", False) for one in decisions] == [by != known for by in voices]
    assert all(int(str(one["waited_ms"])) > 400 for one in decisions if one.get("asked"))
    assert decisions[8]["grant"] == {"scope": "session", "rules": ["bash(./tool six *)"]}

    listed = kedge("grants", "list", "--json").records
    assert [(one["scope"], one["rule"]) for one in listed] == [
        ("project", "bash(./tool project)"), ("user", "bash(./tool user)"),
    ]  # fmt: skip

    # The next run knows what was allowed for good, the session when it goes on the rest as well.
    calls = [bash(f"./tool {word}") for word in ("once", "project", "user", "six c")]
    model.run(*calls)
    denied = ("deny", "unattended")
    assert model.decisions == [denied, known, known, denied]
    first = min(kedge.logs, key=lambda log: log.stat().st_mtime_ns)
    before = len(decisions)
    model.run(*calls, options=("-r", first.stem))
    assert model.decisions[before:] == [known] * 4

    # Elsewhere only what was allowed for everywhere counts.
    other = kedge.cwd.parent / "other"
    shutil.copytree(kedge.cwd, other)
    model.run(*calls, options=("-C", str(other)))
    assert model.decisions == [denied, denied, known, denied]

    assert kedge("grants", "revoke", str(listed[0]["id"])).code == 0
    model.run(*calls)
    assert model.decisions == [denied, denied, known, denied]
    assert kedge("grants", "revoke", str(listed[0]["id"])).code == 2
    assert kedge("grants", "revoke", "--all").code == 0
    assert kedge("grants", "list", "--json").out == b""


def test_questions_of_one_answer_come_one_after_another(model: Model, person: Person) -> None:
    batch = turn(*(bash(f"./tool {n}", f"call_{n}") for n in range(3)), write("made"))
    person.starts(*model.options(batch), "-p", "Go.")
    assert "./tool 0" in person.presses("1")
    assert "./tool 1" in person.presses("5")
    assert "./tool 2" in person.presses("y")
    assert "writes" in person.presses("5")
    person.ends(0)
    assert ran(model.kedge) == ["0", "2"]
    assert [outcome for outcome, _ in model.decisions] == ["allow", "deny", "allow", "deny"]
    assert [one["id"] for one in model.of("action.ended")][:3] == ["call_0", "call_1", "call_2"]


def test_one_key_says_no_to_all_questions_of_one_answer(model: Model, person: Person) -> None:
    reads = [Call("read", {"file_path": name}) for name in ("one", "two")]
    batch = turn(*reads, bash("./tool a"), bash("./tool b"))
    asking = ("--set", "rules.ask=['read(*)']")
    person.starts(*model.options(batch), "-p", "Go.", *asking)
    first = person.presses("1")
    assert "1 of 3 · read" in first
    for words in ("then: read", "then: bash: `./tool a`", "to come: bash ./tool b"):
        assert words in first
    second = person.presses("7")
    assert "2 of 3 · read" in second
    assert "7 no to all" in second
    person.ends(6)
    assert ran(model.kedge) == []
    assert [outcome for outcome, _ in model.decisions] == ["allow", "deny", "deny", "deny"]


def test_keys_pressed_before_a_question_appeared_answer_nothing(
    model: Model, person: Person
) -> None:
    (model.kedge.cwd / "go.sh").write_text("until test -e go; do sleep 0.01; done\n")
    person.starts(*model.options(bash("sh go.sh"), bash("./tool x")), "-p", "Go.", "--mode", "ask",
                  "--allow", "bash(sh go.sh)")  # fmt: skip
    person.sees("▸ bash sh go.sh")
    person.screen.press("1")
    (model.kedge.cwd / "go").touch()
    person.is_asked()
    person.screen.press("Up")
    person.screen.press("x")
    assert "./tool x" in person.presses("5")
    person.ends(0)
    assert ran(model.kedge) == []


def test_ctrl_c_at_a_question_ends_the_run_and_the_session_goes_on(
    model: Model, person: Person
) -> None:
    kedge = model.kedge
    batch = turn(bash("./tool 1", "one"), bash("./tool 2", "two"))
    person.starts(*model.options(batch, allow_unused=True), "-p", "Go.")
    person.is_asked()
    person.screen.press("C-c")
    text = person.ends(130)
    assert "Traceback" not in text
    assert ran(kedge) == [] and marked(kedge.home) == []
    assert kedge.log[-1]["exit_code"] == 130
    assert [one["status"] for one in model.of("action.ended")] == ["cancelled"] * 2
    # The terminal is as it was: what is typed is seen.
    person.screen.type("echo typed")
    person.sees("\ntyped")
    again = model.kedge(*model.options(bash("./tool 1")), "-c", "-p", "Again.",
                        "--allow", "bash(./tool *)")  # fmt: skip
    assert (again.code, ran(kedge)) == (0, ["1"])


def test_a_terminal_that_closes_at_a_question_leaves_nothing(model: Model, person: Person) -> None:
    kedge = model.kedge
    person.starts(*model.options(bash("./tool 1"), allow_unused=True), "-p", "Go.")
    person.is_asked()
    person.screen.close()
    wait_until(lambda: kedge.log[-1]["kind"] == "result", "the log is complete")
    assert ran(kedge) == []
    assert ("allow", "person") not in model.decisions
    wait_until(lambda: not alive(model.server.url), "kedge is gone")
    assert marked(kedge.home) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_a_question_ends_the_run_in_order(
    model: Model, number: signal.Signals, code: int
) -> None:
    terminal, line = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *model.options(bash("./tool 1"), allow_unused=True), "-p", "Go."],
        cwd=model.kedge.cwd, env={**model.kedge.env, "TERM": "xterm"},
        stdin=line, stdout=line, stderr=line, start_new_session=True,
    )  # fmt: skip
    os.close(line)
    try:
        shown = b""
        while b"1 once" not in shown:
            shown += os.read(terminal, 65_536)
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE) == code
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
    kinds = [record["kind"] for record in model.records]
    assert kinds[-3:] == ["action.ended", "turn.ended", "result"]
    assert "decision" not in kinds
    assert ran(model.kedge) == []


def test_a_change_is_shown_before_it_is_allowed(model: Model, person: Person) -> None:
    (model.kedge.cwd / "a.txt").write_text("one\n")
    edit = Call("edit", {"file_path": "a.txt", "old_string": "one", "new_string": "two"})
    person.starts(*model.options(Call("read", {"file_path": "a.txt"}), edit), "-p", "Go.")
    question = person.presses("1")
    assert "one" in question and "two" in question
    assert "edit(/a.txt)" in question
    person.ends(0)
    assert (model.kedge.cwd / "a.txt").read_text() == "two\n"


def test_what_a_rule_demands_is_asked_each_time_and_offers_nothing_for_good(
    model: Model, person: Person
) -> None:
    asks = ("--set", 'rules.ask=["bash(./tool *)"]', "--allow", "bash(./tool *)")
    person.starts(*model.options(bash("./tool 1"), bash("./tool 2")), "-p", "Go.", *asks)
    assert "2 this session" not in person.presses("1")
    person.presses("1")
    person.ends(0)
    assert ran(model.kedge) == ["1", "2"]
    assert "rules.ask" in str(model.of("decision")[0])


def test_a_rule_that_is_none_is_asked_for_again(model: Model, person: Person) -> None:
    person.starts(*model.options(bash("./tool 1"), bash("./tool 2")), "-p", "Go.")
    person.presses("e", "bash(./tool *")
    person.sees("a rule is written")
    person.screen.type("bash(./tool *)")
    person.sees("2 session · 3 project")
    person.screen.press("4")
    assert "Traceback" not in person.ends(0)
    assert ran(model.kedge) == ["1", "2"]
    (grant,) = model.kedge("grants", "list", "--json").records
    assert (grant["scope"], grant["rule"]) == ("user", "bash(./tool *)")


def test_ctrl_c_while_words_are_typed_leaves_the_terminal_as_it_was(
    model: Model, person: Person
) -> None:
    person.starts(*model.options(bash("./tool 1"), allow_unused=True), "-p", "Go.")
    person.presses("6")
    person.sees("What should it do instead?")
    person.screen.press("C-c")
    person.ends(130)
    person.screen.type("echo typed")
    person.sees("\ntyped")
    assert ran(model.kedge) == []


def test_nobody_is_asked_where_the_output_is_for_programs(model: Model, person: Person) -> None:
    person.starts(*model.options(bash("./tool 1")), "-p", "Go.", "--output-format", "stream-json")
    assert "1 once" not in person.ends(6)
    assert model.decisions == [("deny", "unattended")]


def test_a_stream_names_each_question_with_its_answer(model: Model, person: Person) -> None:
    person.starts(*model.options(bash("./tool 1")), "-p", "Go.")
    person.presses("2")
    person.ends(0)
    (log,) = model.kedge.logs
    (decision,) = [one for one in lines(log.read_bytes()) if one["kind"] == "decision"]
    assert decision["grant"] == {"scope": "session", "rules": ["bash(./tool 1)"]}
    assert decision["asked"] is True
