"""Pictures that are attached: looked at first, and refused where the model can be shown none."""

from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from textual import events
from tui.seen_app import HELLO, Seen, Stage

from kedge.cli.images import MAX_BYTES
from kedge.cli.tui.composer.clipboard import clipboard_image
from kedge.cli.tui.view.blocks import Answer, Said
from kedge.config.errors import UsageError

PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
BLIND = "deepseek/deepseek-v4-pro"
NONE = f"{BLIND} takes no images"
NOWHERE = "providers.deepseek.base_url=http://127.0.0.1:9"


ASKED = {
    "DISPLAY": ("xclip", "-selection clipboard -target image/png -out"),
    "WAYLAND_DISPLAY": ("wl-paste", "--type image/png"),
}
"""The programs that know a clipboard, and how they are asked for a picture."""


def clipboard(folder: Path, data: bytes, display: str = "DISPLAY") -> dict[str, str]:
    """Where a program gives this as what is in the clipboard, if it is asked as it has to be."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "held").write_bytes(data)
    name, words = ASKED[display]
    program = programs / name
    program.write_text(f'#!/bin/sh\n[ "$*" = "{words}" ] || exit 2\nexec cat {programs}/held\n')
    program.chmod(0o700)
    return {"PATH": f"{programs}:/usr/bin:/bin", display: "0"}


@pytest.mark.parametrize("display", ASKED)
def test_a_picture_in_the_clipboard_is_taken_as_it_is(tmp_path: Path, display: str) -> None:
    image = clipboard_image(clipboard(tmp_path, PNG, display))
    assert (image.media_type, b64decode(image.data)) == ("image/png", PNG)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PNG[:-12], "the picture in the clipboard is damaged: its end is missing"),
        (PNG[:45] + b"x" + PNG[46:], "is damaged: a checksum does not fit"),
        (b"<svg/>", "the picture in the clipboard is no PNG, JPEG, GIF or WebP"),
        (PNG + b"\0" * MAX_BYTES, "the picture in the clipboard is larger than 5,000,000 bytes"),
        (b"", "there is no picture in the clipboard"),
    ],
)
def test_one_that_nobody_could_show_is_refused_in_words(
    tmp_path: Path, data: bytes, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        clipboard_image(clipboard(tmp_path, data))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path, DEEPSEEK_API_KEY="sk-none", **clipboard(tmp_path, PNG))
    (stage.work / "a.png").write_bytes(PNG)
    return stage


@pytest.fixture
async def blind(stage: Stage) -> AsyncGenerator[Seen]:
    """An app whose model can be shown no pictures."""
    async with stage.app(model=BLIND, set=(NOWHERE,)) as seen:
        await seen.ready()
        yield seen


async def test_attaching_from_the_clipboard_says_at_once_that_nobody_will_see_it(
    blind: Seen,
) -> None:
    await blind.pilot.press("ctrl+v")
    await blind.until(lambda: NONE in blind.told)
    assert blind.app.composer.text == "[Image #1] "


async def test_so_does_a_path_that_is_pasted(blind: Seen) -> None:
    blind.app.composer.post_message(events.Paste("a.png"))
    await blind.until(lambda: NONE in blind.told)
    assert blind.app.composer.text == "[Image #1 a.png] "


async def test_so_does_a_mention_that_is_taken(blind: Seen) -> None:
    await blind.pilot.press("at", "a")
    await blind.pilot.press("tab")
    await blind.until(lambda: NONE in blind.told)
    assert blind.app.composer.text == "@a.png "


async def test_so_does_the_command_line(stage: Stage) -> None:
    async with stage.app(model=BLIND, set=(NOWHERE,), image=("a.png",)) as seen:
        await seen.until(lambda: NONE in seen.told)
        assert "[Image #1 a.png]" in seen.app.composer.text


@pytest.mark.parametrize("how", ["attached", "mentioned"])
async def test_a_prompt_with_one_is_not_sent_and_not_lost(blind: Seen, how: str) -> None:
    if how == "attached":
        await blind.pilot.press("ctrl+v")
        await blind.until(lambda: blind.app.composer.text)
        await blind.write("look")
        await blind.pilot.press("enter")
    else:
        await blind.send("@a.png look")
    await blind.until(lambda: f"not sent: {NONE}" in blind.told)
    composer = blind.app.composer
    assert composer.text == ("[Image #1] look" if how == "attached" else "@a.png look")
    pictures = [one.image.data for one in composer.pastes.pictures(composer.text)]
    assert pictures == ([b64encode(PNG).decode()] if how == "attached" else [])
    assert not blind.texts(Said)


async def test_a_model_that_takes_none_says_so_when_it_is_chosen_with_one_attached(
    stage: Stage,
) -> None:
    async with stage.app(HELLO, set=(NOWHERE,)) as seen:
        await seen.ready()
        await seen.app.desk.set_model(BLIND)
        await seen.until(lambda: seen.app.state.model == BLIND)
        assert NONE not in seen.told, "nothing is attached"
        await seen.app.desk.set_model(f"scripted:{stage.folder / 'script.jsonl'}")
        await seen.until(lambda: not seen.app.state.no_images)
        await seen.pilot.press("ctrl+v")
        await seen.until(lambda: seen.app.composer.text)
        assert NONE not in seen.told
        await seen.app.desk.set_model(BLIND)
        await seen.until(lambda: NONE in seen.told)


async def test_what_was_given_back_is_sent_to_the_next_model_that_can_be_shown_it(
    stage: Stage,
) -> None:
    async with stage.app(HELLO, set=(NOWHERE,)) as seen:
        await seen.ready()
        await seen.pilot.press("ctrl+v")
        await seen.until(lambda: seen.app.composer.text)
        await seen.app.desk.set_model(BLIND)
        await seen.pilot.press("enter")
        await seen.until(lambda: f"not sent: {NONE}" in seen.told)
        await seen.app.desk.set_model(f"scripted:{stage.folder / 'script.jsonl'}")
        await seen.until(lambda: not seen.app.state.no_images)
        await seen.pilot.press("enter")
        await seen.until(lambda: "Hello." in seen.texts(Answer))
        assert [one.images for one in seen.app.transcript.view.blocks if isinstance(one, Said)] == [
            1
        ]
