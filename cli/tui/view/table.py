"""Tables of Markdown: columns that fit, or one record after the other where they cannot."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from rich.segment import Segment

from .flow import BLANK, Inline, Line, cells, flow
from .inline import inline
from .look import Look

if TYPE_CHECKING:
    from markdown_it.token import Token

_GAP: Final = 2
"""Cells between columns."""
_NARROWEST: Final = 6
"""Cells of a column in which words can still be read."""

_Row = list[list[Segment]]


def table(tokens: Sequence["Token"], look: Look) -> list[Line]:
    """A table, its first row the head."""
    head, *rows = _rows(tokens, look)
    widths = _widths([head, *rows], look.width)
    if not widths:
        return _records(head, rows, look)
    sides = _sides(tokens)
    faint = look.ink("faint")
    rule = (" " * _GAP).join("─" * width for width in widths)
    lines = [*_row(head, widths, sides), Line((Segment(rule, faint),), len(rule))]
    for row in rows:
        lines += _row(row, widths, sides)
    return lines


def _rows(tokens: Sequence["Token"], look: Look) -> Iterator[_Row]:
    row: _Row = []
    ink = "text"
    for token in tokens:
        match token.type:
            case "tr_open":
                row = []
            case "th_open":
                ink = "bold text"
            case "td_open":
                ink = "text"
            case "inline":
                row.append(inline(token, look, ink))
            case "tr_close":
                yield row
            case _:
                pass


def _sides(tokens: Sequence["Token"]) -> list[str]:
    return [str(token.attrGet("style") or "") for token in tokens if token.type == "th_open"]


def _widths(rows: Sequence[_Row], room: int) -> list[int]:
    """The width of each column, the widest made narrower until all fit; nothing if none do."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    spare = room - _GAP * (len(widths) - 1) - sum(widths)
    if sum(min(width, _NARROWEST) for width in widths) > sum(widths) + spare:
        return []
    while spare < 0:
        widest = max(widths)
        # All of the widest at once, as far as the next widest or as is needed.
        places = [place for place, width in enumerate(widths) if width == widest]
        below = max([_NARROWEST, *(width for width in widths if width < widest)])
        less = max(1, min(widest - below, -spare // len(places)))
        for place in places:
            if spare < 0:
                widths[place] -= less
                spare += less
    return [max(1, width) for width in widths]


def _row(row: _Row, widths: Sequence[int], sides: Sequence[str]) -> Iterator[Line]:
    columns = [flow(cell, width) for cell, width in zip(row, widths, strict=True)]
    for parts in zip_longest(*columns, fillvalue=BLANK):
        segments: list[Segment] = []
        for part, width, side in zip(parts, widths, sides, strict=True):
            before, after = _padding(width - part.cells, side)
            segments += [Segment(" " * before), *part.segments, Segment(" " * (after + _GAP))]
        segments = _trimmed(segments)
        yield Line(tuple(segments), cells(segments))


def _padding(spare: int, side: str) -> tuple[int, int]:
    spare = max(0, spare)
    if side.endswith("right"):
        return spare, 0
    if side.endswith("center"):
        return spare // 2, spare - spare // 2
    return 0, spare


def _trimmed(segments: list[Segment]) -> list[Segment]:
    while segments and not segments[-1].text.strip():
        segments.pop()
    return [segment for segment in segments if segment.text]


def _records(head: _Row, rows: Sequence[_Row], look: Look) -> list[Line]:
    lines: list[Line] = []
    for row in rows or [[] for _ in range(1)]:
        if lines:
            lines.append(BLANK)
        for name, cell in zip_longest(head, row, fillvalue=list[Segment]()):
            words: Inline = [*name, Segment(": "), *cell] if row else name
            lines += flow(words, look.width)
    return lines
