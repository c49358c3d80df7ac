"""What is shown of a text: numbered lines around a change, the lines nearest to a missed one,
and unified diffs. Everything here is bounded, whatever the size of the text.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from heapq import nlargest
from itertools import islice

import msgspec

from .textfile import split_lines, strip_end

_LINE_WIDTH = 400
"""Characters of a line that an excerpt or a diff shows."""

_DIFF_LINES = 2000
"""Changed lines on one side up to which a minimal diff is looked for; difflib is quadratic."""

_CANDIDATES = 200
"""Lines whose letters are counted and compared with those of a missed one."""
_COMPARED = 10
"""Of these, lines that are compared letter by letter."""
_RUNS = 12
"""Runs of letters by which the candidates are found."""
_LEAST_EQUAL = 4
"""Characters of equal lines that are worth to be shown where nothing else is alike."""

_VISIBLE = str.maketrans({"\t": "→", "\u00a0": "⍽"})
_TRAILING_BLANKS = re.compile(r" +$")
_WORD = re.compile(r"\w{3,}")


class Diff(msgspec.Struct, frozen=True):
    """A unified diff for a person to read; long ones are cut, so `patch` may not apply it."""

    text: str
    added: int
    removed: int
    cut: bool = False
    """Lines were left out of `text`; the counts are complete."""


def numbered(lines: Iterable[str], start: int = 1) -> str:
    """Lines without ends, each behind its number: width 6, right-aligned, then a tab."""
    return "\n".join(f"{number:>6}\t{line}" for number, line in enumerate(lines, start))


def clip(line: str, width: int = _LINE_WIDTH) -> str:
    """The line, its rest past `width` characters replaced by a count of what is missing."""
    return line if len(line) <= width else f"{line[:width]} [+{len(line) - width} characters]"


def excerpt(
    text: str, first_line: int, last_line: int, context: int = 3, max_lines: int = 40
) -> str:
    """The changed lines of the new text and `context` lines on either side, numbered.

    Line numbers are 1-based and inclusive; `last_line < first_line` marks a deletion in front of
    `first_line`. Of more than `max_lines` lines the middle is left out, visibly.
    """
    lines = split_lines(text)
    if not lines:
        return "(the file is empty now)"
    first = max(first_line - context, 1)
    last = min(max(last_line, first_line - 1) + context, len(lines))
    shown = [clip(strip_end(line)) for line in lines[first - 1 : last]]
    if len(shown) <= max_lines:
        return numbered(shown, first)
    head, tail = max_lines - max_lines // 2, max_lines // 2
    return "\n".join(
        (
            numbered(shown[:head], first),
            f"   ...\t({len(shown) - head - tail} lines not shown)",
            numbered(shown[len(shown) - tail :], last - tail + 1),
        )
    )


def nearest(text: str, wanted: str, max_lines: int = 12) -> str:
    """The part of `text` that is most like the lines `wanted`, numbered, with its tabs, no-break
    spaces and trailing blanks made visible; empty if nothing is alike.

    The place where most of it is equal but for case and blanks at both ends; where that is less
    than half, rather the line that is most like the longest wanted one, letter by letter.
    """
    lines = split_lines(text)
    folded = [line.strip().casefold() for line in lines]
    asked = [line.strip().casefold() for line in split_lines(wanted)]
    start, equal = _most_equal_lines(folded, asked)
    if equal * 2 < sum(map(len, asked)):
        similar = _most_similar_line(folded, asked)
        start = start if similar is None and equal >= _LEAST_EQUAL else similar
    if start is None:
        return ""
    first = max(start, 0)
    shown = lines[first : min(max(start + len(asked), first + 1), first + max_lines)]
    return numbered((clip(_visible(strip_end(line))) for line in shown), first + 1)


def _most_equal_lines(lines: Sequence[str], asked: Sequence[str]) -> tuple[int | None, int]:
    """Where the asked lines would begin if as much as possible of them fell on equal lines, and
    how many of their characters do."""
    offsets: dict[str, int] = {}
    for offset, line in enumerate(asked):
        if line:
            offsets.setdefault(line, offset)
    votes: Counter[int] = Counter()
    for number, line in enumerate(lines):
        if (equal := offsets.get(line)) is not None:
            votes[number - equal] += len(line)
    if not votes:
        return None, 0
    return max(votes.items(), key=lambda vote: vote[1])


def _most_similar_line(lines: Sequence[str], asked: Sequence[str]) -> int | None:
    """Where the asked lines would begin if the longest of them fell on the line most like it."""
    longest = max(asked, key=len, default="")
    target = longest[:_LINE_WIDTH]
    # Slow to import for something that only misses need.
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, b=target, autojunk=False)

    def alike(number: int, measure: Callable[[], float]) -> float:
        matcher.set_seq1(lines[number][:_LINE_WIDTH])
        return measure()

    # Each step is slower by far than the one before, and sees fewer lines.
    candidates = _sharing(lines, target)
    likely = nlargest(_COMPARED, candidates, key=lambda line: alike(line, matcher.quick_ratio))
    best = max(likely, key=lambda line: alike(line, matcher.ratio), default=None)
    if best is None or alike(best, matcher.ratio) <= 0.5:
        return None
    return best - asked.index(longest)


def _sharing(lines: Sequence[str], target: str) -> list[int]:
    """The lines that share most with the target: of its longest words, and of runs of three
    letters all along it."""
    runs = [target[at : at + 3] for at in range(len(target) - 2)]
    words = sorted(_WORD.findall(target), key=len, reverse=True)
    pieces = {*words[:5], *runs[:: len(runs) // _RUNS + 1]}
    # Shorter lines cannot be alike by half.
    numbers = (number for number, line in enumerate(lines) if len(line) * 3 > len(target))
    return nlargest(
        _CANDIDATES,
        numbers,
        key=lambda number: sum([len(piece) for piece in pieces if piece in lines[number]]),
    )


def _visible(line: str) -> str:
    return _TRAILING_BLANKS.sub(lambda blanks: "·" * len(blanks[0]), line.translate(_VISIBLE))


def diff(before: str, after: str, path: str, *, context: int = 3, max_lines: int = 400) -> Diff:
    """What changed between two texts, as a unified diff of at most `max_lines` lines.

    Equal lines at both ends are skipped first; if more than a few thousand lines remain between
    them, they are shown as one replaced block instead of a minimal diff.
    """
    old, new = split_lines(before), split_lines(after)
    start = _common(old, new, min(len(old), len(new)))
    end = _common(old[::-1], new[::-1], min(len(old), len(new)) - start)
    blocks = list(_blocks(old[start : len(old) - end], new[start : len(new) - end], start))
    added = sum(block.new_end - block.new_start for block in blocks)
    removed = sum(block.old_end - block.old_start for block in blocks)
    rows = islice(_rows(old, new, blocks, context), max_lines + 1)
    shown = [f"--- a/{path}", f"+++ b/{path}", *rows] if blocks else []
    cut = len(shown) > max_lines + 2
    if cut:
        shown[-1] = "... (the rest of the diff is not shown)"
    return Diff("".join(f"{row}\n" for row in shown), added, removed, cut)


class _Block(msgspec.Struct, frozen=True):
    """Lines `old_start:old_end` became lines `new_start:new_end`, counted from 0."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def _common(old: Sequence[str], new: Sequence[str], limit: int) -> int:
    for index in range(limit):
        if old[index] != new[index]:
            return index
    return limit


