"""Code with the colours of its syntax, in pieces that can be coloured one by one."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Final, Protocol

from rich.segment import Segment
from rich.style import Style

from .palette import Palette, ink

PIECE: Final = 30
"""Lines from which on a piece may end."""
LONGEST: Final = 240
"""Lines at which a piece ends in any case: what spans more is coloured wrongly from there on."""
LONGEST_LINE: Final = 2_000
"""Characters. Lexers may take very long over longer lines; a piece that has one stays as it is."""

CodeLine = list[Segment]
_Kind = tuple[str, ...]
"""A token's kind as pygments names it: `("Literal", "String", "Doc")`."""


class _Lexer(Protocol):
    def get_tokens(self, text: str, /) -> Iterable[tuple[_Kind, str]]: ...


_INKS: Final = {
    "Comment": "italic comment",
    "Keyword": "keyword",
    "Keyword.Type": "kind",
    "Literal.String": "string",
    "Literal.Number": "number",
    "Name.Function": "definition",
    "Name.Class": "definition",
    "Name.Decorator": "definition",
    "Name.Tag": "keyword",
    "Name.Attribute": "definition",
    "Name.Builtin": "kind",
    "Name.Exception": "kind",
    "Operator.Word": "keyword",
    "Generic.Deleted": "bad",
    "Generic.Inserted": "good",
    "Generic.Heading": "bold text",
    "Generic.Subheading": "accent",
}
_SPANNING: Final = ("Literal.String", "Comment")
"""What may go on over the end of a line."""


class Coloured:
    """Lines of a piece of code, and where it could be cut."""

    def __init__(self, lines: Sequence[CodeLine], cut: int) -> None:
        self.lines = lines
        self.cut = cut
        """After how many lines it can go on as if nothing were before, at best; 0: nowhere."""


@lru_cache(maxsize=32)
def highlighted(code: str, language: str, palette: Palette) -> Sequence[CodeLine]:
    """All lines of a code, without their ends. What is in no known language stays as it is."""
    lines = code.split("\n")
    done: list[CodeLine] = []
    while lines:
        piece = coloured(lines[:LONGEST], language, palette)
        cut = piece.cut if len(lines) > LONGEST and piece.cut else len(piece.lines)
        done += piece.lines[:cut]
        lines = lines[cut:]
    return done


def coloured(lines: Sequence[str], language: str, palette: Palette) -> Coloured:
    """The lines in colours, and where to cut: amid no string and no comment."""
    lexer = _lexer(language.lower())
    plain = ink(palette, "text")
    if lexer is None or any(len(line) > LONGEST_LINE for line in lines):
        return Coloured([[Segment(line, plain)] for line in lines], len(lines) - 1)
    rows: list[CodeLine] = [[]]
    spanning = [False]
    for kind, text in lexer.get_tokens("\n".join(lines)):
        style = ink(palette, _ink(kind))
        first, *others = text.split("\n")
        _append(rows[-1], first, style)
        for part in others:
            spanning.append(_spans(kind))
            rows.append([Segment(part, style)] if part else [])
    # A lexer may add or drop line ends at the end of what it is given.
    rows = [*rows[: len(lines)], *([] for _ in range(len(lines) - len(rows)))]
    return Coloured(rows, _cut(lines, spanning))


def _append(row: CodeLine, text: str, style: Style) -> None:
    """Few segments draw faster: what looks alike is one, and white space looks like anything."""
    if row and (row[-1].style is style or text.isspace()):
        row[-1] = Segment(row[-1].text + text, row[-1].style)
    elif text:
        row.append(Segment(text, style))


def _cut(lines: Sequence[str], spanning: Sequence[bool]) -> int:
    """The last place before a line at the margin; in deep code, before any line."""
    places = [
        place
        for place in range(1, min(len(lines), len(spanning)))
        if lines[place].strip() and not spanning[place]
    ]
    margins = [place for place in places if not lines[place][0].isspace()]
    return next((place for place in (*margins[-1:], *places[-1:]) if place > len(lines) // 2), 0)


@cache
def _ink(kind: _Kind) -> str:
    names = (".".join(kind[:size]) for size in range(len(kind), 0, -1))
    return next((_INKS[name] for name in names if name in _INKS), "text")


@cache
def _spans(kind: _Kind) -> bool:
    return ".".join(kind).startswith(_SPANNING)


@cache
def _lexer(language: str) -> _Lexer | None:
    if not language:
        return None
    # Pygments takes 40 ms to import, a lexer some more: paid when the first code is shown. By
    # name, since it comes without types.
    lexers = import_module("pygments.lexers")
    find: Callable[..., _Lexer] = (
        lexers.get_lexer_for_filename if "." in language else lexers.get_lexer_by_name
    )
    try:
        return find(language, stripnl=False, ensurenl=False)
    except lexers.ClassNotFound:
        return None
