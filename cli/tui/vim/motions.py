"""Where the motions and text objects of vi lead, as pure functions of a text and an offset.

Law: vim's `motion.txt` (https://vimhelp.org/motion.txt.html).
"""

import re
from typing import Literal

from msgspec import Struct

Reach = Literal["exclusive", "inclusive", "lines"]
"""What an operator takes of the way to a target: without its last character, with it, or all lines
that it touches."""

MOTIONS = frozenset("hjklwbeWBE0^$G;,%{}") | {"gg"}
FINDS = frozenset("ftFT")
"""Motions that need a character."""
OBJECTS = frozenset(f"{kind}{what}" for kind in "ia" for what in "wWp\"'`()b[]{}B<>")

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = {closer: opener for opener, closer in _PAIRS.items()}
_BRACKETS = {
    **{name: "()" for name in "()b"},
    **{name: "[]" for name in "[]"},
    **{name: "{}" for name in "{}B"},
    **{name: "<>" for name in "<>"},
}
_BIG_RUN = re.compile(r"\S+|\s+")
_RUN = re.compile(r"\w+|[^\w\s]+|\s+")


class Target(Struct, frozen=True):
    """Where a motion leads."""

    at: int
    reach: Reach = "exclusive"


class Span(Struct, frozen=True):
    """A part of a text: from `start` up to, without, `end`."""

    start: int
    end: int
    lines: bool = False
    """Whether it stands for whole lines."""


class Find(Struct, frozen=True):
    """A search for a character within the line."""

    key: str
    """One of `FINDS`."""
    wanted: str

    @property
    def backwards(self) -> "Find":
        """The same in the other direction."""
        return Find(self.key.swapcase(), self.wanted)