def _blocks(old: list[str], new: list[str], start: int) -> Iterable[_Block]:
    if max(len(old), len(new)) > _DIFF_LINES or not old or not new:
        if old or new:
            yield _Block(start, start + len(old), start, start + len(new))
        return
    # Slow to import for something that only screens need.
    from difflib import SequenceMatcher

    # Lines that occur often are no anchors (autojunk): with them, a rewritten file of 2,000 lines,
    # half of them blank, takes 42 s instead of milliseconds.
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            yield _Block(start + i1, start + i2, start + j1, start + j2)


def _rows(old: list[str], new: list[str], blocks: list[_Block], context: int) -> Iterable[str]:
    for group in _grouped(blocks, context):
        first, last = group[0], group[-1]
        lead = min(context, first.old_start)
        trail = min(context, len(old) - last.old_end)
        old_span = _span(first.old_start - lead, last.old_end + trail)
        new_span = _span(first.new_start - lead, last.new_end + trail)
        yield f"@@ -{old_span} +{new_span} @@"
        at = first.old_start - lead
        for block in group:
            yield from (_row(" ", line) for line in old[at : block.old_start])
            yield from (_row("-", line) for line in old[block.old_start : block.old_end])
            yield from (_row("+", line) for line in new[block.new_start : block.new_end])
            at = block.old_end
        yield from (_row(" ", line) for line in old[at : at + trail])


def _grouped(blocks: list[_Block], context: int) -> Iterable[list[_Block]]:
    group: list[_Block] = []
    for block in blocks:
        if group and block.old_start - group[-1].old_end > 2 * context:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _span(start: int, end: int) -> str:
    """GNU diff's range: the line before an empty one, and no length of 1."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _row(tag: str, line: str) -> str:
    content = strip_end(line)
    marker = "" if content != line else "\n\\ No newline at end of file"
    return f"{tag}{clip(content)}{marker}"
