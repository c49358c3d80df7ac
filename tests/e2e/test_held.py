"""What the sandbox holds back is said, and nothing of a person's is ever held."""

import os
import shutil
from pathlib import Path

import pytest

from e2e.person import Person
from e2e.process import Kedge, wait_until
from e2e.remotes import Served
from loopback.script import Call, turn

tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


def serves(kedge: Kedge, served: Served, script: str, *, background: bool) -> tuple[str, ...]:
    """What kedge is started with for a model that runs this script."""
    (kedge.cwd / "work.sh").write_text(script)
    (kedge.cwd / "sub").mkdir()
    call = Call("bash", {"command": "sh ./work.sh", "run_in_background": background})
    return (*served(turn(call), turn("Begun.")), "--mode", "full", "--sandbox", "workspace-write")


def made(folder: Path) -> list[Path]:
    """What a person makes there."""
    (folder / ".claude/commands").mkdir(parents=True)
    (folder / ".vscode").mkdir()
    files = [folder / ".claude/commands/x.md", folder / ".vscode/tasks.json", folder / ".mcp.json"]
    for file in files:
        file.write_text("mine")
    return files


@tmux
@pytest.mark.parametrize("shown", ["--inline", "--plain"])
def test_what_a_person_made_after_a_command_in_the_background_is_there_after_leaving(
    person: Person, kedge: Kedge, served: Served, shown: str
) -> None:
    script = "until [ -e stop ]; do sleep 0.05; done"
    arguments = serves(kedge, served, script, background=True)
    before = sorted([*os.listdir(kedge.cwd), "stop"])
    person.starts(*arguments, shown, "go")
    person.sees("Begun.")
    (kedge.cwd / "stop").touch()
    person.sees("bash_1 ended")
    wait_until(lambda: sorted(os.listdir(kedge.cwd)) == before, "the placeholders are gone")
    files = made(kedge.cwd)
    assert "held-by-kedge" not in person.leaves()
    assert [file.read_text() for file in files] == ["mine"] * 3


@tmux
def test_what_a_command_made_that_leaving_ended_is_said_after_leaving(
    person: Person, kedge: Kedge, served: Served
) -> None:
    script = "echo x >sub/.envrc; touch begun; sleep 1000"
    person.starts(*serves(kedge, served, script, background=True), "--inline", "go")
    person.sees("Begun.")
    wait_until((kedge.cwd / "begun").exists, "the command runs")
    person.screen.press("C-d")
    person.screen.press("C-d")
    assert ".envrc.held-by-kedge" in "".join(person.ends(0).split())
    assert (kedge.cwd / "sub/.envrc.held-by-kedge").exists()


def test_a_run_without_a_terminal_says_it_at_its_end(kedge: Kedge, served: Served) -> None:
    arguments = serves(kedge, served, "echo x >sub/.envrc", background=False)
    ran = kedge(*arguments, "-p", "go")
    assert ran.complaint.count("sub/.envrc.held-by-kedge") == 1
