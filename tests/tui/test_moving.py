"""A session that works in another folder than the one that kedge was started in."""

from pathlib import Path

import pytest
from tui.seen_app import HELLO, Stage, text

from kedge.cli.tui.screens.dialog import Dialog
from kedge.cli.tui.view.blocks import Answer


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def moved_away(stage: Stage) -> Path:
    """Start kedge elsewhere from here on; the folder before."""
    before, stage.work = stage.work, stage.folder / "elsewhere"
    stage.work.mkdir()
    return before


async def left_a_session(stage: Stage) -> str:
    async with stage.app(HELLO, "hi") as seen:
        await seen.until(lambda: seen.texts(Answer) and seen.rests)
        return seen.app.state.session


async def test_a_session_resumed_from_another_folder_gets_the_files_of_its_own(
    stage: Stage,
) -> None:
    session = await left_a_session(stage)
    (stage.work / "notes.txt").write_text("of the session")
    before = moved_away(stage)
    (stage.work / "notes.txt").write_text("of another project")
    async with stage.app([*HELLO, (["user"], [text("Seen.")])]) as seen:
        await seen.ready()
        await seen.send(f"/resume {session}")
        await seen.until(lambda: seen.app.state.session == session)
        await seen.send("see @notes.txt ")
        await seen.until(lambda: seen.texts(Answer) == ["Hello.", "Seen."])
        log = next(stage.home.state_dir.rglob(f"{session}.jsonl")).read_text()
        assert "of the session" in log
        assert "of another project" not in log
        assert seen.app.index.root == before
        assert seen.app.transcript.sheet.look.cwd == str(before)
        assert seen.app.history.entries()[0].project == str(before)


async def test_what_waits_for_trust_where_a_session_leads_is_said_and_stays_unread(
    stage: Stage,
) -> None:
    session = await left_a_session(stage)
    folder = stage.work / ".kedge" / "commands"
    folder.mkdir(parents=True)
    (folder / "deploy.md").write_text("Deploy it.")
    moved_away(stage)
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send(f"/resume {session}")
        await seen.until(lambda: any("/trust asks" in words for words in seen.app.told))
        assert "deploy" not in [entry.name for entry in seen.app.entries()]


async def test_who_leaves_at_the_question_about_trust_leaves_without_a_word(stage: Stage) -> None:
    (stage.work / "AGENTS.md").write_text("Do this.")
    async with stage.app(HELLO, welcomes=True) as seen:
        await seen.on(Dialog)
        await seen.pilot.press("3")
        await seen.until(lambda: seen.app.return_value == 0)
    assert seen.app.told == []
