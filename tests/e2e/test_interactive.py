"""The interactive session at a real terminal, through tmux: what ends it, and what is left then."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from e2e import breaking
from e2e.breaking import WHERE
from e2e.person import Person
from e2e.process import Kedge, alive, kedges, the_kedge, wait_until
from e2e.screen import Screen, words

SLEEP = "sleep 7531"
MODES_AT_REST = "0 0 0 1 0"


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A model that runs a command for ever, under a name of this test's own."""
    call = {"type": "tool_call", "id": "1", "name": "bash"}
    calls = call | {"arguments": json.dumps({"command": f"echo begun; {SLEEP}{os.getpid()}"})}
    answer = {"expect": [{"role": "user"}], "parts": [calls], "stop_reason": "tool_use"}
    file = tmp_path / "script.jsonl"
    header = {"scripted": 1, "model": "anthropic/claude-sonnet-5-5"}
    file.write_text(f"{json.dumps(header)}\n{json.dumps(answer)}\n")
    return f"scripted:{file}"


def sleeping() -> list[int]:
    """The processes of the command."""
    return alive(f"{SLEEP}{os.getpid()}")


def working(person: Person, kedge: Kedge, script: str, *more: str) -> int:
    """kedge, at work on the command; its process."""
    person.starts("--mode", "full", "--sandbox", "off", "-m", script, *more, "go")
    wait_until(sleeping, "the command runs")
    return the_kedge(kedge.home)


def the_log_is_whole(kedge: Kedge) -> None:
    kinds = [(fact["kind"], fact.get("status")) for fact in kedge.log]
    assert ("action.ended", "cancelled") in kinds
    assert kinds[-1][0] == "result"


@pytest.mark.parametrize("shown", [(), ("--plain",)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(
    person: Person, kedge: Kedge, script: str, number: signal.Signals, shown: tuple[str, ...]
) -> None:
    os.kill(working(person, kedge, script, *shown), number)
    assert "resume with: kedge -r" in person.ends(143)
    assert sleeping() == []
    the_log_is_whole(kedge)


def test_a_closed_terminal_ends_it_in_order(person: Person, kedge: Kedge, script: str) -> None:
    process = working(person, kedge, script)
    person.screen.close()
    wait_until(lambda: not sleeping(), "the command is ended")
    wait_until(lambda: process not in kedges(kedge.home), "kedge is over")
    the_log_is_whole(kedge)


@pytest.mark.parametrize("shown", ["full", "inline"])
@pytest.mark.parametrize("place", WHERE)
def test_a_defect_of_its_own_ends_it_in_order_and_is_told(
    person: Person, kedge: Kedge, script: str, place: str, shown: str
) -> None:
    screen = person.screen
    command = [sys.executable, breaking.__file__, place, shown, script, "go"]
    screen.type(f"stty -a > before; {shlex.join(command)}; echo '[ended '$?']'; stty -a > after")
    wait_until(sleeping, "the command runs")
    person.sees("esc interrupts")
    screen.type("break")
    text = person.ends(1)
    assert "Traceback" not in text and text.count("kedge: ") == 2
    told = text[text.index("kedge: a defect of kedge's own ended it") :]
    assert f"resume with: kedge -r {kedge.logs[0].stem}" in " ".join(told.split("\n"))
    (report,) = (kedge.home / "state" / "crashes").iterdir()
    assert report.name in told.replace("\n", "")
    assert "RuntimeError: a defect for the test" in report.read_text()
    wait_until(lambda: not sleeping(), "the command is ended")
    the_log_is_whole(kedge)
    wait_until((kedge.cwd / "after").exists, "the shell is back")
    wait_until(lambda: (kedge.cwd / "after").read_bytes(), "it says how the terminal is")
    assert (kedge.cwd / "after").read_text() == (kedge.cwd / "before").read_text()
    assert screen.modes == MODES_AT_REST


def test_ctrl_c_stops_the_turn_and_leaves_when_pressed_again(
    person: Person, kedge: Kedge, script: str
) -> None:
    working(person, kedge, script)
    person.screen.press("C-c")
    wait_until(lambda: not sleeping(), "the command is ended")
    assert "resume with: kedge -r" in person.leaves("C-c")
    the_log_is_whole(kedge)


@pytest.mark.parametrize("shown", [(), ("--inline",)])
def test_ctrl_z_goes_back_to_the_shell_and_commands_go_on(
    person: Person, kedge: Kedge, script: str, shown: tuple[str, ...]
) -> None:
    screen = person.screen
    before = screen.title
    working(person, kedge, script, *shown)
    wait_until(lambda: screen.title == "kedge · go", "the window has a title")
    during = screen.modes
    screen.press("C-z")
    wait_until(lambda: "Stopped" in screen.text, "the shell is back")
    assert sleeping()
    assert (screen.modes, screen.title) == (MODES_AT_REST, before)
    screen.type("fg")
    wait_until(lambda: (screen.modes, screen.title) == (during, "kedge · go"), "it is back")
    person.sees("esc interrupts")
    # All of the screen is back, not only what moves.
    person.sees("Say more")
    person.screen.press("Escape")
    wait_until(lambda: not sleeping(), "the command is ended")


def test_ctrl_z_is_refused_where_no_shell_could_bring_it_back(person: Person) -> None:
    command = words("--sandbox", "off", "-m", "scripted:none.jsonl")
    person.screen.type(shlex.join(["bash", "-c", command]))
    person.sees("Ask for something")
    person.screen.press("C-z")
    person.sees("no shell to go back to")
    person.screen.press("C-d")
    person.ends(0)


def test_line_by_line_a_prompt_is_answered(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "hello.jsonl"
    header = {"scripted": 1, "model": "anthropic/claude-sonnet-5-5"}
    answer = {"expect": [{"role": "user"}], "parts": [{"type": "text", "text": "Hello."}]}
    file.write_text(f"{json.dumps(header)}\n{json.dumps(answer)}\n")
    person.starts("--plain", "--sandbox", "off", "-m", f"scripted:{file}")
    person.sees("ask>")
    person.screen.type("/mode plan")
    person.sees("the mode is plan")
    person.screen.type("hi")
    person.sees("Hello.")
    person.rests("plan>")
    person.screen.type("/quit")
    person.ends(0)


@pytest.mark.parametrize("shown", [(), ("--inline",), ("--plain",)])
@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("-r", "nosuch"), 2, "kedge: there is no session 'nosuch'"),
        (("-m", "foo/bar"), 3, "kedge: unknown provider 'foo'"),
    ],
)
def test_what_cannot_be_had_ends_it_with_what_is_wrong_and_its_code(
    person: Person, asked: tuple[str, ...], code: int, said: str, shown: tuple[str, ...]
) -> None:
    person.starts(*asked, *shown)
    text = person.ends(code)
    assert said in text
    assert "Ask for something" not in text


def test_a_session_that_another_one_has_open_is_not_gone_on_with(
    person: Person, kedge: Kedge, script: str, tmp_path: Path
) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    working(person, kedge, script)
    second = Person(Screen(folder, kedge))
    try:
        second.starts("-c")
        assert "is in use by another kedge" in second.ends(1)
    finally:
        second.screen.close()
        person.screen.close()
    wait_until(lambda: not sleeping(), "the command is ended")


@pytest.mark.parametrize("shown", [(), ("--plain",)])
def test_the_word_exit_leaves(person: Person, shown: tuple[str, ...]) -> None:
    person.starts("-m", "anthropic/claude-sonnet-5-5", "--sandbox", "off", *shown)
    person.sees("ask> " if shown else "Ask for something")
    person.screen.type("exit")
    person.ends(0)
