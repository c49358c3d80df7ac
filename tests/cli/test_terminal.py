"""What a terminal is shown is harmless."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.cli.terminal import Out, Style, harmless, in_a_line, visible

EVIL = {
    "cursor": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "title ended by ST": "\x1b]0;owned\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "link": "\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\",
    "device control": '\x1bP$q"p\x1b\\',
    "eight-bit": "\x9b2J\x9d0;owned\x9c",
    "carriage return": "good\rbad",
    "backspace": "good\b\b\b\bbad",
    "bell": "\x07",
    "bidirectional": "\u202eevil\u202c\u2066x\u2069",
    "marks": "\u200e\u200f\u061c",
    "shift out": "\x0e\x0f",
}


@pytest.mark.parametrize("kind", EVIL)
def test_nothing_that_a_terminal_acts_on_is_left(kind: str) -> None:
    left = harmless(f"before {EVIL[kind]} after")
    assert left.startswith("before ") and left.endswith(" after")
    assert not set(left) & {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))}
    assert not set(left) & {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


@given(st.text())
def test_whatever_a_model_says_only_newlines_and_tabs_control(text: str) -> None:
    left = harmless(text)
    assert {one for one in left if ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0} <= {"\n", "\t"}
    assert harmless(left) == left


@given(st.text(st.characters(exclude_characters="\r")))
def test_of_what_is_judged_nothing_is_left_out(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert harmless(shown) == shown
    assert shown.splitlines() == shown.removesuffix("\n").split("\n") or not shown


def test_what_a_terminal_would_swallow_is_seen() -> None:
    assert visible("echo a\x1b[;  ./b\r\n\x1b]c\u2028d") == "echo a␛[;  ./b\n␛]c\ufffdd"


@pytest.mark.parametrize("text", ["Grüße\n\t世界 🌍", "a → b", "👩‍👩‍👧", "\u00a0"])
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": ""}, {"FORCE_COLOR": "1"}])
def test_no_colours_where_there_is_no_terminal(env: dict[str, str]) -> None:
    reading, writing = os.pipe()
    style = Style.of(Out(writing), env)
    os.close(reading)
    os.close(writing)
    assert style.bad("x") == "x"


def test_a_reader_that_left_is_no_trouble_and_a_full_disk_is() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = Out(writing)
    out.say("words")
    out.say("more")
    os.close(writing)
    assert out.trouble == ""
    full = os.open("/dev/full", os.O_WRONLY)
    out = Out(full)
    out.say("words")
    os.close(full)
    assert out.trouble == "No space left on device"


def test_a_name_with_a_newline_stays_one_line() -> None:
    assert in_a_line("a\n✓ done\x1b[2J.") == "a\\n✓ done."
