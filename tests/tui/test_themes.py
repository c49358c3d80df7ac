"""The themes: they can be read, and a terminal gets the one that suits it."""

import math
import os
import pty
import termios
import threading
from typing import get_args

import pytest
from textual.app import App
from textual.widgets import Footer, Input, OptionList, Static, TextArea, Tree

from kedge.cli.tui.listing import Listing
from kedge.cli.tui.terminal.background import Answers, Background, Question, automatic
from kedge.cli.tui.themes import PREFIX, THEMES, palette_of
from kedge.cli.tui.view.diff import drawn, rows
from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.palette import AUTOMATIC, PALETTES, ink
from kedge.config.tui import Theme

COLOURED = [palette for palette in PALETTES.values() if palette.background]
WORDS = ("text", "dim", "accent", "good", "bad", "warn", "person", "code")
SYNTAX = ("keyword", "string", "number", "comment", "definition", "kind")


def linear(colour: str) -> list[float]:
    """Red, green and blue as amounts of light."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """By WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_every_theme_that_can_be_configured_exists_and_the_other_way_round() -> None:
    assert {*get_args(Theme)} == {"", AUTOMATIC, *PALETTES}


@pytest.mark.parametrize("palette", COLOURED, ids=lambda palette: palette.name)
def test_everything_that_is_to_be_read_stands_out(palette):
    least = 7.0 if palette.name == "high-contrast" else 4.5
    behind = {"background": WORDS, "surface": WORDS, "panel": WORDS, "fence": ("text", *SYNTAX)}
    behind |= {"added": ("text", "dim", "good", *SYNTAX)}
    behind |= {"removed": ("text", "dim", "bad", *SYNTAX)}
    behind |= {"selection": ("text",), "added_words": ("text",), "removed_words": ("text",)}
    pairs = [(word, ground) for ground, words in behind.items() for word in words]
    ratios = {
        (word, ground): contrast(getattr(palette, word), getattr(palette, ground))
        for word, ground in pairs
    }
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < least} == {}


COLOUR_VISION = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""What is seen of linear red, green and blue where one kind of cone is missing: Machado, Oliveira
and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE
Transactions on Visualization and Computer Graphics 15 (6), 2009, severity 1.0."""


def seen(colour: str, vision: str) -> tuple[float, float, float]:
    """A colour in CIE L*a*b* (illuminant D65), as it is seen."""
    red, green, blue = (
        min(
            1.0,
            max(0.0, sum(part * share for part, share in zip(linear(colour), row, strict=True))),
        )
        for row in COLOUR_VISION[vision]
    )
    x, y, z = (
        part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116
        for part in (
            (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047,
            0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
            (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883,
        )
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("vision", COLOUR_VISION)
@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("good", "bad", 25),
        ("good", "warn", 25),
        ("bad", "warn", 25),
        ("added", "removed", 25),
        ("added_words", "removed_words", 25),
        ("added", "background", 10),
        ("removed", "background", 10),
    ],
)
def test_colour_blind_people_tell_apart_what_means_different_things(one, other, apart, vision):
    palette = PALETTES["colour-blind"]
    places = (seen(getattr(palette, name), vision) for name in (one, other))
    # CIE 1976: 2.3 is a difference that is just noticed.
    assert math.dist(*places) > apart


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_what_is_selected_or_chosen_stands_out_in_every_theme(palette):
    for ground in ("selection", "panel"):
        style = ink(palette, f"text on {ground}")
        plain = not (style.reverse or style.bold)
        assert not plain or getattr(palette, ground) not in ("", palette.background)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_what_a_diff_adds_and_removes_is_told_without_colours(palette):
    diff = "--- a\n+++ b\n@@ -1,2 +1,2 @@\n same\n-old words\n+new words\n"
    look = Look(30, palette)
    lines = drawn(list(rows(diff, "a.txt", look)), look)
    assert [line.text.rstrip() for line in lines] == ["1   same", "2 - old words", "2 + new words"]
    if not palette.background:
        marked = [part.text for line in lines for part in line.segments if part.style.underline]
        assert marked == ["old", "new"]


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
            yield Listing("one", "two", compact=True)

    app = Chosen()
    async with app.run_test() as pilot:
        app.register_theme(theme)
        app.theme = theme.name
        options = app.query_one(Listing)
        options.focus()
        options.highlighted = 0
        await pilot.pause()
        one, two = (next(iter(options.render_line(line))).style for line in (0, 1))
        assert (one.bgcolor, one.reverse) != (two.bgcolor, two.reverse)
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
