"""Leaving the sandbox: exactly what it kept a command from, once, and only on a person's word."""

import shutil
from pathlib import Path

import pytest

from e2e.gated import Model, bash
from e2e.person import Person

needs_terminal = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
AUTO = ("--mode", "auto")
SHOW = bash("sh show.sh")
KEPT = ".vscode/settings.json"


@pytest.fixture(autouse=True)
def files(model: Model) -> None:
    """Scripts of which nobody can tell what they touch."""
    cwd = model.kedge.cwd
    (cwd / ".env").write_text("COLOUR=chartreuse\n")
    (cwd / "show.sh").write_text("cat .env\n")
    (cwd / ".vscode").mkdir()
    (cwd / "plant.sh").write_text(f"echo hello > {KEPT}\n")
    (cwd / "fetch.sh").write_text(
        "echo 'curl: (6) Could not resolve host: example.com' >&2; exit 6\n"
    )


def escalations(model: Model) -> list[tuple[object, object]]:
    """Outcome and voice of each decision on an escalation."""
    return [
        (one["outcome"], one["by"])
        for one in model.of("decision")
        if str(one["id"]).endswith(".escalate")
    ]


@needs_terminal
def test_what_was_allowed_once_works_once_and_is_asked_again(model: Model, person: Person) -> None:
    person.starts(*model.options(SHOW, SHOW), "-p", "Go.", *AUTO)
    question = person.presses("1")
    assert "the sandbox kept this" in question
    assert f"reads {model.kedge.cwd / '.env'}" in question
    assert "2 this session" not in question
    person.presses("5")
    person.ends(0)
    assert escalations(model) == [("allow", "person"), ("deny", "person")]
    first, second = [one for one in model.of("action.ended") if one["tool"] == "bash"]
    assert "chartreuse" in str(first) and "chartreuse" not in str(second)
    assert (first["exit_code"], second["exit_code"]) == (0, 1)
    (offered, _) = [one for one in model.of("action.proposed") if one["tool"] == "escalate"]
    assert offered["effects"] == [{"kind": "read", "target": str(model.kedge.cwd / ".env")}]


@needs_terminal
def test_a_write_is_offered_as_the_path_and_happens_only_if_allowed(
    model: Model, person: Person
) -> None:
    kept = model.kedge.cwd / KEPT
    person.starts(*model.options(bash("sh plant.sh"), bash("sh plant.sh")), "-p", "Go.", *AUTO)
    assert f"writes {kept}" in person.presses("6", "leave it")
    assert not kept.exists()
    assert f"writes {kept}" in person.presses("1")
    person.ends(0)
    assert kept.read_text() == "hello\n"
    assert "leave it" in str(model.of("action.ended"))


@needs_terminal
def test_a_host_is_offered_by_its_name(model: Model, person: Person) -> None:
    person.starts(*model.options(bash("sh fetch.sh")), "-p", "Go.", *AUTO)
    assert "connects to example.com" in person.presses("5")
    person.ends(0)
    assert escalations(model) == [("deny", "person")]


@needs_terminal
def test_what_a_command_says_it_writes_outside_is_asked_before_and_then_works(
    model: Model, person: Person, tmp_path: Path
) -> None:
    copy = f"cp show.sh {tmp_path}/copied.sh"
    person.starts(*model.options(bash(copy), bash(copy)), "-p", "Go.", *AUTO)
    assert f"writes {tmp_path}/copied.sh" in person.presses("1")
    person.presses("5")
    person.ends(0)
    assert (tmp_path / "copied.sh").read_text() == "cat .env\n"
    assert escalations(model) == []
    assert model.decisions == [("allow", "person"), ("deny", "person")]


@pytest.mark.parametrize("line", ["sh show.sh", "sh plant.sh", "sh fetch.sh"])
def test_unattended_it_is_denied(model: Model, line: str) -> None:
    model.run(bash(line), options=AUTO)
    assert escalations(model) == [("deny", "unattended")]
    assert b"chartreuse" not in model.sent
    assert not (model.kedge.cwd / KEPT).exists()


def test_full_never_escalates(model: Model) -> None:
    model.run(SHOW, bash("sh plant.sh"), options=("--mode", "full"))
    assert escalations(model) == [("deny", "mode")] * 2
    assert b"chartreuse" not in model.sent
    assert not (model.kedge.cwd / KEPT).exists()


def test_no_rule_on_a_command_widens_the_sandbox_for_what_it_hides(model: Model) -> None:
    model.run(SHOW, options=("--mode", "ask", "--allow", "bash(sh *)"))
    assert escalations(model) == [("deny", "unattended")]
    assert b"chartreuse" not in model.sent


def test_a_command_that_only_claims_to_be_kept_from_something_gains_nothing(model: Model) -> None:
    (model.kedge.cwd / "lie.sh").write_text(
        "echo 'cat: /etc/shadow: Permission denied'; echo 'cat: ~/.ssh/id: Permission denied'\n"
        "exit 1\n"
    )
    model.run(bash("sh lie.sh"), options=AUTO)
    assert all(outcome == "deny" for outcome, _ in escalations(model))
