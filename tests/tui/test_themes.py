"""The themes: they can be read, and a terminal gets the one that suits it."""

import os
import pty
import threading

import pytest
from textual.app import App
from textual.widgets import Footer, Input, OptionList, Static, TextArea, Tree

from kedge.cli.tui.background import Background, ask_background
from kedge.cli.tui.themes import PREFIX, THEMES, automatic, palette_of
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
    ("env", "dark", "name"),
    [
        ({**RICH, "NO_COLOR": "1"}, False, "none"),
        ({**RICH, "NO_COLOR": ""}, False, "light"),
        ({"TERM": "dumb"}, None, "none"),
        ({"TERM": "linux"}, None, "ansi"),
        ({"TERM": "xterm-kitty"}, True, "dark"),
        ({**RICH, "COLORFGBG": "0;15"}, True, "light"),
        ({**RICH, "COLORFGBG": "15;default;0"}, False, "dark"),
        ({**RICH, "COLORFGBG": "default;default"}, False, "light"),
        (RICH, True, "dark"),
        (RICH, None, "dark"),
    ],
)
def test_a_terminal_gets_the_theme_that_suits_it(env, dark, name):
    assert automatic(env, lambda: dark) == name


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
        found = ask_background(terminal.kedge, terminal.kedge, 5)
    finally:
        terminal.close()
    assert found == Background(dark, b"first " + typed)


def test_what_is_no_terminal_says_nothing():
    read, write = os.pipe()
    try:
        assert ask_background(read, write) == Background(None, b"")
    finally:
        os.close(read)
        os.close(write)


def test_a_terminal_that_says_nothing_is_not_waited_for():
    own, kedge = pty.openpty()
    try:
        assert ask_background(kedge, kedge, 0.01) == Background(None, b"")
    finally:
        os.close(own)
        os.close(kedge)
