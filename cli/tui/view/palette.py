"""Colours by what they mean, and the themes that are built in.

A colour is `#rrggbb`, one of the terminal's own sixteen as rich names them (`red`, `bright_black`),
or empty: whatever the terminal has. In the themes that know their background, text stands out from
it by 7 to 1 and everything else that is to be read by 4.5 to 1 (WCAG 2.2, 1.4.6 and 1.4.3).
"""

from functools import cache
from typing import Final

import msgspec
from msgspec import Struct
from rich.style import Style

Colour = str


class Palette(Struct, frozen=True):
    """One theme."""

    name: str
    dark: bool
    background: Colour
    surface: Colour
    """Of what lies upon the background: the composer, panels, fields."""
    panel: Colour
    """Of what lies upon that, and of rows that are chosen."""
    text: Colour
    dim: Colour
    """Beside the point, but to be read."""
    faint: Colour
    """Lines and rails; nothing that is to be read."""
    accent: Colour
    """Names, links, what has the focus."""
    good: Colour
    bad: Colour
    warn: Colour
    person: Colour
    """A person's words."""
    code: Colour
    """Code amid words."""
    fence: Colour
    """Behind code."""
    selection: Colour
    """Behind what is selected or found."""
    added: Colour
    """Behind added lines."""
    removed: Colour
    added_words: Colour
    """Behind the words that make the difference in a changed line."""
    removed_words: Colour
    keyword: Colour
    string: Colour
    number: Colour
    comment: Colour
    definition: Colour
    """Names of functions and classes where they are defined or called."""
    kind: Colour
    """Types, and what is built in."""


DARK: Final = Palette(
    name="dark",
    dark=True,
    background="#14161b",
    surface="#1c1f26",
    panel="#262b34",
    text="#d8dce4",
    dim="#8b93a3",
    faint="#3d4450",
    accent="#7fb4f5",
    good="#7ec87e",
    bad="#f08080",
    warn="#e5b567",
    person="#c3a6f2",
    code="#e0b48a",
    fence="#1a1d24",
    selection="#2f4668",
    added="#18301f",
    removed="#3a1c20",
    added_words="#28603a",
    removed_words="#7a2f36",
    keyword="#c792ea",
    string="#a5cf8f",
    number="#f0a070",
    comment="#8b93a3",
    definition="#82aaff",
    kind="#7fd1d8",
)

LIGHT: Final = Palette(
    name="light",
    dark=False,
    background="#fbfbfa",
    surface="#f1f1ef",
    panel="#ebecee",
    text="#24272e",
    dim="#656b76",
    faint="#c4c8ce",
    accent="#1d5fb4",
    good="#1f7a34",
    bad="#b3262e",
    warn="#875a00",
    person="#6c3fb0",
    code="#8a4a12",
    fence="#f4f4f2",
    selection="#bcd6f7",
    added="#e1f5e4",
    removed="#fde6e6",
    added_words="#aee3b8",
    removed_words="#f7b9ba",
    keyword="#8427a8",
    string="#2f6f2f",
    number="#a04000",
    comment="#656b76",
    definition="#1d4fa8",
    kind="#0f6a75",
)

HIGH_CONTRAST: Final = Palette(
    name="high-contrast",
    dark=True,
    background="#000000",
    surface="#000000",
    panel="#202020",
    text="#ffffff",
    dim="#d0d0d0",
    faint="#8a8a8a",
    accent="#7fd4ff",
    good="#5fff5f",
    bad="#ff8f8f",
    warn="#ffd75f",
    person="#e5b8ff",
    code="#ffd0a0",
    fence="#000000",
    selection="#00449e",
    added="#003a00",
    removed="#500000",
    added_words="#006600",
    removed_words="#9b0000",
    keyword="#ff9fff",
    string="#9fff9f",
    number="#ffc08f",
    comment="#d0d0d0",
    definition="#9fc8ff",
    kind="#8fffff",
)

COLOUR_BLIND: Final = msgspec.structs.replace(
    DARK,
    name="colour-blind",
    # Blue and orange stay apart with every common form of colour blindness (Okabe and Ito, 2008).
    good="#6cb6ff",
    bad="#ff9f4a",
    warn="#fbf3a8",
    accent="#8fd0e8",
    added="#12294a",
    removed="#3d240c",
    added_words="#1f5796",
    removed_words="#8a4f12",
    string="#8fc7ff",
    number="#f5a860",
)

ANSI: Final = Palette(
    name="ansi",
    dark=True,
    background="",
    surface="",
    panel="",
    text="",
    dim="bright_black",
    faint="bright_black",
    accent="blue",
    good="green",
    bad="red",
    warn="yellow",
    person="magenta",
    code="cyan",
    fence="",
    selection="",
    added="",
    removed="",
    added_words="",
    removed_words="",
    keyword="magenta",
    string="green",
    number="yellow",
    comment="bright_black",
    definition="blue",
    kind="cyan",
)
"""The terminal's own sixteen colours on its own background, light or dark."""

NONE: Final = Palette("none", True, *[""] * (len(Palette.__struct_fields__) - 2))
"""No colours at all (no-color.org): bold, underline and reverse alone."""

PALETTES: Final = {
    palette.name: palette for palette in (DARK, LIGHT, HIGH_CONTRAST, COLOUR_BLIND, ANSI, NONE)
}

AUTOMATIC: Final = "auto"
"""Instead of a palette's name: the one that goes with the terminal's background."""

_UNSEEN: Final = {"selection": "reverse", "panel": "bold"}
"""How that is told apart which has a background of its own, where there are none."""
_ATTRIBUTES = frozenset({"bold", "italic", "underline", "strike", "reverse"})


@cache
def ink(palette: Palette, words: str) -> Style:
    """The style that the words say, such as `bold good` or `text on added`: attributes of rich,
    and colours by the names of the palette's fields.

    Raises:
        AttributeError: the palette has no colour of that name.
    """
    before, _, behind = f" {words}".partition(" on ")
    said = before.split()
    ground = _colour(palette, behind) if behind else ""
    if behind and not ground:
        said.append(_UNSEEN.get(behind, ""))
    colours = [_colour(palette, word) for word in said if word and word not in _ATTRIBUTES]
    return Style(
        color=(colours[-1] if colours else "") or None,
        bgcolor=ground or None,
        bold="bold" in said or None,
        italic="italic" in said or None,
        underline="underline" in said or None,
        strike="strike" in said or None,
        reverse="reverse" in said or None,
    )


def _colour(palette: Palette, name: str) -> Colour:
    found: Colour = getattr(palette, name)
    return found
