"""What a command printed, as the model and the file get it."""

import os
import re
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.sandbox.capture import Capture
from kedge.sandbox.terminal import Cleaner

PIECES = st.lists(
    st.sampled_from(
        ["a", "été", "\U0001f600", "\n", "\r", "\r\n", "\b", "\t", "\x1b[31m", "\x1b[0m", "\x1b[K"]
        + ["\x1b[2K", "\x1b]0;title\x07", "\x1b]8;;u\x1b\\", "\x1b(B", "\x1b", "[", "]", "\x07"]
        + ["\x00", "50%", " ", "K", "\x1b[", "\x1b[1;2", "\\", "\x9b", "x" * 70]
    )
    | st.text(max_size=5),
    max_size=40,
).map("".join)


def captured(data: bytes, directory: Path, *, limit: int = 1_000_000, cuts: tuple[int, ...] = ()):
    capture = Capture(limit, directory / "full.txt")
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in zip(edges, edges[1:], strict=False):
        capture.feed(data[start:end])
    capture.finish()
    return capture


def clean(data: bytes) -> str:
    cleaner = Cleaner()
    return cleaner.feed(data) + cleaner.finish()


@given(PIECES, st.binary(max_size=20), st.lists(st.integers(0, 400), max_size=30))
def test_below_the_limit_the_text_is_the_cleaned_output_however_it_was_cut(text, junk, cuts):
    data = text.encode(errors="replace") + junk + text.encode(errors="replace")
    with tempfile.TemporaryDirectory() as directory:
        whole = captured(data, Path(directory))
        pieces = captured(data, Path(directory), cuts=tuple(cuts))
        assert pieces.text() == whole.text() == clean(data)
        assert os.listdir(directory) == []


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_text_without_control_characters_is_left_alone(text):
    assert clean(text.encode()) == text


@given(st.text(st.characters(exclude_categories=("Cs",))).map(lambda text: text.replace("\r", "")))
def test_no_control_character_but_tab_and_newline_is_left(text):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", clean(text.encode()))


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        (b"10%\r50%\r100%\n", "100%\n"),
        (b"10%\r100%", "100%"),
        (b"100%\r", "100%"),
        (b"dos\r\nline\r\r\n", "dos\nline\n"),
        (b"working\r\x1b[Kdone\n", "done\n"),
        (b"working\r\x1b[K\nnext", "\nnext"),
        (b"working\x1b[2K\rdone", "done"),
        (b"kept\x1b[K\n", "kept\n"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "link"),
        (b"\x1b(Bplain\x1b7", "plain"),
        (b"b\bbo\bol\bld", "bold"),
        (b"bell\x07 null\x00", "bell null"),
        (b"\xff\xc3\xa9\xc3", "�é�"),
        (b"\x1b]never ended\nnext", "\nnext"),
        (b"\x1b[12", ""),
    ],
)
def test_what_a_terminal_would_have_shown_is_kept(printed, read):
    assert clean(printed) == read


def test_a_line_of_any_length_is_held_in_bounded_memory():
    cleaner = Cleaner()
    out = sum(len(cleaner.feed(b"x" * 50_000)) for _ in range(100))
    assert out + len(cleaner.pending) == 5_000_000
    assert len(cleaner.pending) <= 65_536


def test_beyond_the_limit_head_and_tail_stay_and_the_file_has_everything(tmp_path):
    lines = [f"line {number}\n" for number in range(1, 2001)]
    capture = captured("".join(lines).encode(), tmp_path, limit=1000, cuts=tuple(range(0, 9000, 7)))
    path = tmp_path / "full.txt"
    assert path.read_text() == "".join(lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert capture.spilled == path
    head, marker, tail = re.split(r"(\[\.\.\. .* \.\.\.\]\n)", capture.text())
    assert "".join(lines).startswith(head) and head.endswith("\n")
    assert "".join(lines).endswith(tail) and tail.startswith("line ")
    where = re.escape(f"full output: {path}")
    found = re.fullmatch(rf"\[\.\.\. (\d+) lines / (\d+) bytes omitted; {where} \.\.\.\]\n", marker)
    assert found is not None
    assert int(found[1]) == 2000 - head.count("\n") - tail.count("\n")
    assert int(found[2]) == len("".join(lines)) - len(head) - len(tail)
    assert 800 < len(head) + len(tail) <= 1000


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_the_limit_itself_is_not_beyond_it(tmp_path, size):
    capture = captured(b"y" * 99 + b"\n" + b"x" * (size - 100), tmp_path, limit=1000)
    assert (capture.spilled is not None) == (size > 1000)


def test_a_limit_in_the_middle_of_a_character_shows_no_broken_character(tmp_path):
    text = captured("é€".encode() * 1000, tmp_path, limit=101).text()
    assert "�" not in text
    assert text.startswith("é€") and text.endswith("é€")


def test_a_very_long_line_is_cut_for_the_model_and_whole_in_the_file(tmp_path):
    text = "before\n" + "x" * 5000 + "\nafter\n"
    capture = captured(text.encode(), tmp_path, cuts=(100, 2100, 4000))
    path = tmp_path / "full.txt"
    assert path.read_text() == text
    assert capture.text() == (
        "before\n" + "x" * 2000 + " [... 3000 more characters in this line ...]\nafter\n"
        f"[... 1 long lines cut; full output: {path} ...]\n"
    )


def test_a_line_of_exactly_the_longest_length_is_not_cut(tmp_path):
    text = "x" * 2000 + "\n" + "y" * 2000
    assert captured(text.encode(), tmp_path, cuts=(1999, 2000, 2001)).text() == text


@given(st.lists(st.integers(0, 9000), max_size=20))
def test_long_lines_are_cut_alike_however_the_output_was_cut(cuts):
    data = ("a" * 2500 + "\n" + "b" * 1500 + "\n" + "c" * 3000 + "\nend").encode()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole = captured(data, Path(one)).text().replace(one, "")
        assert captured(data, Path(two), cuts=tuple(cuts)).text().replace(two, "") == whole
        assert (Path(two) / "full.txt").read_bytes() == data


def test_output_under_way_can_be_read(tmp_path):
    capture = Capture(1000, tmp_path / "full.txt")
    capture.feed(b"done\npartly")
    assert capture.text() == "done\npartly"
    capture.feed(b" there\n")
    assert capture.text() == "done\npartly there\n"


def test_a_file_that_cannot_be_made_is_told_and_stops_nothing(tmp_path):
    taken = tmp_path / "full.txt"
    taken.write_text("somebody else's")
    capture = captured(b"line\n" * 1000, tmp_path, limit=100)
    assert "could not be saved: File exists" in capture.text()
    assert capture.spilled is None
    assert taken.read_text() == "somebody else's"


def test_a_file_takes_no_more_than_its_limit(tmp_path):
    capture = Capture(100, tmp_path / "full.txt", spill_limit=1000)
    for _ in range(100):
        capture.feed(b"123456789\n" * 10)
    capture.finish()
    assert (tmp_path / "full.txt").stat().st_size == 1000
    assert "first 1000 bytes of the output" in capture.text()
