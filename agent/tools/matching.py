"""Replacing one text by another inside a file, without touching a byte outside the match.

Two tiers and nothing fuzzier: the exact text, its line ends adapted to those of the place; else
one unique run of whole lines that is equal once blanks are folded, with the new text re-indented
to the place. Anything looser overwrites code that the model has never seen.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise

import msgspec

from ..errors import ToolError
from .excerpt import clip, nearest, numbered
from .textfile import Newline, line_at, newline_near, split_ends, split_lines, strip_end, to_lf

_LISTED_PLACES = 12
"""Places that an ambiguity shows."""

_COUNTED_PLACES = 1000
"""Places up to which an ambiguity counts."""

_UNIT_SAMPLE = 5000
"""Lines of a file from which its indentation unit is learnt."""

# Atomic, so that a CRLF is never found in halves.
_ANY_END = r"(?>\r\n|(?<!\r)\n|\r)"
_BLANKS = re.compile(r"[ \t]+")
_INDENT = re.compile(r"[ \t]*")
_READ_NUMBERS = re.compile(r"(?: *\d+[\t→][^\n]*(?:\n|$))+")

_Needle = str | re.Pattern[str]
_Reshape = Callable[[int, str], str]
"""A new line as it has to be written beside the old line of the given index."""


class Lines(msgspec.Struct, frozen=True):
    """1-based, inclusive line numbers; `last < first` is the gap in front of line `first`."""

    first: int
    last: int


class Replaced(msgspec.Struct, frozen=True):
    """The outcome of `replace`."""

    text: str
    """The whole text after the change."""
    places: tuple[Lines, ...]
    """Where the new lines stand in `text`, one entry for each replaced place, in file order."""
    note: str = ""
    """What the model must be told about the match; empty when it was exact."""


class _Edit(msgspec.Struct, frozen=True):
    """Characters `start:end` of the old text become `new`."""

    start: int
    end: int
    new: str


def replace(text: str, old: str, new: str, replace_all: bool = False) -> Replaced:
    """Replace `old` by `new` in one place, or with `replace_all` in every exact one.

    Both are literal. Their line ends do not matter: one in `old` finds any, and new lines end as
    the place does; in a place of mixed ends the lines that `old` and `new` share keep their own.
    Only when the two differ in nothing but line ends are those taken literally.

    An empty `new` removes `old` and no more: of a line whose end is not in `old`, an empty one
    remains.

    Raises:
        ToolError: `not_found` with the nearest lines, `ambiguous` with the places, `no_change`
            if the text would stay the same, `other` if `old` is empty.
    """
    if not old:
        raise ToolError("other", "old_string is empty: there is nothing to look for.")
    if old == new:
        raise ToolError("no_change", "old_string and new_string are the same.")
    old_lf, new_lf = to_lf(old), to_lf(new)
    ends_only = old_lf == new_lf
    needle = _literal(old) if ends_only else _needle(text, old_lf)
    spans = _spans_to_replace(text, needle, replace_all)
    if not spans:
        return _replace_folded(text, old_lf, new_lf)
    if ends_only:
        return _apply(text, [_Edit(start, end, new) for start, end in spans])
    return _apply(
        text,
        [_Edit(start, end, _at_place(text, start, end, old_lf, new_lf)) for start, end in spans],
    )


def _spans_to_replace(text: str, needle: _Needle, replace_all: bool) -> list[tuple[int, int]]:
    if replace_all:
        return list(_spans(text, needle))
    spans = list(islice(_spans(text, needle, overlapping=True), _COUNTED_PLACES + 1))
    if len(spans) > 1:
        first = [line_at(text, start) for start, _ in spans[:_LISTED_PLACES]]
        raise _ambiguous(split_lines(text), first, len(spans), "is in the file")
    return spans


def _needle(text: str, lf: str) -> _Needle:
    """What finds `lf` in `text` whatever the line ends there."""
    if "\n" not in lf or "\r" not in text:
        return lf
    return re.compile(_ANY_END.join(map(re.escape, lf.split("\n"))))


def _literal(old: str) -> _Needle:
    """What finds `old` with exactly its line ends, but never half a CRLF."""
    before = r"(?<!\r)" if old.startswith("\n") else ""
    after = r"(?!\n)" if old.endswith("\r") else ""
    return re.compile(before + re.escape(old) + after)


def _spans(text: str, needle: _Needle, overlapping: bool = False) -> Iterator[tuple[int, int]]:
    at = 0
    while True:
        if isinstance(needle, str):
            start = text.find(needle, at)
            end = start + len(needle)
        else:
            match = needle.search(text, at)
            start, end = match.span() if match else (-1, -1)
        if start < 0:
            return
        yield start, end
        at = start + 1 if overlapping else end


def _at_place(text: str, start: int, end: int, old: str, new: str) -> str:
    if "\n" not in new:
        return new
    region = text[start:end]
    ends = set(split_ends(region)[1])
    if len(ends) > 1:
        return _merged(region, old, new, newline_near(text, start), lambda _, line: line)
    return new.replace("\n", ends.pop() if ends else newline_near(text, start))


def _merged(region: str, old: str, new: str, newline: Newline, reshape: _Reshape) -> str:
    """`new` in the place of `region`, which is `old` in the file's spelling. Lines that `old` and
    `new` share are taken from the region; the others are reshaped and end as their neighbours."""
    # Slow to import for something that only odd places need.
    from difflib import SequenceMatcher

    contents, ends = split_ends(region)
    asked, wanted = old.split("\n"), new.split("\n")
    written: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, asked, wanted, autojunk=False).get_opcodes():
        for j in range(j1, j2):
            i = min(i1 + j - j1, max(i2 - 1, i1 - 1, 0))
            written.append(contents[i] if tag == "equal" else reshape(i, wanted[j]))
            if j < len(wanted) - 1:
                written.append(ends[min(i, len(ends) - 1)] if ends else newline)
    return "".join(written)


def _apply(text: str, edits: Sequence[_Edit], note: str = "") -> Replaced:
    """Raises ToolError (`no_change`) if the text stays the same."""
    pieces: list[str] = []
    places: list[Lines] = []
    line, at = 1, 0
    for edit in edits:
        between = text[at : edit.start]
        line += line_at(between, len(between)) - 1
        places.append(_written_lines(text, edit, line))
        line += line_at(edit.new, len(edit.new)) - 1
        pieces += (between, edit.new)
        at = edit.end
    pieces.append(text[at:])
    after = "".join(pieces)
    if after == text:
        raise ToolError(
            "no_change",
            "The file would stay as it is: new_string differs from the text there only in "
            "line ends or blanks, which are adapted to the place.",
        )
    return Replaced(after, tuple(places), note)


def _written_lines(text: str, edit: _Edit, first: int) -> Lines:
    if edit.new:
        return Lines(first, first + line_at(edit.new, len(edit.new) - 1) - 1)
    begins = edit.start == 0 or text[edit.start - 1] in "\r\n"
    return Lines(first, first - 1 if begins and text[edit.end - 1] in "\r\n" else first)


def _replace_folded(text: str, old: str, new: str) -> Replaced:
    lines = split_lines(text)
    wanted = [_fold(line) for line in old.removesuffix("\n").split("\n")]
    starts = list(_folded_starts(lines, wanted))
    if not starts:
        raise ToolError("not_found", _not_found(text, old, new))
    if len(starts) > 1:
        numbers = [start + 1 for start in starts[:_LISTED_PLACES]]
        raise _ambiguous(lines, numbers, len(starts), "is, but for white space, in the file")
    first, last = starts[0], starts[0] + len(wanted) - 1
    start = sum(map(len, lines[:first]))
    end = start + sum(map(len, lines[first : last + 1]))
    if not old.endswith("\n"):
        end -= len(lines[last]) - len(strip_end(lines[last]))
    elif strip_end(lines[last]) == lines[last]:
        # The file ends without a line end, and stays so.
        old, new = old[:-1], new.removesuffix("\n")
    place = f"line {first + 1}" if first == last else f"lines {first + 1}-{last + 1}"
    note = f"old_string differs from {place} of the file in white space only and was matched there."
    edit, indented = _folded_edit(text, start, end, old, new)
    if indented:
        note += " new_string was re-indented to the place: check the result."
    return _apply(text, [edit], note)


def _folded_edit(text: str, start: int, end: int, old: str, new: str) -> tuple[_Edit, bool]:
    """The edit of a folded match, and whether the new text had to be indented otherwise."""
    if not new:
        return _Edit(start, end, ""), False
    region = text[start:end]
    indenter = _Indenter(
        old.split("\n"), split_ends(region)[0], new.split("\n"), split_lines(text)[:_UNIT_SAMPLE]
    )
    written = _merged(region, old, new, newline_near(text, start), indenter)
    return _Edit(start, end, written), indenter.differs


def _fold(line: str) -> str:
    return _BLANKS.sub(" ", strip_end(line)).strip(" ")


def _folded_starts(lines: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    # One long word of the wanted lines rules out nearly all places without folding them.
    words = [(word, offset) for offset, line in enumerate(wanted) for word in line.split(" ")]
    word, offset = max(words, key=lambda entry: len(entry[0]))
    if not word:
        return
    for number, line in enumerate(lines):
        start = number - offset
        if word not in line or start < 0 or start + len(wanted) > len(lines):
            continue
        if all(_fold(lines[start + i]) == folded for i, folded in enumerate(wanted)):
            yield start


def _ambiguous(lines: Sequence[str], first: Sequence[int], count: int, how: str) -> ToolError:
    """`first` holds the line numbers of the first of `count` places."""
    shown = [
        numbered([clip(strip_end(lines[line - 1]), 120)], line) for line in dict.fromkeys(first)
    ]
    if count > len(first):
        shown.append("   ...")
    times = f"{count} times" if count <= _COUNTED_PLACES else f"over {_COUNTED_PLACES} times"
    return ToolError(
        "ambiguous",
        f"old_string {how} {times}. Add the lines around the place that is meant, or set "
        "replace_all to change all exact matches. The places begin at:\n" + "\n".join(shown),
    )


def _not_found(text: str, old: str, new: str) -> str:
    parts = ["old_string was not found, neither exactly nor as whole lines with blanks folded."]
    if _READ_NUMBERS.fullmatch(old):
        parts.append("It carries line numbers as shown by read: leave out number and tab.")
    if len(new.strip()) > 2 and (span := next(_spans(text, _needle(text, new)), None)):
        line = line_at(text, span[0])
        parts.append(f"new_string is in the file already, at line {line}: was it edited before?")
    near = nearest(text, old)
    if near:
        parts.append(f"The nearest lines (→ is a tab, · a trailing blank):\n{near}\n")
    parts.append("Copy the text exactly as it is in the file; read the place again if in doubt.")
    return "\n".join(parts)


class _Indenter:
    """Writes new lines with the indentation of the place, learnt from the matched lines.

    A new line is placed relative to the nearest matched line that is at most as deep: that line's
    indentation in the file, plus the difference in the file's unit.
    """

    def __init__(
        self, old: Sequence[str], place: Sequence[str], new: Sequence[str], file: Sequence[str]
    ) -> None:
        self._pairs = [
            (index, _indent(asked), _indent(found))
            for index, (asked, found) in enumerate(zip(old, place, strict=True))
            if asked.strip()
        ]
        self.differs = any(asked != found for _, asked, found in self._pairs)
        """Whether the old text was indented otherwise than the place; if not, nothing is done."""
        self._columns, self._unit = self._units(_unit([*old, *new]), _unit(file))

    def __call__(self, index: int, line: str) -> str:
        body = line.lstrip(" \t")
        if not self.differs:
            return line
        if not body:
            return ""
        width = self._width(_indent(line))
        at_most = [pair for pair in self._pairs if self._width(pair[1]) <= width]
        sign = -1 if at_most else 1
        _, asked, found = min(
            at_most or self._pairs,
            key=lambda pair: (sign * self._width(pair[1]), abs(pair[0] - index)),
        )
        deeper = width - self._width(asked)
        if deeper >= 0:
            levels, rest = divmod(deeper, self._columns)
            return found + self._unit * levels + " " * rest + body
        shallower = -(deeper * len(self._unit) // self._columns)
        return found[: max(len(found) - shallower, 0)] + body

    def _width(self, indent: str) -> int:
        tabs = indent.count("\t")
        return tabs * self._columns + len(indent) - tabs

    def _units(self, asked_unit: str, file_unit: str) -> tuple[int, str]:
        """Columns of one level in the arguments, and that level as the file writes it."""
        places = "".join(found for _, _, found in self._pairs)
        asked = "".join(indent for _, indent, _ in self._pairs) + asked_unit
        unit = file_unit
        if places:
            unit = "\t" if "\t" in places else " " * file_unit.count(" ")
        if "\t" in asked + unit:
            columns = asked_unit.count(" ") or 4
            return columns, unit or " " * columns
        columns, width = len(asked_unit), len(unit)
        pairs = [(len(asked), len(found)) for _, asked, found in self._pairs]
        # With one depth only, nothing but the same depth in both shows that units differ.
        asked_0, found_0 = pairs[0] if len({depth for depth, _ in pairs}) > 1 else (0, 0)
        steps_agree = all((f - found_0) * columns == (a - asked_0) * width for a, f in pairs)
        return (columns, unit) if columns and width and steps_agree else (1, " ")


def _indent(line: str) -> str:
    match = _INDENT.match(line)
    return match[0] if match else ""


def _unit(lines: Sequence[str]) -> str:
    """One level of indentation: a tab, or the most frequent step inwards in blanks; empty if
    nothing is indented, or nothing tells the step."""
    indents = [_indent(line) for line in lines if line.strip()]
    tabs = sum(indent.startswith("\t") for indent in indents)
    if tabs * 2 > sum(map(bool, indents)):
        return "\t"
    steps = Counter(
        len(inner) - len(outer)
        for outer, inner in pairwise(indents)
        if "\t" not in outer + inner and 1 < len(inner) - len(outer) <= 8
    )
    return " " * steps.most_common(1)[0][0] if steps else ""
