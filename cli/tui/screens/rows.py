"""Rows of a list in two columns: what it is, and beside it what is said of it."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Final

from rich.cells import cell_len
from textual.content import Content

_GAP: Final = 2
"""Cells between the columns."""
_NARROWEST: Final = 16
"""Cells in which a remark can still be read beside its label; with less it goes below."""


def column(labels: Iterable[str], most: int) -> int:
    """How wide the first column is."""
    return min(max(map(cell_len, labels), default=0), most)


def beside(label: Content, note: str, column: int) -> Content:
    """One line; whoever shows it cuts it off."""
    gap = " " * (max(column, label.cell_length) - label.cell_length + _GAP)
    return label + gap + Content.styled(note, "$text-muted")


def wrapped(label: Content, note: str, column: int, width: int) -> Content:
    """As many lines as there is to say, the remark in its column."""
    start = max(column, label.cell_length) + _GAP
    indent = column + _GAP
    if width - indent < _NARROWEST:
        indent = _GAP
    if width - start < _NARROWEST:
        below = wrap(note, width, initial_indent=" " * indent, subsequent_indent=" " * indent)
        return Content("\n").join([label, *(Content.styled(line, "$text-muted") for line in below)])
    lines = wrap(note, width, initial_indent=" " * start, subsequent_indent=" " * indent)
    said = Content.styled("\n".join(lines)[start:], "$text-muted")
    return label + " " * (start - label.cell_length) + said
