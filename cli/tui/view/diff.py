"""Unified diffs as lines: numbers, colours of the syntax, and the words that differ."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final, Literal

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style

from ...terminal import visible
from .clean import words
from .flow import Line, filled, flow
from .highlight import CodeLine, highlighted
from .look import Look

Side = Literal["same", "added", "removed", "skip"]

_HUNK: Final = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")
_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE: Final = 0.4
"""Lines less alike than this are different lines, not changed ones."""
_LONGEST: Final = 400
"""Characters of lines whose words are compared."""
_SIGNS: Final[dict[Side, str]] = {"same": " ", "added": "+", "removed": "-", "skip": "⋯"}


class Row(Struct, frozen=True):
    """One line of a diff."""

    side: Side
    number: int
    """In the file as it is afterwards; of removed lines, as it was before."""
    text: str
    code: CodeLine
    """The text in colours."""
    spans: tuple[tuple[int, int], ...] = ()
    """The characters that make the difference to the line it stands for."""


def rows(diff: str, language: str, look: Look) -> Iterator[Row]:
    """The lines of a unified diff; `language` is a file name. Nothing in them is left out."""
    for number, hunk in enumerate(_hunks(words(visible(diff)))):
        if number or hunk.context:
            text = hunk.context or "⋯"
            yield Row("skip", 0, text, [Segment(text, look.ink("dim"))])
        yield from _with_words(_with_colours(hunk.rows, language, look))


def drawn(rows: Sequence[Row], look: Look) -> list[Line]:
    """Rows as lines of the screen."""
    wide = len(str(max((row.number for row in rows), default=0)))
    return [line for row in rows for line in _drawn(row, wide, look)]


class _Hunk(Struct, frozen=True):
    context: str
    rows: list[Row]


def _hunks(diff: str) -> Iterator[_Hunk]:
    hunk = _Hunk("", [])
    old = new = 0
    for line in diff.splitlines():
        if found := _HUNK.match(line):
            if hunk.rows:
                yield hunk
            old, new, hunk = int(found[1]), int(found[2]), _Hunk(found[3], [])
        elif not old and not new:
            continue
        elif line.startswith("+"):
            hunk.rows.append(Row("added", new, line[1:], []))
            new += 1
        elif line.startswith("-"):
            hunk.rows.append(Row("removed", old, line[1:], []))
            old += 1
        elif line.startswith(" ") or not line:
            hunk.rows.append(Row("same", new, line[1:], []))
            old, new = old + 1, new + 1
        else:
            hunk.rows.append(Row("skip", 0, line, [Segment(line, Style.null())]))
    if hunk.rows:
        yield hunk


def _with_colours(hunk: Sequence[Row], language: str, look: Look) -> list[Row]:
    """Both sides coloured as the code that they are: a string may begin lines above."""
    before = [row for row in hunk if row.side in ("same", "removed")]
    after = [row for row in hunk if row.side in ("same", "added")]
    coloured: dict[int, CodeLine] = {}
    for side in filter(None, (before, after)):
        text = "\n".join(row.text for row in side)
        for row, code in zip(side, highlighted(text, language, look.palette), strict=True):
            coloured[id(row)] = code
    return [Row(row.side, row.number, row.text, coloured.get(id(row), row.code)) for row in hunk]


def _with_words(hunk: Sequence[Row]) -> Iterator[Row]:
    """Removed lines and the added ones after them, compared in pairs."""
    place = 0
    while place < len(hunk):
        removed = _run(hunk, place, "removed")
        added = _run(hunk, place + len(removed), "added")
        place += len(removed) + len(added)
        pairs = [_compared(old, new) for old, new in zip(removed, added, strict=False)]
        yield from chain((old for old, _ in pairs), removed[len(pairs) :])
        yield from chain((new for _, new in pairs), added[len(pairs) :])
        if not removed and not added:
            yield hunk[place]
            place += 1


def _run(hunk: Sequence[Row], start: int, side: Side) -> list[Row]:
    end = start
    while end < len(hunk) and hunk[end].side == side:
        end += 1
    return list(hunk[start:end])


def _compared(old: Row, new: Row) -> tuple[Row, Row]:
    if len(old.text) > _LONGEST or len(new.text) > _LONGEST:
        return old, new
    # Not needed to show anything but changed lines.
    from difflib import SequenceMatcher

    before: list[str] = _TOKEN.findall(old.text)
    after: list[str] = _TOKEN.findall(new.text)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return old, new
    edits = [edit for edit in matcher.get_opcodes() if edit[0] != "equal"]
    gone = tuple(_span(before, edit[1], edit[2]) for edit in edits if edit[1] < edit[2])
    come = tuple(_span(after, edit[3], edit[4]) for edit in edits if edit[3] < edit[4])
    return (
        Row(old.side, old.number, old.text, old.code, gone),
        Row(new.side, new.number, new.text, new.code, come),
    )


def _span(tokens: Sequence[str], start: int, end: int) -> tuple[int, int]:
    begin = sum(map(len, islice(tokens, start)))
    return begin, begin + sum(map(len, tokens[start:end]))


def _drawn(row: Row, wide: int, look: Look) -> list[Line]:
    if row.side == "skip":
        return flow(row.code, look.width, [Segment(" " * (wide + 3), look.ink("dim"))])
    sign = look.ink({"added": "bold good", "removed": "bold bad"}.get(row.side, "dim"))
    first = [
        Segment(f"{row.number:>{wide}} ", look.ink("dim")),
        Segment(f"{_SIGNS[row.side]} ", sign),
    ]
    rest = [Segment(" " * (wide + 3))]
    lines = flow(list(_marked(row, look)), look.width, first, rest, by_words=False)
    if row.side == "same":
        return lines
    return [filled(line, look.width, look.ink(f"text on {row.side}")) for line in lines]


def _marked(row: Row, look: Look) -> Iterator[Segment]:
    """The coloured text, the words that make the difference marked."""
    if not row.spans:
        yield from row.code
        return
    # Where there are no backgrounds to tell them, words are underlined.
    behind = look.ink(f"text on {row.side}_words")
    mark = behind + Style(bold=True, underline=behind.bgcolor is None)
    edges = sorted({edge for span in row.spans for edge in span})
    place = 0
    for segment in row.code:
        end = place + len(segment.text)
        stops = [place, *(edge for edge in edges if place < edge < end), end]
        for start, stop in zip(stops, stops[1:], strict=False):
            within = any(span[0] <= start < span[1] for span in row.spans)
            text = segment.text[start - place : stop - place]
            style = segment.style or Style.null()
            yield Segment(text, style + mark if within else style)
        place = end
