"""The built-in palettes as themes of Textual."""

from typing import Final

from textual.theme import Theme

from .view.palette import PALETTES, Colour, Palette

PREFIX: Final = "kedge-"
"""Before the names of our themes, since Textual has themes of its own."""


def theme(palette: Palette) -> Theme:
    """A palette as Textual wants it. Where the palette leaves a colour to the terminal, Textual
    is told to, and what is chosen is underlined; in a `Listing` it is reversed."""
    return Theme(
        PREFIX + palette.name,
        primary=_css(palette.accent),
        secondary=_css(palette.person),
        warning=_css(palette.warn),
        error=_css(palette.bad),
        success=_css(palette.good),
        accent=_css(palette.accent),
        foreground=_css(palette.text),
        background=_css(palette.background),
        surface=_css(palette.surface),
        panel=_css(palette.panel),
        dark=palette.dark,
        text_alpha=1.0,
        ansi=not palette.background,
        variables=_variables(palette),
    )


def _variables(palette: Palette) -> dict[str, str]:
    """What Textual would make up otherwise, with too little contrast."""
    chosen = _css(palette.panel or palette.selection)
    # Not "reverse": Textual 8.2 loses that for parts of widgets (`Widget.get_visual_style`).
    marked = "bold" if chosen.startswith("#") else "bold underline"
    return {
        "ansi-background": _css(palette.background),
        "ansi-foreground": _css(palette.text),
        "text": _css(palette.text),
        "text-muted": _css(palette.dim),
        "text-disabled": _css(palette.dim),
        "text-primary": _css(palette.accent),
        "text-secondary": _css(palette.person),
        "text-warning": _css(palette.warn),
        "text-error": _css(palette.bad),
        "text-success": _css(palette.good),
        "text-accent": _css(palette.accent),
        "foreground-muted": _css(palette.dim),
        "border": _css(palette.accent),
        "border-blurred": _css(palette.faint),
        "block-cursor-foreground": _css(palette.text),
        "block-cursor-background": chosen,
        "block-cursor-text-style": marked,
        "block-cursor-blurred-foreground": _css(palette.text),
        "block-cursor-blurred-background": chosen,
        "block-cursor-blurred-text-style": "none" if palette.panel else "bold underline",
        "block-hover-background": _css(palette.panel),
        "input-cursor-foreground": _css(palette.background),
        "input-cursor-background": _css(palette.text),
        "input-cursor-text-style": "none" if palette.background else "reverse underline",
        "input-selection-foreground": _css(palette.text),
        "input-selection-background": _css(palette.selection),
        "screen-selection-foreground": _css(palette.text),
        "screen-selection-background": _css(palette.selection),
        "scrollbar": _css(palette.faint),
        "scrollbar-hover": _css(palette.dim),
        "scrollbar-active": _css(palette.accent),
        "scrollbar-background": _css(palette.background),
        "scrollbar-background-hover": _css(palette.background),
        "scrollbar-background-active": _css(palette.background),
        "scrollbar-corner-color": _css(palette.background),
        "link-color": _css(palette.accent),
        "link-color-hover": _css(palette.accent),
        "link-background-hover": _css(palette.panel),
        "footer-foreground": _css(palette.dim),
        "footer-background": _css(palette.background),
        "footer-key-foreground": _css(palette.accent),
        "footer-description-foreground": _css(palette.dim),
    }


def _css(colour: Colour) -> str:
    """A colour of a palette as Textual spells it."""
    return colour if colour.startswith("#") else f"ansi_{colour or 'default'}"


THEMES: Final = tuple(theme(palette) for palette in PALETTES.values())
"""All of them, for `App.register_theme`."""


def palette_of(theme_name: str) -> Palette:
    """The palette behind a theme of ours, by Textual's name; behind one of Textual's own the dark
    one."""
    return PALETTES.get(theme_name.removeprefix(PREFIX), PALETTES["dark"])
