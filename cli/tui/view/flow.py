"""Lines of a screen, and the flow of text into them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from msgspec import Struct
from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style

Inline = Sequence[Segment]
"""Text with styles; `\\n` ends a line."""


class Line(Struct, frozen=True):
    """One line of the screen, at most as wide as was asked for."""

    segments: tuple[Segment, ...]
    cells: int
    """How wide it is."""
    lead: int = 0
    """How many characters at its beginning are decoration: signs, rails, line numbers. They are not
    copied."""
    glue: str = "\n"
    """What stood between this line and the next; what was wrapped is copied as it was."""

    @property
    def text(self) -> str:
        """Its characters, decoration included."""
        return "".join(segment.text for segment in self.segments)


BLANK = Line((), 0)


class _Cut(Struct, frozen=True):
    start: int
    end: int
    glue: str


def flow(
    inline: Inline, width: int, first: Inline = (), rest: Inline = (), *, by_words: bool = True
) -> list[Line]:
    """Text in lines of at most `width` cells, each behind a lead: `first`, then `rest`.

    Words that fit no line are folded, as is everything unless `by_words`. At least one line.
    """
    lines: list[Line] = []
    lead = first
    for part in _split(inline):
        text = "".join(segment.text for segment in part)
        room = max(1, width - cells(rest if lines else first))
        for cut in _cuts(text, room, by_words):
            segments = tuple(_slice(part, cut.start, cut.end))
            lines.append(_line(lead, segments, cut.glue))
            lead = rest
    return lines


def one(inline: Inline, width: int, first: Inline = (), *, mark: str = "…") -> Line:
    """Text in one line, cut with a mark where it is too long."""
    room = max(1, width - cells(first))
    (part, *_) = [*_split(inline), ()]
    text = "".join(segment.text for segment in part)
    if cell_len(text) <= room:
        return _line(first, tuple(part), "\n")
    end = next(_cuts(text, max(1, room - cell_len(mark)), False)).end
    kept = tuple(_slice(part, 0, end))
    style = kept[-1].style if kept else None
    return _line(first, (*kept, Segment(mark, style)), "\n")


def filled(line: Line, width: int, style: Style) -> Line:
    """The line with a background as far as the width goes, its decoration included."""
    segments = tuple(Segment(part.text, style + (part.style or _PLAIN)) for part in line.segments)
    if line.cells < width:
        segments += (Segment(" " * (width - line.cells), style),)
    return Line(segments, max(width, line.cells), line.lead, line.glue)


def behind(lines: Iterable[Line], lead: Inline) -> list[Line]:
    """The lines with more decoration before them."""
    added, wide = sum(len(segment.text) for segment in lead), cells(lead)
    return [
        Line((*lead, *line.segments), wide + line.cells, added + line.lead, line.glue)
        for line in lines
    ]


def cells(inline: Inline) -> int:
    """How wide a text without line ends is."""
    return sum(cell_len(segment.text) for segment in inline)


_PLAIN = Style.null()


def _line(lead: Inline, segments: tuple[Segment, ...], glue: str) -> Line:
    whole = (*lead, *segments)
    return Line(whole, cells(whole), sum(len(segment.text) for segment in lead), glue)


def _split(inline: Inline) -> Iterator[list[Segment]]:
    """The text line by line."""
    part: list[Segment] = []
    for segment in inline:
        if "\n" not in segment.text:
            part.append(segment)
            continue
        head, *others = segment.text.split("\n")
        part.append(Segment(head, segment.style))
        for text in others:
            yield part
            part = [Segment(text, segment.style)]
    yield part


def _slice(part: Inline, start: int, end: int) -> Iterator[Segment]:
    place = 0
    for segment in part:
        after = place + len(segment.text)
        if after > start and place < end:
            text = segment.text[max(0, start - place) : end - place]
            yield segment if text == segment.text else Segment(text, segment.style)
        place = after


def _cuts(text: str, room: int, by_words: bool) -> Iterator[_Cut]:
    """Where lines begin and end; the last one with a line end after it."""
    if text.isascii():
        yield from _ascii_cuts(text, room, by_words)
    elif cell_len(text) <= room:
        yield _Cut(0, len(text), "\n")
    else:
        yield from _wide_cuts(text, room, by_words)


def _ascii_cuts(text: str, room: int, by_words: bool) -> Iterator[_Cut]:
    start, size = 0, len(text)
    while size - start > room:
        end = text.rfind(" ", start, start + room + 1) if by_words else -1
        if end < 0 or not text[start:end].strip():
            yield _Cut(start, start + room, "")
            start += room
            continue
        after = _past_spaces(text, end)
        end = start + len(text[start:end].rstrip(" "))
        yield _Cut(start, end, text[end:after] if after < size else "\n")
        start = after
        if start == size:
            return
    yield _Cut(start, size, "\n")


def _wide_cuts(text: str, room: int, by_words: bool) -> Iterator[_Cut]:
    """As above, where characters have widths: lines may also end beside a wide one."""
    spans, _ = split_graphemes(text)
    # Of joiners that join nothing, rich says one width here and another when it paints.
    widths = (max(width, cell_len(text[start:end])) for start, end, width in spans)
    ends = list(accumulate(widths, initial=0))
    first = 0
    while ends[-1] - ends[first] > room:
        # At least one goes into each line, however wide it is.
        last = max(first + 1, bisect_right(ends, ends[first] + room) - 1)
        start, end = spans[first][0], spans[last][0]
        place = _break(text, spans, first, last) if by_words else last
        if place > first:
            end, last = spans[place][0], place
        # A space that carries a combining mark is a character like any other.
        first = last
        while by_words and first < len(spans) and text[slice(*spans[first][:2])] == " ":
            first += 1
        after = spans[first][0] if first < len(spans) else len(text)
        stop = start + len(text[start:end].rstrip(" ")) if by_words else end
        yield _Cut(start, stop, text[stop:after] if after < len(text) else "\n")
        if first == len(spans):
            return
    yield _Cut(spans[first][0] if spans else 0, len(text), "\n")


def _break(text: str, spans: Sequence[tuple[int, int, int]], first: int, last: int) -> int:
    """The last place up to `last` before which a line may end; `first` if there is none."""
    for place in range(last, first, -1):
        here, before = spans[place], spans[place - 1]
        if text[here[0]] == " " or text[before[0]] == " " or here[2] > 1 or before[2] > 1:
            return place
    return first


def _past_spaces(text: str, place: int) -> int:
    while place < len(text) and text[place] == " ":
        place += 1
    return place
