"""What a person likes holds for later starts, too, unless they want it only for now."""

import tomllib
from pathlib import Path

import pytest
from tui.seen_app import HELLO, Seen, Stage

from kedge.cli.tui.screens.pickers import ThemePicker
from kedge.config.values import Table


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def file_of(stage: Stage) -> Path:
    return stage.home.config_dir / "config.toml"


def kept(stage: Stage) -> Table:
    return tomllib.loads(file_of(stage).read_text())["tui"]


async def told(seen: Seen, words: str) -> None:
    await seen.until(lambda: words in seen.told.replace("\n", " "))


async def test_a_theme_that_is_picked_is_kept_and_where_is_said(stage: Stage) -> None:
    file_of(stage).parent.mkdir(parents=True)
    file_of(stage).write_text("# mine\n[tui]\nvim = true  # always\n")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/theme")
        await seen.on(ThemePicker)
        await seen.write("light")
        await seen.pilot.press("enter")
        await told(seen, f"theme light; kept in {file_of(stage)}")
        assert seen.app.theme == "kedge-light"
    assert file_of(stage).read_text() == '# mine\n[tui]\nvim = true  # always\ntheme = "light"\n'


async def test_a_theme_can_be_worn_only_for_now(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/theme")
        await seen.on(ThemePicker)
        await seen.write("high")
        await seen.pilot.press("ctrl+t")
        await told(seen, "theme high-contrast, until you leave")
        await seen.send("/theme light --now")
        await told(seen, "theme light, until you leave")
        await seen.send("/vim on --now")
        await told(seen, "ends inserting, until you leave")
        assert seen.app.composer.vim is not None
    assert not file_of(stage).exists()


async def test_automatic_takes_the_choice_back(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/theme ansi")
        await told(seen, "theme ansi; kept")
        await seen.send("/theme auto")
        await told(seen, "goes by the terminal")
        assert seen.app.theme == "kedge-ansi"
    assert kept(stage) == {"theme": ""}


async def test_the_keys_of_vi_and_the_thinking_are_kept(stage: Stage) -> None:
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/vim")
        await told(seen, "kept in")
        await seen.send("/thinking shown")
        await told(seen, "what the model thinks is shown; kept in")
    assert kept(stage) == {"vim": True, "thinking": "shown"}


async def test_what_cannot_be_kept_is_said_once_and_holds_for_now(stage: Stage) -> None:
    file_of(stage).parent.mkdir(parents=True)
    async with stage.app(HELLO) as seen:
        await seen.ready()
        file_of(stage).write_text("[tui\n")
        await seen.send("/theme light")
        await told(seen, "theme light, but only until you leave")
        assert str(file_of(stage)) in seen.told
        assert len(seen.app.told) == 1
        assert seen.app.theme == "kedge-light"
    assert file_of(stage).read_text() == "[tui\n"


async def test_a_variable_that_counts_more_is_named(tmp_path: Path) -> None:
    stage = Stage(tmp_path, KEDGE_TUI_THEME="dark")
    async with stage.app(HELLO) as seen:
        await seen.ready()
        await seen.send("/theme light")
        await told(seen, "KEDGE_TUI_THEME says otherwise")
