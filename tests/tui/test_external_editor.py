"""The person's own editor, as a real program, and pictures from outside."""

import os
from asyncio import Event, create_task, to_thread
from pathlib import Path

import pytest

from kedge.cli.tui.composer.clipboard import clipboard_image, pasted_picture
from kedge.cli.tui.terminal.editor import edited, editor_command
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


async def test_what_the_editor_writes_is_what_is_left(tmp_path: Path) -> None:
    editor = program(tmp_path / "editor", 'printf "%s and more\\n" "$(cat "$1")" > "$1"')
    assert await edited("some words", editor, _ENV, Event()) == "some words and more"


async def test_nobody_else_can_read_the_words_meanwhile(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    editor = program(tmp_path / "editor", f'ls -ld "$1" "$(dirname "$1")" > {seen}')
    await edited("secret", editor, _ENV, Event())
    file, folder = sorted(seen.read_text().splitlines())
    assert file.startswith("-rw-------")
    assert folder.startswith("drwx------")


@pytest.mark.parametrize(
    ("script", "words"), [("exit 3", "ended with 3"), ("printf '\\377' > \"$1\"", "cannot be read")]
)
async def test_an_editor_that_fails_changes_nothing(
    tmp_path: Path, script: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        await edited("words", program(tmp_path / "editor", script), _ENV, Event())


async def test_an_editor_that_is_not_there_is_said_so() -> None:
    with pytest.raises(UsageError, match="did not start"):
        await edited("words", "/nowhere/editor", _ENV, Event())


async def test_an_editor_ends_with_kedge_even_if_it_does_not_want_to(tmp_path: Path) -> None:
    over = Event()
    os.mkfifo(tmp_path / "begun")
    editor = program(
        tmp_path / "editor", f"trap '' HUP TERM; echo > {tmp_path}/begun; exec sleep 99"
    )
    waiting = create_task(edited("words", editor, _ENV, over))
    await to_thread((tmp_path / "begun").read_text)
    over.set()
    with pytest.raises(UsageError, match="ended with -9"):
        await waiting


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


def test_a_paste_that_no_path_could_be_is_words(tmp_path: Path) -> None:
    for text in ("~nobody.of.that.name.png", f"{'a' * 300}.png", "file://%00.png"):
        assert pasted_picture(text, tmp_path) is None
