"""What each mode lets through in a one-shot run, where nobody can be asked."""

import re
import shlex
import subprocess

import pytest

from e2e.gated import Model, bash, write
from e2e.process import Kedge
from e2e.remotes import REMOTES
from loopback.script import Call

EDIT = Call("edit", {"file_path": "a.txt", "old_string": "one", "new_string": "two"})
READ = Call("read", {"file_path": "a.txt"})
TESTS = "python3 -m unittest -q"
CALLS = {
    "read": READ,
    "look": bash("ls -la && cat a.txt | head -1"),
    "write": write("made.txt"),
    "unknown": bash(TESTS),
    "outside": write("/etc/kedge-made"),
    "reach": bash("curl https://example.com"),
    "dangerous": bash("git push --force origin main"),
    "opaque": bash('eval "$(cat a.txt)"'),
}
ALLOWED = {
    "plan": {"read", "look"},
    "ask": {"read", "look"},
    "auto": {"read", "look", "write", "unknown"},
}


@pytest.fixture(autouse=True)
def files(kedge: Kedge) -> None:
    (kedge.cwd / "a.txt").write_text("one\n")


@pytest.mark.parametrize("mode", ALLOWED)
def test_a_mode_lets_through_what_it_says_and_a_refusal_says_what_would_help(
    model: Model, mode: str
) -> None:
    ran = model.run(*CALLS.values(), options=("--mode", mode))
    outcomes = dict(zip(CALLS, model.decisions, strict=True))
    assert {name for name, (outcome, _) in outcomes.items() if outcome == "allow"} == ALLOWED[mode]
    assert ran.code == (0 if mode == "auto" else 6)
    assert (model.kedge.cwd / "made.txt").exists() == (mode == "auto")
    refused = [one for one in model.of("decision") if one["outcome"] == "deny"]
    for decision in refused:
        if decision["by"] == "unattended":
            assert "nobody can be asked in this run" in str(decision["reason"])
        assert str(decision["reason"]) in " ".join(map(str, model.of("action.ended")))


def test_auto_edits_a_file_and_runs_tests_without_a_question(model: Model) -> None:
    cwd = model.kedge.cwd
    subprocess.run(["git", "init", "-q", cwd], check=True)
    (cwd / "test_a.py").write_text(
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        self.assertEqual(open('a.txt').read(), 'two\\n')\n"
    )
    ran = model.run(READ, EDIT, bash(TESTS), options=("--mode", "auto"))
    assert (ran.code, ran.answer) == (0, "Ok.\n")
    assert [outcome for outcome, _ in model.decisions] == ["allow"] * 3
    assert [one.get("exit_code") for one in model.of("action.ended")] == [None, None, 0]


@pytest.mark.parametrize(
    "call",
    [
        bash("make install"),
        bash("touch made.txt"),
        bash("echo hi > 'out put.txt'"),
        bash("make -s test && ls"),
        bash("printf '%s\\n' \"it's\" | tee made.txt"),
        write("made.txt"),
        write("sub dir/[x]*.txt"),
        Call("edit", {"file_path": "b.txt", "old_string": "", "new_string": "x"}),
    ],
    ids=str,
)
def test_the_very_option_that_a_refusal_names_lets_it_through(model: Model, call: Call) -> None:
    ran = model.run(call, options=("--mode", "ask"))
    assert ran.code == 6
    (decision,) = model.of("decision")
    assert (decision["outcome"], decision["by"]) == ("deny", "unattended")
    named = re.search(r"with (--allow .+)", str(decision["reason"]))
    assert named, decision["reason"]
    assert named[1] in ran.complaint
    again = model.run(call, options=("--mode", "ask", *shlex.split(named[1])))
    ((outcome, by),) = model.decisions
    assert (again.code, outcome) == (0, "allow")
    assert "rules" in str(by)


def test_full_asks_nothing_and_what_is_denied_stays_denied(model: Model) -> None:
    ran = model.run(
        bash("touch made.txt"), bash("rm -rf /"), bash("rm -rf ~"), bash("touch no.txt"),
        options=("--mode", "full", "--deny", "bash(touch no.txt)"),
    )  # fmt: skip
    assert [outcome for outcome, _ in model.decisions] == ["allow", "deny", "deny", "deny"]
    assert ran.code == 0
    assert (model.kedge.cwd / "made.txt").exists() and not (model.kedge.cwd / "no.txt").exists()


def test_on_ask_fail_ends_the_run_at_the_first_question_with_7(model: Model) -> None:
    ran = model.stopped(
        READ, bash("touch made.txt"), bash("touch more.txt"), options=("--on-ask", "fail")
    )
    assert ran.code == 7
    assert "--allow 'bash(touch made.txt)'" in ran.complaint
    assert [outcome for outcome, _ in model.decisions] == ["allow", "deny"]
    assert len(model.server.requests) == 2
    assert not (model.kedge.cwd / "made.txt").exists()


def test_on_ask_fail_does_nothing_where_nothing_is_asked(model: Model) -> None:
    ran = model.run(READ, options=("--on-ask", "fail"))
    assert (ran.code, ran.answer) == (0, "Ok.\n")


def test_somebody_is_to_be_asked_where_nobody_is(model: Model) -> None:
    ran = model.kedge("-p", "Go.", "-m", "anthropic/claude-sonnet-5-5", "--on-ask", "ask")
    assert ran.code == 2 and "no terminal" in ran.complaint


@pytest.mark.parametrize("mode", ["plan", "ask", "auto", "full"])
def test_a_deny_rule_holds_in_every_mode_and_for_every_way_to_write(
    model: Model, mode: str
) -> None:
    model.remote = REMOTES["responses"]
    patch = "*** Begin Patch\n*** Add File: secret/b\n+x\n*** End Patch"
    ran = model.run(
        write("secret/a"), bash("echo x > secret/a"), bash("echo x | tee secret/a"),
        Call("apply_patch", {"patch": patch}), bash("mkdir -p secret && cp a.txt secret/a"),
        options=("--mode", mode, "--deny", "edit(secret/**)"),
    )  # fmt: skip
    assert ran.code == 6
    assert [outcome for outcome, _ in model.decisions] == ["deny"] * 5
    assert {by for _, by in model.decisions} == {"mode" if mode == "plan" else "rules"}
    assert not (model.kedge.cwd / "secret").exists()
