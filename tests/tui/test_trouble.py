"""What goes wrong beside the session is said, and the session goes on."""

import os
from pathlib import Path

import pytest
from tui.seen_app import HELLO, Stage

from kedge.cli.tui.composer.sources import Candidate
from kedge.cli.tui.desk.unseen import wants_terminal
from kedge.cli.tui.entry import Entry
from kedge.cli.tui.keys import KeyTable
from kedge.cli.tui.terminal.crash import keep_crash
from kedge.cli.tui.view.blocks import Answer
from kedge.config.tui import TuiSettings


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


class Broken:
    """Commands with a defect."""

    entries: tuple[Entry, ...] = ()

    async def words(self, name: str, word: str) -> tuple[Candidate, ...]:
        return ()

    async def look(self) -> None:
        pass

    async def run(self, *words: object, **how: object) -> None:
        raise ZeroDivisionError("a defect for the test")


async def test_a_defect_of_a_command_is_told_and_the_session_goes_on(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        seen.app._commands = Broken()
        await seen.send("/cost")
        await seen.until(lambda: "/cost: a defect of kedge's own" in seen.told)
        (report,) = (stage.home.state_dir / "crashes").iterdir()
        assert "ZeroDivisionError: a defect for the test" in report.read_text()
        assert str(report) in seen.told
        await seen.send("hi")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ({"nothing": ("ctrl+x",)}, "no action 'nothing'"),
        ({"expand": ("ctrl+c",)}, "ctrl+c is reserved"),
        ({"expand": ("ctrl+t",)}, "ctrl+t is bound to expand and todo"),
        ({"expand": ("nokey+q",)}, "'nokey+q' is no key"),
        ({"expand": ("nokey+q",), "nothing": ("f5",)}, ", and 1 more"),
        ({"expand": ("f5",)}, ""),
    ],
)
def test_the_first_wrong_binding_is_said_and_how_many_others_there_are(
    bound: dict[str, tuple[str, ...]], said: str
) -> None:
    wrong = KeyTable(bound).wrong
    assert said in wrong
    assert bool(wrong) == bool(said)


async def test_wrong_bindings_are_told_at_the_start_with_their_file(stage: Stage) -> None:
    async with stage.app(HELLO, settings=TuiSettings(keys={"expand": ("ctrl+c",)})) as seen:
        await seen.ready()
        assert str(stage.home.config_dir / "config.toml") in seen.told
        assert "ctrl+c is reserved (/keys shows all)" in seen.told


async def test_who_runs_a_program_for_terminals_is_told_that_there_is_none(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("exclamation_mark")
        await seen.write("less nothing")
        await seen.pilot.press("enter")
        await seen.until(lambda: "less wants a terminal" in seen.told)


def test_programs_for_terminals_are_known_wherever_they_begin() -> None:
    assert wants_terminal("vim a") == "vim"
    assert wants_terminal("git log | /usr/bin/less -R") == "less"
    assert wants_terminal("cd x && top") == "top"
    assert wants_terminal("grep vim notes; echo less") == ""


def test_what_is_kept_of_a_defect_leaves_no_folder_open_to_others(tmp_path: Path) -> None:
    state = tmp_path / "state" / "kedge"
    before = os.umask(0o022)
    try:
        report = Path(keep_crash(ValueError("x"), state))
    finally:
        os.umask(before)
    made = [state.parent, state, report.parent, report]
    assert [one.stat().st_mode & 0o077 for one in made] == [0, 0, 0, 0]
