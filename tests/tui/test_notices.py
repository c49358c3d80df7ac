"""What the app says stands somewhere where it covers nothing, whatever is open."""

from pathlib import Path

import pytest
from textual.containers import Vertical
from tui.seen_app import HELLO, Stage, bash

from kedge.cli.tui.notices import Notices
from kedge.cli.tui.screens.page import PageScreen
from kedge.cli.tui.transcript.transcript import Transcript


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def test_what_is_said_covers_neither_the_transcript_nor_the_prompt(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        seen.app.say("something happened")
        await seen.until(lambda: seen.app.screen.query_one(Notices).region.height == 1)
        said = seen.app.screen.query_one(Notices).region
        for other in (seen.app.transcript, seen.app.composer):
            assert not said.overlaps(other.region)
        assert seen.app.query_one(Transcript).region.bottom == said.y


async def test_what_is_said_covers_no_part_of_a_dialog(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        seen.app.say("before it was opened")
        await seen.send("/help")
        await seen.on(PageScreen)
        seen.app.say("first words", wrong=True)
        seen.app.say("other words")
        await seen.until(lambda: seen.app.screen.query_one(Notices).region.height == 2)
        said = seen.app.screen.query_one(Notices)
        box = said.parent
        assert isinstance(box, Vertical)
        assert box.region.contains_region(said.region)
        for other in box.children:
            assert other is said or not said.region.overlaps(other.region)


async def test_the_same_words_stand_there_once(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        for _ in range(3):
            seen.app.say("press ctrl+c again to leave")
        await seen.pilot.pause()
        assert str(seen.app.screen.query_one(Notices).content) == "press ctrl+c again to leave"


async def test_what_was_true_for_a_moment_goes_with_it(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        seen.app.say("stays")
        await seen.pilot.press("ctrl+c")
        notices = seen.app.screen.query_one(Notices)
        assert str(notices.content) == "stays\npress ctrl+c again to leave"
        await seen.until(lambda: "again to leave" not in str(notices.content))
        assert str(notices.content) == "stays"


async def test_what_has_to_wait_is_named_and_goes_with_the_turn(stage: Stage) -> None:
    async with stage.app([(["user"], [bash("sleep 100")])], "go") as seen:
        await seen.until(lambda: seen.app.state.tasks)
        await seen.send("/undo")
        await seen.said("/undo has to wait until the turn is over (Esc stops it)")
        notices = seen.app.screen.query_one(Notices)
        assert notices.display
        await seen.pilot.press("escape")
        await seen.until(lambda: not seen.app.state.working)
        await seen.until(lambda: "has to wait" not in str(notices.content))


async def test_what_was_said_of_a_session_ends_with_it(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        seen.app.say("looking at this one")
        seen.app.say("looking at it again", wrong=True)
        before = seen.app.state.session
        await seen.send("/clear")
        await seen.until(lambda: seen.app.state.session not in ("", before))
        await seen.pilot.pause()
        assert "looking" not in str(seen.app.screen.query_one(Notices).content)


async def test_who_has_selected_words_is_told_how_they_are_copied(stage: Stage) -> None:
    async with stage.app(HELLO, "hi") as seen:
        await seen.until(lambda: "Hello." in "".join(map(str, seen.app.transcript.view.blocks)))
        await seen.pilot.mouse_down(seen.app.transcript, offset=(2, 1))
        await seen.pilot.hover(seen.app.transcript, offset=(6, 1))
        await seen.pilot.mouse_up(seen.app.transcript, offset=(6, 1))
        await seen.said("ctrl+c copies what is selected")
