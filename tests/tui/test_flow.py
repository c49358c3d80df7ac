"""Text in lines: nothing is lost, nothing is too wide, and it is copied as it was."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment

from kedge.cli.tui.view.clean import printed, words
from kedge.cli.tui.view.copying import copied
from kedge.cli.tui.view.flow import flow, one

texts = st.text(st.sampled_from("ab cde  fg\n日本é́🙂👩‍💻x"), max_size=80)


@given(texts, st.integers(4, 30), st.booleans())
def test_no_line_is_wider_than_asked_and_none_loses_text(
    text: str, width: int, by_words: bool
) -> None:
    lines = flow([Segment(text)], width, [Segment("> ")], [Segment("  ")], by_words=by_words)
    assert all(line.cells <= width for line in lines)
    assert all(line.cells == sum(cell_len(part.text) for part in line.segments) for line in lines)
    rejoined = copied(lines)
    assert [line.rstrip() for line in rejoined.split("\n")] == [
        line.rstrip() for line in text.split("\n")
    ]


def test_words_stay_whole_where_they_fit() -> None:
    lines = flow([Segment("one two three")], 8)
    assert [line.text for line in lines] == ["one two", "three"]


def test_wide_characters_may_be_parted_anywhere() -> None:
    lines = flow([Segment("日本語です")], 5)
    assert [line.text for line in lines] == ["日本", "語で", "す"]


def test_what_is_too_long_for_one_line_is_cut_with_a_mark() -> None:
    line = one([Segment("日本語です")], 6)
    assert (line.text, line.cells) == ("日本…", 5)


def test_styles_survive_where_a_line_ends_amid_them() -> None:
    bold = Segment("two three").style
    lines = flow([Segment("one "), Segment("two three", bold)], 7)
    assert [line.text for line in lines] == ["one two", "three"]


def test_output_is_what_a_terminal_would_show_in_the_end() -> None:
    assert printed("10%\r50%\r100%\ndone\r\n") == "100%\ndone\n"
    assert printed("\x1b]0;title\x07\x1b[31mred\x1b[0m \x1b(Bplain") == "red plain"
    assert printed("b\x08bo\x08ol\x08ld\x08d") == "bold"
    assert printed("a\tb") == "a   b"


@given(st.text(max_size=200))
def test_nothing_that_a_terminal_acts_on_is_left(text: str) -> None:
    for clean in (words(text), printed(text)):
        assert not any(character < " " and character != "\n" for character in clean)
        assert not any("\x7f" <= character <= "\x9f" for character in clean)
        clean.encode()
