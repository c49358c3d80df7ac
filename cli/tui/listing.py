"""A list in which the chosen row can be told in every theme."""

from textual.style import Style
from textual.widgets import OptionList

from .running import running_app
from .themes import palette_of

_CHOSEN = "option-list--option-highlighted"
_REVERSED = Style(reverse=True, underline=False)


class Listing(OptionList):
    """Reverses the chosen row where the theme leaves all backgrounds to the terminal."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """See `Widget.get_visual_style`, which loses that in Textual 8.2."""
        style = super().get_visual_style(*component_classes, partial=partial)
        if _CHOSEN in component_classes and not palette_of(running_app().theme).panel:
            return style + _REVERSED
        return style
