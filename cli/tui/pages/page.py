"""A page: rows of text that a person reads, filters and, here and there, does something with."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Tone = Literal["", "head", "dim", "good", "warn", "bad"]


class Row(Struct, frozen=True):
    """One line."""

    text: str
    tone: Tone = ""
    id: str = ""
    """What an action of the page is done with; empty: none can be."""
    more: str = ""
    """Shown below while the row is chosen."""
    note: str = ""
    """Beside the text, in a column with those of the other rows."""


class Page(Struct, frozen=True):
    """What is shown."""

    title: str
    rows: tuple[Row, ...]


def page(title: str, rows: Iterable[Row]) -> Page:
    """A page of these rows; one that says so if there are none."""
    return Page(title, tuple(rows) or (Row("nothing", "dim"),))


def head(text: str) -> Row:
    """The row above others."""
    return Row(text, "head")


def lines(text: str, tone: Tone = "") -> Iterable[Row]:
    """A row for each line of a text."""
    return (Row(line, tone) for line in text.splitlines())
