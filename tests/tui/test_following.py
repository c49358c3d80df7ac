"""What a person does is seen: sending goes to the end, wherever they were reading."""

from pathlib import Path

from textual.widgets import OptionList
from tui.seen_app import Script, Stage, bash, text

from kedge.cli.tui.screens.dialog import Dialog
from kedge.cli.tui.view.blocks import Answer, Said, ShellRun

LONG: Script = [
    (["user"], [text("\n\n".join(f"line {number}" for number in range(80)))]),
    (["user"], [text("Here below.")]),
]


async def test_sending_goes_to_the_end(tmp_path: Path) -> None:
    async with Stage(tmp_path).app(LONG, "go") as seen:
        await seen.until(lambda: seen.texts(Answer) and not seen.app.look().working)
        seen.app.transcript.action_scroll_home()
        await seen.until(lambda: not seen.app.transcript.following)
        await seen.send("and now")
        await seen.until(lambda: "Here below." in seen.texts(Answer))
        assert seen.texts(Said)[-1] == "and now"
        assert seen.app.transcript.following
        assert not seen.app.transcript.unseen


async def test_a_command_of_one_s_own_goes_to_the_end(tmp_path: Path) -> None:
    async with Stage(tmp_path).app(LONG, "go") as seen:
        await seen.until(lambda: seen.texts(Answer) and not seen.app.look().working)
        await seen.until(lambda: seen.app.transcript.scroll_y > 0)
        seen.app.transcript.action_scroll_home()
        await seen.until(lambda: not seen.app.transcript.following)
        await seen.pilot.press(*"!ls", "enter")
        blocks = seen.app.transcript.view
        await seen.until(lambda: any(isinstance(one, ShellRun) for one in blocks.blocks))
        assert seen.app.transcript.following


async def test_nobody_is_asked_about_a_turn_that_is_over(tmp_path: Path) -> None:
    script: Script = [(["user"], [bash("sleep 100")])]
    async with Stage(tmp_path).app(script, "go") as seen:
        await seen.until(lambda: any(task.running for task in seen.app.look().tasks))
        session = seen.app.look().session
        await seen.send("/new")
        await seen.on(Dialog)
        seen.app.desk.interrupt()
        await seen.until(lambda: seen.app.look().session not in ("", session))
        assert not isinstance(seen.app.screen, Dialog)


async def test_a_turn_is_not_left_for_another_session_without_a_word(tmp_path: Path) -> None:
    script: Script = [(["user"], [bash("sleep 100")])]
    async with Stage(tmp_path).app(script, "go") as seen:
        await seen.until(lambda: any(task.running for task in seen.app.look().tasks))
        session = seen.app.look().session
        await seen.send("/new")
        await seen.on(Dialog)
        assert "this ends the turn" in seen.shown
        await seen.pilot.press("escape")
        await seen.until(lambda: not isinstance(seen.app.screen, Dialog))
        assert seen.app.look().working
        await seen.send("/new")
        await seen.on(Dialog)
        options = seen.app.screen.query_one(OptionList).options
        answers = [str(option.prompt) for option in options]
        assert answers == ["1 end the turn, and begin a new session", "2 stay"]
        await seen.pilot.press("1")
        await seen.until(lambda: seen.app.look().session not in ("", session))
        assert not seen.app.look().working
