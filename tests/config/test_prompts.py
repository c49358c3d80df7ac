"""Laws of the texts for the model."""

import pathlib

import pytest

from kedge.config import prompts
from kedge.config.errors import ConfigError


def _write(folder: pathlib.Path, kind: str, name: str, text: str) -> pathlib.Path:
    file = folder / kind / f"{name}.md"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_the_users_prompt_is_read_without_white_space_around_it(tmp_path: pathlib.Path) -> None:
    file = _write(tmp_path, "prompts", "mine", "\nSay: grüß dich.\n\n")
    assert prompts.prompt("mine", tmp_path) == prompts.Text("mine", "Say: grüß dich.", str(file))


def test_a_setting_beats_the_users_file(tmp_path: pathlib.Path) -> None:
    _write(tmp_path, "tools", "zap", "from the file")
    assert prompts.tool_text("zap", tmp_path, {}).text == "from the file"
    text = prompts.tool_text("zap", tmp_path, {"zap": " from settings "})
    assert (text.text, text.origin) == ("from settings", "tools.texts.zap")


def test_every_packaged_text_can_be_read_and_overridden(tmp_path: pathlib.Path) -> None:
    for file in prompts.DEFAULTS.glob("prompts/*.md"):
        assert prompts.prompt(file.stem, tmp_path / "none").origin == str(file)
    for file in prompts.DEFAULTS.glob("tools/*.md"):
        assert prompts.tool_text(file.stem, tmp_path / "none", {}).origin == str(file)


def test_a_text_that_is_nowhere_says_where_it_could_be(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="no text 'zap'") as caught:
        prompts.prompt("zap", tmp_path)
    assert str(tmp_path / "prompts" / "zap.md") in caught.value.hint


@pytest.mark.parametrize("name", ["../secret", "a/b", "", ".hidden", "A b"])
def test_a_name_cannot_leave_the_folder(tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(ConfigError, match="not the name of a text"):
        prompts.prompt(name, tmp_path)


def test_a_text_that_is_not_utf_8_is_a_config_error(tmp_path: pathlib.Path) -> None:
    _write(tmp_path, "prompts", "bad", "").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        prompts.prompt("bad", tmp_path)