def line_start(text: str, at: int) -> int:
    """Of the line that holds an offset."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the line's newline is, or would be."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def first_word(text: str, at: int) -> int:
    """The first character of the line that is no blank; the last one if all are."""
    start, end = line_start(text, at), line_end(text, at)
    blank = len(text[start:end]) - len(text[start:end].lstrip())
    return min(start + blank, max(start, end - 1))


def resting(text: str, at: int) -> int:
    """The nearest offset at which the cursor of normal mode can be: on a character, or on an empty
    line."""
    at = max(0, min(at, len(text)))
    end = line_end(text, at)
    return end - 1 if at == end and end > line_start(text, at) else at


def row_column(text: str, at: int) -> tuple[int, int]:
    """The line and the place in it, from zero."""
    return text.count("\n", 0, at), at - line_start(text, at)


def at_row(text: str, row: int, column: int) -> int:
    """An offset on a line, counted from zero; as far to the right as there is text."""
    start = 0
    for _ in range(row):
        start = line_end(text, start) + 1
    return min(start + column, max(start, line_end(text, start) - 1))


def _kind(character: str, big: bool) -> int:
    if character.isspace():
        return 0
    return 1 if big or character.isalnum() or character == "_" else 2


def _is_empty_line(text: str, at: int) -> bool:
    starts = at == 0 or text[at - 1] == "\n"
    return starts and (at == len(text) or text[at] == "\n")


def _word_on(text: str, at: int, big: bool) -> int:
    size = len(text)
    if at < size and (kind := _kind(text[at], big)):
        while at < size and _kind(text[at], big) == kind:
            at += 1
    elif at < size:
        at += 1
        if at < size and _is_empty_line(text, at):
            return at
    while at < size and text[at].isspace() and not _is_empty_line(text, at):
        at += 1
    return at


def _word_back(text: str, at: int, big: bool) -> int:
    at -= 1
    while at > 0 and text[at].isspace() and not _is_empty_line(text, at):
        at -= 1
    if at <= 0:
        return 0
    kind = _kind(text[at], big)
    while kind and at > 0 and _kind(text[at - 1], big) == kind:
        at -= 1
    return at


def _word_end(text: str, at: int, big: bool) -> int:
    size = len(text)
    at += 1
    while at < size and text[at].isspace():
        at += 1
    if at >= size:
        return size
    kind = _kind(text[at], big)
    while at + 1 < size and _kind(text[at + 1], big) == kind:
        at += 1
    return at


def words(text: str, at: int, key: str, count: int) -> Target | None:
    """The motions w b e and W B E."""
    step = {"w": _word_on, "b": _word_back, "e": _word_end}[key.lower()]
    target = at
    for _ in range(count):
        target = step(text, target, key.isupper())
    if target == at and key.lower() != "e":
        return None
    return Target(target, "inclusive" if key.lower() == "e" else "exclusive")


def found(text: str, at: int, find: Find, count: int, *, again: bool = False) -> Target | None:
    """The motions f t F T; `again` is for `;` and `,`, which do not stop before the same one."""
    start, end = line_start(text, at), line_end(text, at)
    forward, before = find.key.islower(), find.key in "tT"
    place = at
    if again and before and count == 1:
        place += 1 if forward else -1
    for _ in range(count):
        if forward:
            place = text.find(find.wanted, place + 1, end)
        else:
            place = text.rfind(find.wanted, start, max(place, start))
        if place < 0:
            return None
    if before:
        place += -1 if forward else 1
    return Target(place, "inclusive" if forward else "exclusive")


def matching(text: str, at: int) -> Target | None:
    """The motion %: the partner of the next bracket on the line."""
    for place in range(at, line_end(text, at)):
        if text[place] in _PAIRS or text[place] in _CLOSERS:
            partner = _partner(text, place)
            return None if partner is None else Target(partner, "inclusive")
    return None


def _partner(text: str, at: int) -> int | None:
    own = text[at]
    forward = own in _PAIRS
    other = _PAIRS[own] if forward else _CLOSERS[own]
    depth = 0
    places = range(at, len(text)) if forward else range(at, -1, -1)
    for place in places:
        depth += (text[place] == own) - (text[place] == other)
        if depth == 0:
            return place
    return None


def paragraph(text: str, at: int, forward: bool, count: int) -> Target | None:
    """The motions { and }: the next empty line beyond the paragraph."""
    lines = text.split("\n")
    row = text.count("\n", 0, at)
    step = 1 if forward else -1
    for _ in range(count):
        while 0 <= row < len(lines) and not lines[row]:
            row += step
        while 0 <= row < len(lines) and lines[row]:
            row += step
    if row < 0:
        return Target(0)
    target = len(text) if row >= len(lines) else sum(len(line) + 1 for line in lines[:row])
    return None if target == at else Target(target)


def text_object(text: str, at: int, name: str, count: int) -> Span | None:
    """What one of `OBJECTS` means at an offset; None: there is none."""
    inner, what = name[0] == "i", name[1]
    if what in "wW":
        return _word_object(text, at, inner, what == "W", count)
    if what == "p":
        return _paragraph_object(text, at, inner)
    if what in "\"'`":
        return _quoted(text, at, what, inner)
    return _bracketed(text, at, _BRACKETS[what], inner, count)


def _word_object(text: str, at: int, inner: bool, big: bool, count: int) -> Span | None:
    start, end = line_start(text, at), line_end(text, at)
    runs = [(start + run.start(), start + run.end())
            for run in (_BIG_RUN if big else _RUN).finditer(text[start:end])]  # fmt: skip
    here = next((place for place, run in enumerate(runs) if run[0] <= at < run[1]), None)
    if here is None:
        return None
    if inner:
        last = min(here + count, len(runs)) - 1
        return Span(runs[here][0], runs[last][1])
    on_blank = text[at].isspace()
    last = min(here + 2 * count - 1, len(runs) - 1)
    if not on_blank and last == here + 2 * count - 2 and here > 0:
        # Nothing blank behind the last word: what is before the first goes instead.
        blank_before = text[runs[here - 1][0]].isspace()
        return Span(runs[here - 1][0] if blank_before else runs[here][0], runs[last][1])
    if not text[runs[last][0]].isspace() and not on_blank:
        last -= 1
    return Span(runs[here][0], runs[last][1])


def _paragraph_object(text: str, at: int, inner: bool) -> Span:
    lines = text.split("\n")
    row = text.count("\n", 0, at)
    first = last = row
    while first > 0 and bool(lines[first - 1]) == bool(lines[row]):
        first -= 1
    while last + 1 < len(lines) and bool(lines[last + 1]) == bool(lines[row]):
        last += 1
    if not inner:
        after = last
        while after + 1 < len(lines) and bool(lines[after + 1]) != bool(lines[row]):
            after += 1
        if after == last:
            while first > 0 and bool(lines[first - 1]) != bool(lines[row]):
                first -= 1
        last = after
    start = sum(len(line) + 1 for line in lines[:first])
    return Span(start, start + sum(len(line) + 1 for line in lines[first : last + 1]) - 1, True)


def _quoted(text: str, at: int, quote: str, inner: bool) -> Span | None:
    start, end = line_start(text, at), line_end(text, at)
    line = text[start:end]
    places = [start + hit.start() for hit in re.finditer(rf"(?<!\\){re.escape(quote)}", line)]
    for opener, closer in zip(places[::2], places[1::2], strict=False):
        if at <= closer:
            if inner:
                return Span(opener + 1, closer)
            after = closer + 1
            while after < end and text[after].isspace():
                after += 1
            if after == closer + 1:
                while opener > start and text[opener - 1].isspace():
                    opener -= 1
            return Span(opener, after)
    return None


def _bracketed(text: str, at: int, pair: str, inner: bool, count: int) -> Span | None:
    opener = _enclosing(text, at, pair, count)
    if opener is None:
        return None
    depth = 0
    for place in range(opener, len(text)):
        depth += (text[place] == pair[0]) - (text[place] == pair[1])
        if depth == 0:
            return Span(opener + 1, place) if inner else Span(opener, place + 1)
    return None


def _enclosing(text: str, at: int, pair: str, count: int) -> int | None:
    """Where the bracket opens that is the `count`th around an offset."""
    if at < len(text) and text[at] == pair[1]:
        at -= 1
    wanted, depth = count, 0
    for place in range(min(at, len(text) - 1), -1, -1):
        if text[place] == pair[1]:
            depth += 1
        elif text[place] == pair[0]:
            if depth == 0:
                wanted -= 1
                if wanted == 0:
                    return place
            else:
                depth -= 1
    return None
