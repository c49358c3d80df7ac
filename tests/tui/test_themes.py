"""The themes: they can be read, and a terminal gets the one that suits it."""

import os
import pty
import termios
import threading

import pytest
from textual.app import App
from textual.widgets import Footer, Input, OptionList, Static, TextArea, Tree

from kedge.cli.tui.terminal.background import Background, Question, automatic
from kedge.cli.tui.terminal.listening_driver import Answers
from kedge.cli.tui.themes import PREFIX, THEMES, palette_of
from kedge.cli.tui.view.palette import PALETTES

COLOURED = [palette for palette in PALETTES.values() if palette.background]
WORDS = ("text", "dim", "accent", "good", "bad", "warn", "person", "code")
SYNTAX = ("keyword", "string", "number", "comment", "definition", "kind")


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """By WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", COLOURED, ids=lambda palette: palette.name)
def test_everything_that_is_to_be_read_stands_out(palette):
    least = 7.0 if palette.name == "high-contrast" else 4.5
    behind = {"background": WORDS, "surface": WORDS, "panel": ("text",)}
    behind |= {"fence": SYNTAX, "added": ("text", *SYNTAX), "removed": ("text", *SYNTAX)}
    behind |= {"selection": ("text",), "added_words": ("text",), "removed_words": ("text",)}
    pairs = [(word, ground) for ground, words in behind.items() for word in words]
    ratios = {
        (word, ground): contrast(getattr(palette, word), getattr(palette, ground))
        for word, ground in pairs
    }
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < least} == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_every_theme_is_taken_by_textual(theme):
    class Shown(App[None]):
        CSS = (
            "Static { color: $text-muted; background: $panel; border-top: solid $border-blurred; }"
        )

        def compose(self):
            yield Static("words")
            # All that has variables of its own.
            yield from (Input(), TextArea(), OptionList("one"), Tree("root"), Footer())

    app = Shown()
    async with app.run_test() as pilot:
        app.register_theme(theme)
        app.theme = theme.name
        await pilot.pause()
        assert app.theme == theme.name
        assert palette_of(theme.name).name == theme.name.removeprefix(PREFIX)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_what_is_chosen_can_be_told_in_every_theme(theme):
    class Chosen(App[None]):
        def compose(self):
            yield OptionList("one", "two", compact=True)

    app = Chosen()
    async with app.run_test() as pilot:
        app.register_theme(theme)
        app.theme = theme.name
        options = app.query_one(OptionList)
        options.focus()
        options.highlighted = 0
        await pilot.pause()
        one, two = (next(iter(options.render_line(line))).style for line in (0, 1))
        assert (one.bgcolor, one.underline) != (two.bgcolor, two.underline)
        if theme.name == f"{PREFIX}none":
            assert one.bgcolor.is_default


RICH = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({**RICH, "NO_COLOR": "1"}, "none"),
        ({**RICH, "NO_COLOR": ""}, ""),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": "linux"}, "ansi"),
        ({"TERM": "xterm-kitty"}, ""),
        ({**RICH, "COLORFGBG": "0;15"}, "light"),
        ({**RICH, "COLORFGBG": "15;default;0"}, "dark"),
        ({**RICH, "COLORFGBG": "default;default"}, ""),
        (RICH, ""),
    ],
)
def test_a_terminal_gets_the_theme_that_suits_it_or_is_asked(env, name):
    assert automatic(env) == name


class Terminal:
    """A terminal that answers what it is asked, in a thread."""

    def __init__(self, answer: bytes, before: bytes = b"") -> None:
        self.own, self.kedge = pty.openpty()
        os.write(self.own, before)
        self._answer = answer
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        asked = b""
        while not asked.endswith(b"\x1b[c"):
            asked += os.read(self.own, 1024)
        os.write(self.own, self._answer)

    def close(self) -> None:
        self._thread.join()
        os.close(self.own)
        os.close(self.kedge)


DA1 = b"\x1b[?64;1;2c"


@pytest.mark.parametrize(
    ("answer", "dark", "typed"),
    [
        (b"\x1b]11;rgb:1414/1616/1b1b\x1b\\" + DA1, True, b""),
        (b"\x1b]11;rgb:ff/fb/fa\x07" + DA1, False, b""),
        (b"he\x1b]11;rgba:ffff/ffff/ffff/ffff\x07llo" + DA1, False, b"hello"),
        (DA1, None, b""),
    ],
)
def test_a_terminal_says_its_background_and_what_was_typed_is_kept(answer, dark, typed):
    terminal = Terminal(answer, before=b"first ")
    try:
        with Question(terminal.kedge, terminal.kedge) as question:
            found = question.answer(5)
    finally:
        terminal.close()
    assert found == Background(dark, b"first " + typed)


def test_what_is_no_terminal_says_nothing():
    read, write = os.pipe()
    try:
        assert Question(read, write).answer() == Background(None, b"")
    finally:
        os.close(read)
        os.close(write)


def test_a_terminal_that_says_nothing_is_not_waited_for():
    own, kedge = pty.openpty()
    try:
        before = termios.tcgetattr(kedge)
        with Question(kedge, kedge) as question:
            assert termios.tcgetattr(kedge) != before
            assert question.answer(0.01) == Background(None, b"")
        assert termios.tcgetattr(kedge) == before
    finally:
        os.close(own)
        os.close(kedge)


LATE = "a\x1b]11;rgb:ffff/ffff/ffff\x1b\\b\x1b[?64;1cc"
CUTS = [cut for cut in range(len(LATE)) if not LATE[:cut].endswith(("\x1b", "[", "]", "]1", "]11"))]
"""Where the next character is no longer that of a key."""


@pytest.mark.parametrize("cut", [*CUTS, LATE.index("\x1b\\") + 1])
def test_what_a_terminal_says_late_is_no_typing_wherever_it_is_cut(cut):
    answers = Answers()
    heard = answers.without(LATE[:cut]) + answers.without(LATE[cut:])
    assert (heard, answers.rest(), answers.dark) == ("abc", "", False)


@pytest.mark.parametrize("typed", ["\x1b", "\x1b[", "\x1b]", "\x1b[A", "\x1b\x1b", "\x1b[200~x"])
def test_keys_are_never_held_back(typed):
    assert Answers().without(typed) == typed


def test_what_only_looked_like_an_answer_is_typing():
    answers = Answers()
    assert answers.without("x\x1b[?6") == "x"
    assert answers.rest() == "\x1b[?6"
    assert answers.rest() == ""
