"""The words of a Markdown paragraph, with their emphasis and links."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.segment import Segment

from . import links
from .clean import words
from .look import Look

if TYPE_CHECKING:
    from markdown_it.token import Token

_EMPHASIS: Final = {
    "strong_open": "bold",
    "em_open": "italic",
    "s_open": "strike",
}
_BOXES: Final = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
"""What a task of a list begins with (GitHub Flavored Markdown, 5.3)."""


def inline(token: "Token", look: Look, base: str = "text") -> list[Segment]:
    """The words of an `inline` token; line ends in it are hard ones."""
    return list(_segments(token.children or (), look, base))


def task(segments: list[Segment], look: Look) -> list[Segment]:
    """The words of a list item, its check box drawn."""
    if segments:
        text, style, _ = segments[0]
        for written, drawn in _BOXES.items():
            if text.startswith(written):
                ink = look.ink("good" if drawn == "☑ " else "dim")
                rest = Segment(text.removeprefix(written), style)
                return [Segment(drawn, ink), rest, *segments[1:]]
    return segments


def _segments(tokens: Sequence["Token"], look: Look, base: str) -> Iterator[Segment]:
    emphasis: list[str] = []
    target = ""
    for token in tokens:
        style = look.ink(" ".join((*emphasis, base)))
        match token.type:
            case "strong_open" | "em_open" | "s_open":
                emphasis.append(_EMPHASIS[token.type])
            case "strong_close" | "em_close" | "s_close":
                emphasis.pop()
            case "link_open":
                target = str(token.attrGet("href") or "")
            case "link_close":
                target = ""
            case "softbreak":
                yield Segment(" ", style)
            case "hardbreak":
                yield Segment("\n", style)
            case _:
                yield from _words(token, target, emphasis, look, base)


def _words(
    token: "Token", target: str, emphasis: Sequence[str], look: Look, base: str
) -> Iterator[Segment]:
    text = words(token.content).replace("\n", " ")
    kind = "code" if token.type == "code_inline" else base
    if token.type == "image":
        text = f"[picture: {text}]" if text else "[picture]"
        target = str(token.attrGet("src") or "")
    style = look.ink(" ".join((*emphasis, kind)))
    if target:
        yield Segment(text, style + (links.address(target, look) or look.ink("underline")))
    else:
        yield from links.linked(text, style, look)
