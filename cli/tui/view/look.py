"""How blocks are to look: everything that lines depend on besides the block."""

from msgspec import Struct
from rich.style import Style

from .palette import Palette, ink


class Look(Struct, frozen=True):
    """One way to show a block."""

    width: int
    """Cells."""
    palette: Palette
    expanded: bool = False
    """Whether all of it is shown, or what is worth a glance."""
    cwd: str = ""
    """Where relative paths begin that are made links; none are made without it."""

    def ink(self, words: str) -> Style:
        """A style in words; see `palette.ink`."""
        return ink(self.palette, words)
