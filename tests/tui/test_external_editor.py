"""The person's own editor, as a real program, and pictures from outside."""

from pathlib import Path

import pytest

from kedge.cli.tui.composer.clipboard import clipboard_image, pasted_picture
from kedge.cli.tui.composer.external_editor import edited, editor_command
from kedge.config.errors import UsageError

_ENV = {"PATH": "/usr/bin:/bin"}


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


def test_the_setting_wins_over_visual_over_editor() -> None:
    env = {"VISUAL": "code --wait", "EDITOR": "nano"}
    assert editor_command("vim -n", env) == ["vim", "-n"]
    assert editor_command("", env) == ["code", "--wait"]
    assert editor_command("", {"EDITOR": "nano"}) == ["nano"]
    assert editor_command("", {}) == ["vi"]


def test_what_the_editor_writes_is_what_is_left(tmp_path: Path) -> None:
    editor = program(tmp_path / "editor", 'printf "%s and more\\n" "$(cat "$1")" > "$1"')
    assert edited("some words", editor, _ENV) == "some words and more"


def test_nobody_else_can_read_the_words_meanwhile(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    editor = program(tmp_path / "editor", f'ls -ld "$1" "$(dirname "$1")" > {seen}')
    edited("secret", editor, _ENV)
    file, folder = sorted(seen.read_text().splitlines())
    assert file.startswith("-rw-------")
    assert folder.startswith("drwx------")


@pytest.mark.parametrize(
    ("script", "words"), [("exit 3", "ended with 3"), ("printf '\\377' > \"$1\"", "cannot be read")]
)
def test_an_editor_that_fails_changes_nothing(tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        edited("words", program(tmp_path / "editor", script), _ENV)


def test_an_editor_that_is_not_there_is_said_so() -> None:
    with pytest.raises(UsageError, match="did not start"):
        edited("words", "/nowhere/editor", _ENV)


def test_a_picture_comes_from_the_tool_that_knows_the_clipboard(tmp_path: Path) -> None:
    program(tmp_path / "wl-paste", "printf '\\211PNG\\r\\n\\032\\nrest'")
    image = clipboard_image({"PATH": f"{tmp_path}:/usr/bin:/bin", "WAYLAND_DISPLAY": "w"})
    assert image.media_type == "image/png"


def test_a_clipboard_without_a_picture_is_said_so(tmp_path: Path) -> None:
    program(tmp_path / "xclip", "exit 1")
    with pytest.raises(UsageError, match="no picture in the clipboard"):
        clipboard_image({"PATH": f"{tmp_path}:/usr/bin:/bin", "DISPLAY": ":0"})


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need xclip"):
        clipboard_image({"PATH": str(tmp_path), "DISPLAY": ":0"})


def test_paths_are_understood_as_terminals_paste_them(tmp_path: Path) -> None:
    picture = tmp_path / "my shot.png"
    picture.write_bytes(b"x")
    for text in (
        f"{picture} ",
        f"'{picture}'",
        str(picture).replace(" ", "\\ "),
        picture.as_uri(),
        "my shot.png",
    ):
        assert pasted_picture(text, tmp_path) == picture
    assert pasted_picture("no such.png", tmp_path) is None
    assert pasted_picture("words about a picture.png\nand more", tmp_path) is None
