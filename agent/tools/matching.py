"""Replacing one text by another inside a file, without touching a byte outside the match.

Two tiers and nothing fuzzier: the exact text, its line ends adapted to those of the place; else
one unique run of whole lines that is equal once blanks are folded, with the new text re-indented
to the place. Anything looser overwrites code that the model has never seen.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest

import msgspec

from ..errors import ToolError
from .excerpt import clip, nearest, numbered
from .indentation import Indenter, indent_of
from .textfile import Newline, line_at, newline_near, split_ends, split_lines, strip_end, to_lf

_LISTED_PLACES = 12
"""Places that an ambiguity names; all of them are counted."""

_ANY_END = r"(?>\r\n|(?<!\r)\n|\r)"
_BLANKS = re.compile(r"[ \t]+")
_LINE_NUMBERS = re.compile(r"(?:[ ]*\d+(?:\t|→)[^\n]*(?:\n|$))+")

Reshape = Callable[[int, str], str]
"""A new line as it is written next to the old line with the given index."""


class Lines(msgspec.Struct, frozen=True):
    """1-based, inclusive line numbers; `last < first` is the gap in front of line `first`."""

    first: int
    last: int


class Replaced(msgspec.Struct, frozen=True):
    """The outcome of `replace`."""

    text: str
    """The whole text after the change."""
    places: tuple[Lines, ...]
    """Where the new lines stand in `text`, one entry per replaced place, in file order."""
    note: str = ""
    """What the model must be told about the match; empty when it was exact."""


class _Edit(msgspec.Struct, frozen=True):
    """Characters `start:end` of the old text become `new`."""

    start: int
    end: int
    new: str


def replace(text: str, old: str, new: str, replace_all: bool = False) -> Replaced:
    """Replace `old` by `new` in one place, or in all with `replace_all`.

    Both are literal. Their line ends do not matter: a line end in `old` finds any, and the new
    lines end as the place does; lines that `old` and `new` have in common keep their own ends.
    Only when the two differ in nothing but line ends are those taken literally.

    Where `new` is empty and `old` is whole lines without the line end of the last, that line end
    goes too, so that no empty line remains. With `replace_all` this needs all places to be whole
    lines. An `old` that begins or ends with a line end is always taken as it is.

    Raises:
        ToolError: `not_found` with the nearest lines, `ambiguous` with the places, `no_change`
            if the text would stay the same, `other` if `old` is empty.
    """
    if not old:
        raise ToolError("other", "old_string is empty, so there is nothing to look for.")
    if old == new:
        raise ToolError("no_change", "old_string and new_string are the same.")
    edits, note = _edits(text, old, new, replace_all)
    replaced = _apply(text, edits, note)
    if replaced.text == text:
        raise ToolError(
            "no_change",
            "The edit would leave the file as it is: new_string differs from the text in the "
            "file only in blanks or line ends that are adapted to the place.",
        )
    return replaced


def _edits(text: str, old: str, new: str, replace_all: bool) -> tuple[list[_Edit], str]:
    old_lf, new_lf = to_lf(old), to_lf(new)
    if old_lf == new_lf:
        spans = list(_exact(text, old, overlapping=False))
        edits = [_Edit(start, end, new) for start, end in spans]
    else:
        edits = _exact_edits(text, old_lf, new_lf)
    if not edits:
        edit, note = _folded_edit(text, old_lf, new_lf)
        return [edit], note
    if not replace_all:
        needle = old if old_lf == new_lf else _needle(text, old_lf)
        found = list(islice(_exact(text, needle, overlapping=True), 2))
        if len(found) > 1:
            raise _ambiguous(text, needle)
    return edits, ""
