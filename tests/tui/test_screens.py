"""What stands on top of the app: lists to choose from, the changes of a session, its past."""

from pathlib import Path

import pytest
from textual.widget import Widget
from textual.widgets import Input
from tui.seen_app import HELLO, Script, Seen, Stage, bash, text

from kedge.cli.tui.screens.diffs import DiffScreen
from kedge.cli.tui.screens.line import LineScreen
from kedge.cli.tui.screens.models import ModelPicker
from kedge.cli.tui.screens.rewind import RewindPicker
from kedge.cli.tui.screens.sessions import SessionPicker
from kedge.cli.tui.view.blocks import Answer, Said


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


WRITES: Script = [
    (["user"], [bash("echo new > file.txt")]),
    (["tool"], [text("Done.")]),
]


async def at_rest(seen: Seen, answer: str) -> None:
    await seen.until(lambda: seen.texts(Answer)[-1:] == [answer] and seen.rests)


async def test_a_session_is_found_by_what_was_said_in_it(stage: Stage) -> None:
    async with stage.app([(["user"], [text("The whale is blue.")])], "tell me") as seen:
        await at_rest(seen, "The whale is blue.")
        first = seen.app.state.session
    async with stage.app(HELLO, "something else") as seen:
        await at_rest(seen, "Hello.")
        await seen.send("/resume")
        await seen.on(SessionPicker)
        assert len(seen.rows) == 2
        await seen.write("whale")
        await seen.until(lambda: len(seen.rows) == 1 and "whale" in seen.shown)
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.app.state.session == first)


async def test_who_wants_to_choose_a_session_is_asked_before_one_is_opened(stage: Stage) -> None:
    """An earlier one has a model of its own: none need be there for a new one."""
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("hi")
        await seen.until(lambda: seen.texts(Answer) == ["Hello."])
    async with stage.app(welcomes=True, resume="") as seen:
        await seen.on(SessionPicker)
        assert seen.app.desk.state.session == ""
        assert "hi" in seen.shown


async def test_the_last_words_of_a_session_are_shown(stage: Stage) -> None:
    async with stage.app(HELLO, "hi there") as seen:
        await at_rest(seen, "Hello.")
        await seen.send("/resume")
        await seen.on(SessionPicker)
        await seen.until(lambda: "kedge: Hello." in seen.shown)


async def test_a_session_is_renamed_and_deleted_in_the_list(stage: Stage) -> None:
    async with stage.app(HELLO, "one") as seen:
        await at_rest(seen, "Hello.")
        gone = seen.app.state.session
    async with stage.app(HELLO, "two") as seen:
        await at_rest(seen, "Hello.")
        await seen.send("/resume")
        await seen.on(SessionPicker)
        await seen.write("one")
        await seen.until(lambda: len(seen.rows) == 1)
        await seen.pilot.press("ctrl+r")
        await seen.on(LineScreen)
        await seen.write("mine")
        await seen.pilot.press("enter")
        await seen.until(lambda: any("[mine]" in row for row in seen.rows))
        log = stage.home.state_dir / "sessions" / f"{gone}.jsonl"
        await seen.pilot.press("ctrl+d")
        assert log.exists()
        await seen.pilot.press("ctrl+d")
        await seen.until(lambda: not log.exists())


async def test_the_open_session_is_not_deleted(stage: Stage) -> None:
    async with stage.app(HELLO, "one") as seen:
        await at_rest(seen, "Hello.")
        await seen.send("/resume")
        await seen.on(SessionPicker)
        await seen.pilot.press("ctrl+d", "ctrl+d")
        await seen.until(lambda: "the session you are in" in seen.shown)


async def test_going_back_shows_and_undoes_what_a_turn_did(stage: Stage) -> None:
    async with stage.app(WRITES, "write it") as seen:
        await at_rest(seen, "Done.")
        await seen.pilot.press("escape", "escape")
        await seen.on(RewindPicker)
        assert "created file.txt +1 -0" in seen.shown
        await seen.pilot.press("enter")
        await seen.until(lambda: not (stage.work / "file.txt").exists())
        await seen.until(lambda: seen.app.composer.text == "write it")


async def test_going_back_in_the_conversation_alone_leaves_files(stage: Stage) -> None:
    async with stage.app(WRITES, "write it") as seen:
        await at_rest(seen, "Done.")
        await seen.send("/rewind")
        await seen.on(RewindPicker)
        await seen.pilot.press("ctrl+t")
        await seen.until(lambda: seen.app.composer.text == "write it")
        assert (stage.work / "file.txt").exists()


async def test_a_file_is_put_back_and_that_is_taken_back(stage: Stage) -> None:
    file = stage.work / "file.txt"
    file.write_text("old\n")
    async with stage.app(WRITES, "write it") as seen:
        await at_rest(seen, "Done.")
        await seen.send("/diff")
        await seen.on(DiffScreen)
        assert seen.rows == ["M +1 -1        file.txt"]
        assert "- old" in seen.shown
        await seen.pilot.press("ctrl+r")
        assert file.read_text() == "new\n"
        await seen.pilot.press("ctrl+r")
        await seen.until(lambda: file.read_text() == "old\n")
        await seen.until(lambda: "reverted" in seen.rows[0])
        await seen.pilot.press("ctrl+t")
        await seen.until(lambda: file.read_text() == "new\n")


async def test_without_changes_there_is_nothing_to_look_at(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/diff")
        await seen.said("no file is otherwise")


async def test_models_without_a_key_say_what_is_missing_and_ask_for_it(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        model = seen.app.state.model
        await seen.send("/model")
        await seen.on(ModelPicker)
        await seen.write("claude-opus-5-5")
        await seen.until(lambda: all("opus" in row for row in seen.rows))
        assert "needs a key" in seen.rows[0]
        assert "ANTHROPIC_API_KEY" in seen.shown
        await seen.pilot.press("enter")
        await seen.on(LineScreen)
        await seen.pilot.press("escape")
        await seen.until(lambda: not isinstance(seen.app.screen, LineScreen))
        assert seen.app.state.model == model


async def test_a_model_is_taken_with_an_effort(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ANTHROPIC_API_KEY="sk-nothing")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/model")
        await seen.on(ModelPicker)
        await seen.write("anthropic/claude-opus-5-5")
        await seen.until(lambda: seen.rows)
        assert "$" in seen.rows[0]
        await seen.pilot.press("ctrl+t")
        await seen.until(lambda: "effort: low" in seen.shown)
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.app.state.model == "anthropic/claude-opus-5-5")
        assert seen.app.state.effort == "low"


async def test_every_screen_fits_where_it_is_small(stage: Stage) -> None:
    async with stage.app(HELLO, "hi") as seen:
        await at_rest(seen, "Hello.")
        for name in ("resume", "rewind", "model", "mode", "theme", "palette", "help", "config"):
            seen.app.ask_slash(name)
            await seen.until(lambda: len(seen.app.screen_stack) > 1)
            await seen.pilot.pause()
            bottom = max(widget.region.bottom for widget in seen.app.screen.query(Widget))
            assert bottom <= 24, name
            assert seen.app.screen.query_one(Input).has_focus
            await seen.pilot.press("escape")
            await seen.until(lambda: len(seen.app.screen_stack) == 1)
        assert seen.texts(Said) == ["hi"]
