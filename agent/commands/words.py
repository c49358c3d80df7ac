"""Words as the shell takes them: unquoted, expanded as far as that can be known beforehand."""

import glob
import re
import shlex
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Certainty = Literal["plain", "known", "shown", "hidden", "odd"]
"""How much is known of a text before it is run, from most to least: it is written out; it is the
value of a variable that is known; it is made by this line, whose parts are judged by themselves;
it comes from outside and may be a secret; nobody can say what evaluating it does."""

_RANK: dict[Certainty, int] = {"plain": 0, "known": 1, "shown": 2, "hidden": 3, "odd": 4}
_GLOB = re.compile(r"[*?\[]")
_BLANK_OR_GLOB = re.compile(r"[\s*?\[\\]")


class Piece(Struct, frozen=True):
    """A stretch of a word that is all quoted or all unquoted."""

    text: str
    """As written, without the quotes."""
    value: str
    """What becomes of it; where that is not known, the shortest that may become of it."""
    quoted: bool = False
    certainty: Certainty = "plain"


HIDDEN: tuple[Piece, ...] = ()
"""What a variable holds that may be a secret. Even an empty text is a piece."""


class Word(Struct, frozen=True):
    """One word of a command."""

    text: str
    """Unquoted; what is not known, and what depends on the place, stands as it is written."""
    spelling: str
    """One canonical spelling of it in a command line."""
    value: str
    """With variables and `~` put in; what is not known is as short as it may become."""
    pattern: str = ""
    """Where it is a file pattern, that pattern for `fnmatch`; otherwise empty."""
    certainty: Certainty = "plain"
    loose: bool = False
    """Whether it may become no word, or several, in a way that is not known."""
    span: tuple[int, int] = (0, 0)

    @property
    def literal(self) -> bool:
        """Whether all that it becomes is known."""
        return self.certainty in ("plain", "known") and not self.loose

    @property
    def written(self) -> bool:
        """Whether it is written out."""
        return self.certainty == "plain"

    def rest(self, start: int) -> "Word":
        """What follows its first characters, such as the value in `--option=value`.

        A `~` there is not expanded, as it is not by the shell.
        """
        value = self.value[start:]
        pattern = value if self.pattern else ""
        spelling = shlex.quote(value) if self.literal and not pattern else value
        return Word(value, spelling, value, pattern, self.certainty, self.loose, self.span)


def plain(text: str, span: tuple[int, int] = (0, 0)) -> Word:
    """A word that is written out."""
    return Word(text, shlex.quote(text), text, span=span)


def joined(words: Iterable[Word]) -> str:
    """A command line of these words."""
    return " ".join(word.spelling for word in words)


def assemble(pieces: list[Piece], home: str, span: tuple[int, int]) -> list[Word]:
    """The words that become of the pieces of one: several, where braces multiply it."""
    if any("{" in piece.text and not piece.quoted for piece in pieces):
        if all(piece.certainty == "plain" for piece in pieces):
            expanded = expand_braces(pieces)
            if expanded is not None:
                return [_word(alternative, home, span) for alternative in expanded]
        if any("}" in piece.text and not piece.quoted for piece in pieces):
            pieces = [*pieces, Piece("", "", certainty="odd")]
    return [_word(pieces, home, span)]


def _worst(pieces: list[Piece]) -> Certainty:
    worst: Certainty = "plain"
    for piece in pieces:
        if _RANK[piece.certainty] > _RANK[worst]:
            worst = piece.certainty
    return worst


