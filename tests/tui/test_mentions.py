"""What goes along with a prompt: mentioned files, pastes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.messages import Image, Text
from kedge.cli.tui.composer.mentions import (
    MAX_BYTES,
    Mention,
    attach,
    mentions,
    written,
)
from kedge.cli.tui.composer.pastes import Pastes, is_long

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c636000000002000148afa4710000000049454e44ae426082"
)


def visible(path: Path) -> bool:
    return False


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("see @a.py.", [Mention("a.py")]),
        ("(@a.py, @b.py)", [Mention("a.py"), Mention("b.py")]),
        ('@"my file.md":3', [Mention("my file.md")]),
        ("@a.py:10-20 @a.py#L3", [Mention("a.py", 10, 20), Mention("a.py", 3)]),
        ("@a.py @a.py", [Mention("a.py")]),
        ("me@example.org", []),
        ("npm i @scope/name@1", [Mention("scope/name@1")]),
    ],
)
def test_mentions_are_seen_in_words(words: str, found: list[Mention]) -> None:
    assert mentions(words) == found


def test_lines_of_a_file_go_along_marked_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\ntwo\nthree\n")
    (part,) = attach("@a.py:2", tmp_path, visible).parts
    assert part == Text('<attached path="a.py" of="3" lines="2-2">\ntwo\n</attached>')


def test_a_long_file_is_cut_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("word " * 20 + "\n" + ("x" * 99 + "\n") * 1_000)
    (part,) = attach("@a.txt", tmp_path, visible).parts
    assert isinstance(part, Text)
    assert len(part.text.encode()) < MAX_BYTES + 200
    assert "are left out]" in part.text


def test_pictures_and_directories_go_along(tmp_path: Path) -> None:
    (tmp_path / "shot.png").write_bytes(PNG)
    (tmp_path / "src/lib").mkdir(parents=True)
    (tmp_path / "src/a.py").write_text("")
    picture, folder = attach("@shot.png in @src/", tmp_path, visible).parts
    assert isinstance(picture, Image)
    assert folder == Text('<attached path="src/" entries="yes">\na.py\nlib/\n</attached>')


def test_what_is_outside_or_nowhere_does_not_go_along(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("x")
    (root / "link").symlink_to(tmp_path / "secret")
    words = f"@../secret @{tmp_path}/secret @link @nothing @property"
    assert attach(words, root, visible).parts == ()


def test_what_nobody_may_read_does_not_go_along_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY=1")
    attached = attach("@.env", tmp_path, lambda path: path.name == ".env")
    assert attached.parts == ()
    assert ".env is protected" in attached.problems[0]


def test_binary_files_do_not_go_along_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 10)
    attached = attach("@a.bin", tmp_path, visible)
    assert attached.parts == ()
    assert "a.bin does not go along" in attached.problems[0]


def test_a_path_with_spaces_is_written_so_that_it_is_read_back() -> None:
    assert mentions(f"see {written('a b/c.py')}") == [Mention("a b/c.py")]


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=30), max_size=4))
def test_pastes_come_back_as_they_were(words: str, texts: list[str]) -> None:
    pastes = Pastes()
    shown = words + "".join(pastes.add_text(text) for text in texts)
    assert pastes.expanded(shown) == words + "".join(texts)


def test_what_the_editor_left_alone_is_collapsed_again() -> None:
    pastes = Pastes()
    shown = f"a {pastes.add_text('one')} b {pastes.add_text('one two')}"
    assert pastes.collapsed(pastes.expanded(shown).replace(" b ", " c ")).startswith("a [Pasted")
    assert pastes.collapsed("a one b one two") == shown


def test_fifteen_lines_or_a_thousand_characters_are_still_short() -> None:
    assert not is_long("\n" * 14)
    assert is_long("\n" * 15)
    assert not is_long("x" * 1_000)
    assert is_long("x" * 1_001)
