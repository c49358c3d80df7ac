"""Parsed Markdown as lines."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from rich.segment import Segment

from .clean import words
from .flow import BLANK, Line, behind, filled, flow
from .highlight import highlighted
from .inline import inline, task
from .look import Look
from .table import table

if TYPE_CHECKING:
    from markdown_it.token import Token

Tokens = Sequence["Token"]

_HEADINGS: Final = {"h1": "bold underline accent", "h2": "bold accent", "h3": "bold text"}
_BULLETS: Final = ("•", "◦", "▪")


def blocks(tokens: Tokens) -> Iterator[Tokens]:
    """The blocks on the level of the first token, each with all that is in it."""
    begin = 0
    for place, token in enumerate(tokens):
        if token.level == tokens[begin].level and token.nesting <= 0:
            yield tokens[begin : place + 1]
            begin = place + 1


def prose(tokens: Tokens, look: Look, *, depth: int = 0) -> list[Line]:
    """Blocks with a blank line between any two; in a list only between paragraphs."""
    lines: list[Line] = []
    before = ""
    for block in blocks(tokens):
        kind = block[0].type
        if lines and (not depth or kind == before == "paragraph_open"):
            lines.append(BLANK)
        lines += block_lines(block, look, depth)
        before = kind
    return lines


def block_lines(block: Tokens, look: Look, depth: int = 0) -> list[Line]:
    """One block; `depth` counts the lists around it."""
    first, within = block[0], block[1:-1]
    match first.type:
        case "heading_open":
            return _heading(block, look)
        case "paragraph_open":
            segments = inline(block[1], look)
            return flow(task(segments, look) if depth else segments, look.width)
        case "bullet_list_open" | "ordered_list_open":
            return _list(block, look, depth)
        case "blockquote_open":
            bar = [Segment("▌ ", look.ink("faint"))]
            return behind(prose(within, replace(look, width=_less(look, 2))), bar)
        case "fence" | "code_block":
            return code(first.content.removesuffix("\n"), _language(first), look)
        case "table_open":
            return table(within, look)
        case "hr":
            return [_rule(look)]
        case _:
            return flow([Segment(words(first.content.rstrip("\n")), look.ink("dim"))], look.width)


def code(text: str, language: str, look: Look) -> list[Line]:
    """A code block: what is too long is folded, and copied as it was."""
    rows = highlighted(words(text), language, look.palette)
    return [line for row in rows for line in code_line(row, look)]


def code_line(row: Sequence[Segment], look: Look) -> list[Line]:
    """One line of a code block."""
    margin = [Segment(" ", look.ink("text"))]
    more = [Segment("↪", look.ink("faint"))]
    lines = flow(row, look.width, margin, more, by_words=False)
    return [filled(line, look.width, look.ink("text on fence")) for line in lines]


def _language(token: "Token") -> str:
    info = token.info.strip().split()
    return info[0].strip("{}.").partition(",")[0].partition(":")[0] if info else ""


def _heading(block: Tokens, look: Look) -> list[Line]:
    ink = _HEADINGS.get(block[0].tag, "bold dim")
    return flow(inline(block[1], look, ink), look.width)


def _list(block: Tokens, look: Look, depth: int) -> list[Line]:
    mark = _marker(block[0], depth)
    lines: list[Line] = []
    for number, item in enumerate(blocks(block[1:-1])):
        text = mark(number)
        room = replace(look, width=_less(look, len(text)))
        within = prose(item[1:-1], room, depth=depth + 1)
        first = [Segment(text, look.ink("dim" if depth else "accent"))]
        lines += behind(within[:1] or [BLANK], first)
        lines += behind(within[1:], [Segment(" " * len(text))])
    return lines


def _marker(opening: "Token", depth: int) -> Callable[[int], str]:
    if opening.type == "bullet_list_open":
        bullet = _BULLETS[min(depth, 2)]
        return lambda _: f"{bullet} "
    start = int(opening.attrGet("start") or 1) if opening.attrGet("start") != 0 else 0
    return lambda number: f"{start + number}. "


def _rule(look: Look) -> Line:
    wide = min(look.width, 40)
    return Line((Segment("─" * wide, look.ink("faint")),), wide)


def _less(look: Look, cells: int) -> int:
    return max(4, look.width - cells)
