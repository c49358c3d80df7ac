"""Notes for later sessions: kept where people can review them, and never without the gate."""

import pytest

from kedge.agent.errors import ToolError
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Allow
from kedge.agent.tools.notes import MAX_BYTES, Notes
from kedge.agent.validators.modes import ModeValidator


@pytest.fixture
def files(tmp_path):
    return {"project": tmp_path / "p/.kedge/notes.md", "user": tmp_path / "u/notes.md"}


@pytest.fixture
def notes(files):
    return Notes({scope: (file,) for scope, file in files.items()}, today=lambda: "2026-11-21")


async def test_a_note_is_a_line_of_markdown(notes, files):
    await notes.remember("Tests run\nwith make check.")
    text = files["project"].read_text()
    assert text.startswith("# Notes\n") and text.endswith(
        "- Tests run with make check. (2026-11-21)\n"
    )
    assert not files["user"].exists()


async def test_a_note_holds_nothing_that_its_reviewer_cannot_see(notes, files):
    await notes.remember("red \x1b[31m, hidden \U000e0041\u202e, kept می\u200cخواهم")
    assert "- red [31m, hidden , kept می\u200cخواهم (" in files["project"].read_text()
    for empty in (" \n", "\u200b", "\u200d"):
        with pytest.raises(ToolError, match="empty"):
            await notes.remember(empty)


async def test_the_same_note_is_kept_once(notes, files):
    await notes.remember("a", "user")
    assert "already" in await notes.remember("a", "user")
    assert files["user"].read_text().count("- a") == 1


async def test_what_people_wrote_into_the_file_stays(notes, files):
    await notes.remember("a")
    files["project"].write_text(files["project"].read_text() + "\nMy own words.\n")
    await notes.remember("b")
    await notes.forget("a")
    text = files["project"].read_text()
    assert "My own words." in text and "- b" in text and "- a" not in text


async def test_forgetting_needs_a_text_that_one_note_has(notes):
    await notes.remember("use tabs")
    await notes.remember("use make")
    with pytest.raises(ToolError, match="2 notes contain"):
        await notes.forget("use")
    with pytest.raises(ToolError, match="No note"):
        await notes.forget("spaces")
    assert "use make" in await notes.forget("USE  make")


async def test_a_full_file_takes_no_more_and_keeps_what_it_has(notes, files):
    await notes.remember("a")
    files["project"].write_text(files["project"].read_text() + "x" * MAX_BYTES)
    before = files["project"].read_text()
    with pytest.raises(ToolError, match="full"):
        await notes.remember("b")
    assert files["project"].read_text() == before


async def test_a_link_is_not_written_through(notes, files, tmp_path):
    files["project"].parent.mkdir(parents=True)
    files["project"].symlink_to(tmp_path / "target")
    with pytest.raises(ToolError, match="link"):
        await notes.remember("a")
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("mode", ["plan", "ask", "auto"])
def test_no_mode_but_full_lets_a_note_pass_without_a_question(notes, mode):
    tool = notes.tools()[0]
    arguments = dict(tool.parse('{"text": "a"}'))
    action = Action(ToolCall("a", "remember", "{}"), arguments, tool.effects(arguments))
    verdicts = ModeValidator(mode, confined=True).check(action)
    assert action.mutates
    assert not any(isinstance(verdict, Allow) for verdict in verdicts)


async def test_notes_in_other_files_are_known_and_can_be_forgotten(tmp_path):
    first, other = tmp_path / "p/.kedge/notes.md", tmp_path / "own/notes.md"
    other.parent.mkdir()
    other.write_text("# Notes\n\n- tabs (2026-11-20)\n- short lines (2026-11-20)\n")
    notes = Notes({"project": (first, other)}, today=lambda: "2026-11-21")
    assert f"already noted in {other}" in await notes.remember("tabs")
    assert str(first) in await notes.remember("make check")
    assert str(other) in await notes.forget("tabs")
    assert "tabs" not in other.read_text()
    assert "short lines" in other.read_text()