def _word(pieces: list[Piece], home: str, span: tuple[int, int]) -> Word:
    if len(pieces) == 1 and pieces[0].certainty == "plain":
        only = pieces[0]
        if only.quoted or not _SPECIAL.search(only.value):
            return Word(only.value, shlex.quote(only.value), only.value, span=span)
    certainty = _worst(pieces)
    text = "".join(p.value if p.certainty == "plain" else p.text for p in pieces)
    value = "".join(piece.value for piece in pieces)
    pattern = _pattern(pieces)
    spelling = text if certainty != "plain" or pattern else shlex.quote(text)
    tilde, loose = "", False
    if pieces and not pieces[0].quoted and pieces[0].certainty == "plain" and text[:1] == "~":
        tilde = pieces[0].value.partition("/")[0]
        if tilde == "~" and ("/" in pieces[0].value or len(pieces) == 1):
            value, spelling = home + value[1:], text
            pattern = glob.escape(home) + pattern[1:] if pattern else ""
        else:
            certainty = "odd"
    for piece in pieces:
        if piece.certainty == "known" and not piece.quoted and _BLANK_OR_GLOB.search(piece.value):
            loose = loose or not pattern or bool(re.search(r"[\s\\]", piece.value))
        elif piece.certainty not in ("plain", "known") and not piece.quoted:
            loose = True
    if not value and not any(piece.quoted for piece in pieces):
        loose = True
    return Word(text, spelling, value, pattern, certainty, loose, span)


_SPECIAL = re.compile(r"[*?\[~]")


def _pattern(pieces: list[Piece]) -> str:
    if not any(not piece.quoted and _GLOB.search(piece.value) for piece in pieces):
        return ""
    return "".join(glob.escape(p.value) if p.quoted else p.value for p in pieces)


_Marked = list[tuple[str, bool]]
"""Characters, each with whether it is quoted."""
MAX_BRACES = 64
"""Words that one word may become."""


def expand_braces(pieces: list[Piece]) -> list[list[Piece]] | None:
    """What braces make of written-out pieces; None where they make too much of them.

    The rules are those of bash(1), Brace Expansion.
    """
    marked = [(char, piece.quoted) for piece in pieces for char in piece.value]
    expanded = _expand(marked)
    if expanded is None:
        return None
    empty = [Piece("", "", True)] if any(p.quoted and not p.value for p in pieces) else []
    return [[*_regroup(word), *empty] for word in expanded]


def _regroup(marked: _Marked) -> list[Piece]:
    pieces: list[Piece] = []
    for char, quoted in marked:
        if pieces and pieces[-1].quoted == quoted:
            text = pieces.pop().text + char
            pieces.append(Piece(text, text, quoted))
        else:
            pieces.append(Piece(char, char, quoted))
    return pieces


def _expand(marked: _Marked) -> list[_Marked] | None:
    for start, mark in enumerate(marked):
        if mark != ("{", False):
            continue
        found = _alternatives(marked, start)
        if found is None:
            continue
        alternatives, end = found
        tails = _expand(marked[end + 1 :])
        if tails is None:
            return None
        words: list[_Marked] = []
        for alternative in alternatives:
            inner = _expand(alternative)
            if inner is None:
                return None
            words += [[*marked[:start], *middle, *tail] for middle in inner for tail in tails]
            if len(words) > MAX_BRACES:
                return None
        return words
    return [marked]


def _alternatives(marked: _Marked, start: int) -> tuple[list[_Marked], int] | None:
    """What stands in the braces that open at `start`, and where they close."""
    depth, begin, parts = 0, start + 1, list[_Marked]()
    for index in range(start, len(marked)):
        char, quoted = marked[index]
        if quoted:
            continue
        if char == "{":
            depth += 1
        elif char == "," and depth == 1:
            parts.append(marked[begin:index])
            begin = index + 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                last = marked[begin:index]
                sequence = None if parts else _sequence(last)
                if not parts and sequence is None:
                    return None
                return (sequence or [*parts, last]), index
    return None


_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?|([A-Za-z])\.\.([A-Za-z])")


def _sequence(marked: _Marked) -> list[_Marked] | None:
    found = _RANGE.fullmatch("".join(char for char, _ in marked))
    if not found or any(quoted for _, quoted in marked):
        return None
    if found[4]:
        first, last, step = ord(found[4]), ord(found[5]), 1
    else:
        first, last, step = int(found[1]), int(found[2]), abs(int(found[3] or 1)) or 1
    numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    if len(numbers) > MAX_BRACES:
        # Enough to make the whole too many, without making them all.
        return [[("0", False)]] * (MAX_BRACES + 1)
    width = max(len(found[1] or ""), len(found[2] or ""))
    padded = bool(re.search(r"(^|\.)-?0\d", found[0]))
    texts = [chr(n) if found[4] else str(n).zfill(width if padded else 0) for n in numbers]
    return [[(char, False) for char in text] for text in texts]
