"""What a person does is seen: sending goes to the end, wherever they were reading."""

from pathlib import Path

from tui.seen_app import Script, Stage, text

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
        seen.app.transcript.action_scroll_home()
        await seen.until(lambda: not seen.app.transcript.following)
        await seen.pilot.press(*"!ls", "enter")
        blocks = seen.app.transcript.view
        await seen.until(lambda: any(isinstance(one, ShellRun) for one in blocks.blocks))
        assert seen.app.transcript.following
