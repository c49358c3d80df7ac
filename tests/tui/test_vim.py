"""The keys of vi, against what vim does, and against laws that hold for any keys."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.cli.tui.vim.machine import Vim

_LINES = "one two\nthree  four\n\nfive(six, [seven]) {x}"
_QUOTES = "say \"hi there\" and 'x' ok\n(a (b c) d)"


def typed(text: str, *groups: str, cursor: int = 0) -> tuple[str, int]:
    """The text and cursor after keys in normal mode; `\\x1b` is Escape."""
    vim = Vim()
    vim.reset(text, "normal")
    return pressed(vim, text, cursor, "".join(groups))


def pressed(vim: Vim, text: str, cursor: int, keys: Sequence[str]) -> tuple[str, int]:
    for key in keys:
        name = {"\x1b": "escape", "\x12": "ctrl+r"}.get(key, key)
        if vim.mode == "insert" and name != "escape":
            text, cursor = text[:cursor] + key + text[cursor:], cursor + 1
            continue
        reply = vim.press(name, text, cursor)
        text, cursor = reply.text, reply.cursor
    return text, cursor


@pytest.mark.parametrize(
    ("text", "keys", "after", "cursor"),
    [
        ("hello world foo", "w", "hello world foo", 6),
        ("hello world foo", "2we", "hello world foo", 14),
        ("a.b, c_d", "w", "a.b, c_d", 1),
        ("a.b, c_d", "W", "a.b, c_d", 5),
        (_LINES, "Gfx;", _LINES, 41),
        (_LINES, "fw;b", _LINES, 4),
        (_LINES, "G%", _LINES, 38),
        (_LINES, "}", _LINES, 20),
        (_LINES, "jll3k", _LINES, 2),
        ("  lead", "$^0", "  lead", 0),
        ("hello world", "dw", "world", 0),
        ("hello world", "wdw", "hello ", 5),
        ("one\ntwo", "wdw", "one\n", 4),
        ("hello world foo", "d2w", "foo", 0),
        ("hello world foo", "2dw", "foo", 0),
        ("hello world foo", "wde", "hello  foo", 6),
        ("hello world", "cwbye\x1b", "bye world", 2),
        ("hello world", "wD", "hello ", 5),
        (_LINES, "dd", "three  four\n\nfive(six, [seven]) {x}", 0),
        (_LINES, "d2j", "five(six, [seven]) {x}", 0),
        ("one\ntwo", "ddp", "two\none", 4),
        ("one\ntwo", "yyP", "one\none\ntwo", 0),
        ("one\ntwo\nthree", "yj2p", "one\none\ntwo\none\ntwo\ntwo\nthree", 4),
        ("abc", "xp", "bac", 1),
        ("abc", "3x", "", 0),
        ("abc", "2~", "ABc", 2),
        ("abcd", "2rz", "zzcd", 1),
        ("one\n  two\nthree", "3J", "one two three", 7),
        ("a)", "ylX", "a)", 0),
        ("one", "oab\x1b", "one\nab", 5),
        ("one", "Oab\x1b", "ab\none", 1),
        ("one", "3ix\x1b", "xxxone", 2),
        ("one", "Ax\x1bIy\x1b", "yonex", 0),
        (_QUOTES, 'ci"NEW\x1b', "say \"NEW\" and 'x' ok\n(a (b c) d)", 7),
        (_QUOTES, "da'", 'say "hi there" and ok\n(a (b c) d)', 19),
        (_QUOTES, "Gfbdi(", "say \"hi there\" and 'x' ok\n(a () d)", 30),
        (_QUOTES, "Gfb2da(", "say \"hi there\" and 'x' ok\n", 26),
        ("hello world foo", "wdaw", "hello foo", 6),
        ("hello world", "wdaw", "hello", 4),
        ("hello world", "wciwall\x1b", "hello all", 8),
        (_LINES, "dip", "\nfive(six, [seven]) {x}", 0),
        ("hello world", "wvey0P", "worldhello world", 4),
        ("hello world", "vlld", "lo world", 0),
        (_LINES, "Vjd", "\nfive(six, [seven]) {x}", 0),
        ("hello", "v$U", "HELLO", 0),
        ("a b c", "dw.", "c", 0),
        ("a b c", "cwx\x1bw.", "x x c", 2),
        ("one\ntwo", "ox\x1b.", "one\nx\nx\ntwo", 6),
        ("hello world", "dwuw", "hello world", 6),
        ("hello world", "dwu\x12", "world", 0),
        ("abc", "ixy\x1bu", "abc", 0),
        ("abc", "10000000000000x", "", 0),
    ],
)
def test_keys_do_what_they_do_in_vim(text: str, keys: str, after: str, cursor: int) -> None:
    assert typed(text, keys) == (after, cursor)


def test_a_motion_beyond_the_lines_means_another_prompt() -> None:
    vim = Vim()
    vim.reset("one\ntwo", "normal")
    assert vim.press("k", "one\ntwo", 0).beyond == "previous"
    assert vim.press("j", "one\ntwo", 0).beyond == ""
    assert vim.press("j", "one\ntwo", 4).beyond == "next"


def test_a_selection_is_shown_while_it_grows() -> None:
    vim = Vim()
    vim.reset("hello world", "normal")
    vim.press("v", "hello world", 0)
    selection = vim.press("e", "hello world", 0).selection
    assert selection is not None
    assert (selection.start, selection.end) == (0, 5)
    assert vim.mode == "visual"


def test_escape_forgets_half_a_command_before_it_does_anything_else() -> None:
    vim = Vim()
    vim.reset("hello world", "normal")
    vim.press("d", "hello world", 0)
    assert vim.pending == "d"
    vim.press("escape", "hello world", 0)
    assert vim.pending == ""
    assert vim.press("w", "hello world", 0).text == "hello world"


texts = st.text(st.sampled_from("ab_. \n\t()[]{}\"'éß"), max_size=30)
keys = st.lists(
    st.sampled_from(
        [*"hjklwbeWBE0^$gGfFtT;,%{}dcyxXsSoOpPuJ~rvViaIACDYab3 ().", "escape", "ctrl+r"]
    ),
    max_size=25,
)


@given(texts, keys)
def test_no_keys_take_the_cursor_out_of_the_text(text: str, pressed_keys: list[str]) -> None:
    vim = Vim()
    vim.reset(text, "normal")
    cursor = 0
    for key in pressed_keys:
        if vim.mode == "insert" and len(key) == 1:
            text, cursor = text[:cursor] + key + text[cursor:], cursor + 1
            continue
        reply = vim.press(key, text, cursor)
        text, cursor = reply.text, reply.cursor
        assert 0 <= cursor <= len(text)
        if vim.mode == "normal" and cursor < len(text) and text[cursor] == "\n":
            assert cursor == 0 or text[cursor - 1] == "\n"
        if reply.selection is not None:
            assert 0 <= reply.selection.start <= reply.selection.end <= len(text)


@given(texts, st.sampled_from("hjklwbeWBE0^$G%{}"), st.integers(0, 3))
def test_motions_and_yanks_leave_the_text_as_it_is(text: str, motion: str, count: int) -> None:
    said = str(count) if count else ""
    assert typed(text, said, motion)[0] == text
    assert typed(text, "y", said, motion)[0] == text


@given(texts, keys)
def test_whatever_was_done_can_be_undone(text: str, pressed_keys: list[str]) -> None:
    vim = Vim()
    vim.reset(text, "normal")
    changed, cursor = text, 0
    for key in [*pressed_keys, "escape", "escape"]:
        if vim.mode == "insert" and len(key) == 1:
            changed, cursor = changed[:cursor] + key + changed[cursor:], cursor + 1
            continue
        reply = vim.press(key, changed, cursor)
        changed, cursor = reply.text, reply.cursor
    for _ in range(60):
        reply = vim.press("u", changed, cursor)
        changed, cursor = reply.text, reply.cursor
    assert changed == text


@given(st.text(st.sampled_from("ab_. ()"), min_size=1, max_size=20), st.sampled_from("webWE$"))
def test_what_was_deleted_within_a_line_can_be_put_back(text: str, motion: str) -> None:
    after, _ = typed(text, "d", motion)
    if after != text:
        assert text in {typed(text, "d", motion, key)[0] for key in "pP"}
