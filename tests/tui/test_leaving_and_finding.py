"""Leaving with something under way, finding words, following links, the window's title."""

import os
from pathlib import Path

import pytest
from textual import events
from tui.seen_app import HELLO, Script, Stage, bash, text

from kedge.agent.messages import Image
from kedge.cli.tui.asking.panel import AskPanel
from kedge.cli.tui.terminal.listening_driver import BackgroundTold
from kedge.cli.tui.terminal.window_title import RESTORE, SAVE, WindowTitle, title
from kedge.cli.tui.transcript.following import at_line, open_place
from kedge.cli.tui.transcript.search_bar import SearchBar
from kedge.cli.tui.transcript.transcript import Transcript
from kedge.cli.tui.view.blocks import Answer, Said
from kedge.config.errors import UsageError

LEFT: Script = [
    (["user"], [bash("sleep 100")]),
    (["tool"], [text("It goes on.")]),
]
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def test_leaving_ends_what_runs_only_when_that_was_said(stage: Stage) -> None:
    async with stage.app(LEFT, "go") as seen:
        await seen.until(lambda: any(task.running for task in seen.app.state.tasks))
        await seen.pilot.press("ctrl+b")
        await seen.until(lambda: "It goes on." in seen.texts(Answer))
        await seen.until(lambda: seen.rests)
        await seen.pilot.press("ctrl+d")
        await seen.until(lambda: "ends a command in the background (sleep 100)" in seen.told)
        assert seen.app.is_running
        await seen.pilot.press("ctrl+c")
        await seen.until(lambda: seen.app.return_value == 0)


async def test_ctrl_c_says_what_leaving_would_end(stage: Stage) -> None:
    async with stage.app(LEFT, "go") as seen:
        await seen.until(lambda: any(task.running for task in seen.app.state.tasks))
        await seen.send("/quit")
        await seen.until(lambda: "leaving ends the turn" in seen.told)
        await seen.send("/quit")
        await seen.until(lambda: seen.app.return_value == 0)


async def test_words_are_found_and_escape_goes_back_to_the_prompt(stage: Stage) -> None:
    script: Script = [
        (["user"], [text("A needle here.")]),
        (["user"], [text("Nothing.")]),
        (["user"], [text("Another Needle.")]),
    ]
    async with stage.app(script) as seen:
        await seen.ready()
        for count, words in enumerate(("one", "two", "three"), 1):
            await seen.send(words)
            await seen.until(lambda count=count: len(seen.texts(Answer)) == count)
            await seen.until(lambda: seen.rests)
        first, _, third = (
            one.id for one in seen.app.transcript.view.blocks if isinstance(one, Answer)
        )
        await seen.write("draft")
        await seen.pilot.press("ctrl+f")
        await seen.write("needle")
        await seen.pilot.press("enter")
        await seen.until(lambda: seen.app.transcript.chosen == third)
        assert "2 blocks" in seen.shown
        await seen.pilot.press("N")
        await seen.until(lambda: seen.app.transcript.chosen == first)
        await seen.pilot.press("n")
        await seen.until(lambda: seen.app.transcript.chosen == third)
        await seen.pilot.press("escape")
        await seen.until(lambda: seen.app.composer.has_focus)
        assert seen.app.transcript.chosen is None
        assert not seen.app.query_one(SearchBar).display
        assert seen.app.composer.text == "draft"


