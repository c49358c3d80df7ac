"""Line by line: the person's editor has the terminal, and a log that ended is begun anew."""

import os
import resource
import shutil
import subprocess

import pytest

from e2e.person import Person
from e2e.process import COMMAND, Kedge, lines, wait_until
from e2e.remotes import Served
from e2e.screen import Screen
from loopback.script import turn

PLAIN = ("--plain", "--sandbox", "off", "--set", "tui.grace_ms=0")
TERMINAL = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
PLAN = "# Plan\nopen a.py\nopen b.py"


@pytest.fixture
def screen(person: Person) -> Screen:
    return person.screen


def editor(kedge: Kedge, script: str) -> tuple[str, ...]:
    """Options with which this program is the editor; `$1` is the file."""
    program = kedge.home / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return ("--set", f"tui.editor='{program}'")


def last_prompt(kedge: Kedge) -> str:
    """The words that were said last."""
    prompts = [fact["prompt"] for fact in kedge.log if fact["kind"] == "turn.started"]
    return str(prompts[-1])


@TERMINAL
def test_a_plan_is_edited_in_the_person_s_editor_before_it_is_accepted(
    person: Person, screen: Screen, served: Served, kedge: Kedge
) -> None:
    # It asks on the terminal, as editors do.
    edits = editor(kedge, 'stty -a | grep -q " icanon"; echo "icanon $?"; read l; echo "$l" > "$1"')
    person.starts(*served(turn(PLAN), turn("Done.")), *PLAIN, *edits, "--mode", "plan", "go")
    screen.sees("\nplan>")
    screen.type("/plan")
    screen.sees("a number, Enter leaves it:")
    screen.type("5")
    screen.sees("icanon 0")
    screen.type("open c.py first")
    screen.sees("  1 open c.py first")
    screen.type("2")
    screen.sees("Done.")
    said = last_prompt(kedge)
    assert "open c.py first" in said and "a.py" not in said
    screen.press("C-d")
    person.ends(0)


@TERMINAL
def test_an_editor_that_fails_leaves_the_plan_as_it_was(
    person: Person, screen: Screen, served: Served, kedge: Kedge
) -> None:
    person.starts(*served(turn(PLAN)), *PLAIN, *editor(kedge, "exit 3"), "--mode", "plan", "go")
    screen.sees("\nplan>")
    screen.type("/plan")
    screen.sees("a number, Enter leaves it:")
    screen.type("5")
    screen.sees("ended with 3; the words are as before")
    screen.type("4")
    screen.sees("\nplan>")
    screen.press("C-d")
    person.ends(0)


@TERMINAL
def test_ctrl_c_is_the_editor_s_while_it_has_the_terminal_and_its_end_is_ours(
    person: Person, screen: Screen, served: Served, kedge: Kedge
) -> None:
    edits = editor(
        kedge, f"trap 'echo heard it' INT; echo $PPID > {kedge.home}/pid; echo on; read l; read l"
    )
    person.starts(*served(turn(PLAN)), *PLAIN, *edits, "--mode", "plan", "go")
    screen.sees("\nplan>")
    screen.type("/plan")
    screen.sees("a number, Enter leaves it:")
    screen.type("5")
    screen.sees("\non")
    screen.press("C-c")
    screen.sees("heard it")
    assert "again to leave" not in screen.text
    os.kill(int((kedge.home / "pid").read_text()), 15)
    person.ends(143)


def test_without_a_terminal_nobody_can_edit(kedge: Kedge, served: Served) -> None:
    ran = kedge(*served(turn(PLAN)), *PLAIN, "--mode", "plan", stdin=b"go\n/plan\n5\n4\n")
    assert "there is no terminal that an editor could have" in ran.answer


def test_what_a_full_disk_kept_from_being_said_is_said_once_there_is_room(
    kedge: Kedge, served: Served
) -> None:
    options = served(turn("First."), turn("Third."))
    with kedge.out.open("wb") as out:
        process = subprocess.Popen(
            [*COMMAND, *options, *PLAIN], cwd=kedge.cwd, env=kedge.env,
            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    said = process.stdin
    assert said is not None

    def says(words: str, then: str) -> None:
        said.write(f"{words}\n".encode())
        said.flush()
        wait_until(lambda: then in kedge.out.read_text(), f"{then!r} is shown")

    says("one", "First.")
    (log,) = kedge.logs
    whole = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, whole[1]))
    says("two", "! not sent: ")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, whole)
    says("three", "Third.")
    said.close()
    assert process.wait(30) == 0
    assert "the mode is" not in kedge.out.read_text()
    facts = lines(log.read_bytes())
    assert [fact["prompt"] for fact in facts if fact["kind"] == "turn.started"][-1] == [
        {"type": "text", "text": "three"}
    ]