async def test_escape_in_the_field_leaves_it(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("ctrl+f")
        await seen.write("x")
        await seen.pilot.press("escape")
        await seen.until(lambda: seen.app.composer.has_focus)
        assert not seen.app.query_one(SearchBar).display


async def test_an_address_is_shown_before_it_is_opened(tmp_path: Path) -> None:
    async with Stage(tmp_path, DISPLAY=":0").app(HELLO) as seen:
        await seen.ready()
        seen.app.post_message(Transcript.LinkClicked("https://example.org/x"))
        await seen.until(lambda: "leads to https://example.org/x" in seen.told)


async def test_without_a_browser_an_address_is_copied(tmp_path: Path) -> None:
    async with Stage(tmp_path, TERM="xterm-256color").app(HELLO) as seen:
        await seen.ready()
        seen.app.post_message(Transcript.LinkClicked("https://example.org/x"))
        await seen.until(lambda: "may refuse it: https://example.org/x" in seen.told)
        assert seen.app.clipboard == "https://example.org/x"


async def test_a_place_that_is_no_file_is_not_opened(stage: Stage) -> None:
    os.mkfifo(stage.work / "pipe")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        seen.app.post_message(Transcript.LinkClicked(place=f"{stage.work}/pipe:1"))
        await seen.until(lambda: "there is no file" in seen.told)


@pytest.mark.parametrize("path", ["/w/" + "a" * 300, "/w/a.py:1\0"])
async def test_nor_is_one_that_could_be_none(path: str) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        await open_place(f"{path}:{'9' * 5_000}", "vi", {})


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["vi"], ["vi", "+12", "/w/a.py"]),
        (["/usr/bin/nano", "-w"], ["/usr/bin/nano", "-w", "+12", "/w/a.py"]),
        (["hx"], ["hx", "/w/a.py:12"]),
        (["code", "--wait"], ["code", "--wait", "-g", "/w/a.py:12"]),
    ],
)
def test_an_editor_is_told_the_line_in_its_own_way(command: list[str], expected: list[str]) -> None:
    assert at_line(command, Path("/w/a.py"), 12) == expected


async def test_pictures_go_with_the_prompt_of_the_command_line(stage: Stage) -> None:
    (stage.work / "a.png").write_bytes(PNG)
    async with stage.app(HELLO, "look", image=("a.png",)) as seen:
        await seen.until(lambda: "Hello." in seen.texts(Answer))
        blocks = seen.app.transcript.view.blocks
        assert [one.images for one in blocks if isinstance(one, Said)] == [1]


async def test_pictures_without_a_prompt_wait_in_the_composer(stage: Stage) -> None:
    (stage.work / "a.png").write_bytes(PNG)
    async with stage.app(HELLO, image=("a.png",)) as seen:
        await seen.ready()
        composer = seen.app.composer
        assert "a.png" in composer.text
        (picture,) = composer.pastes.pictures(composer.text)
        assert isinstance(picture.image, Image)


async def test_a_terminal_that_says_late_that_it_is_light_gets_the_light_theme(
    stage: Stage,
) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        assert seen.app.theme == "kedge-dark"
        seen.app.post_message(BackgroundTold(dark=False))
        await seen.until(lambda: seen.app.theme == "kedge-light")


def test_a_title_is_short_and_harmless_and_says_that_a_question_waits() -> None:
    assert title("fix\x07 \x1b it\n", asks=True) == "? kedge · fix it"
    assert len(title("x" * 500, asks=False)) < 80
    assert title("", asks=False) == "kedge"


def test_the_title_is_set_when_it_changes_and_given_back() -> None:
    window = WindowTitle({"TERM": "xterm"})
    assert window.restore() == ""
    assert window.show("a", asks=False) == f"{SAVE}\x1b]0;kedge · a\x1b\\"
    assert window.show("a", asks=False) == ""
    assert window.show("a", asks=True) == "\x1b]0;? kedge · a\x1b\\"
    assert window.restore() == RESTORE
    assert WindowTitle({"TERM": "linux"}).show("a", asks=False) == ""


async def test_a_second_number_sign_makes_a_note_one_for_all_projects(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.pilot.press("number_sign", "number_sign", *"mine", "enter")
        await seen.until(lambda: "- mine" in seen.told)
        await seen.pilot.press("number_sign", *"ours", "enter")
        await seen.until(lambda: "- ours" in seen.told)
        (own,) = stage.home.config_dir.glob("*.md")
        assert "mine" in own.read_text() and "ours" not in own.read_text()
        (theirs,) = (stage.home.data_dir / "notes").glob("*/*.md")
        assert "ours" in theirs.read_text() and "mine" not in theirs.read_text()


async def test_who_looked_elsewhere_when_a_question_came_writes_on_after_answering(
    tmp_path: Path,
) -> None:
    script: Script = [(["user"], [bash("touch made")]), (["tool"], [text("Done.")])]
    async with Stage(tmp_path).app(script, "go", mode="ask") as seen:
        seen.app.post_message(events.AppBlur())
        await seen.until(lambda: seen.app.state.questions)
        await seen.until(lambda: isinstance(seen.app.focused, AskPanel))
        seen.app.post_message(events.AppFocus())
        await seen.pilot.press("1")
        await seen.until(lambda: "Done." in seen.texts(Answer))
        await seen.write("more")
        assert seen.app.composer.text == "more"
