"""Lines of the screen as the text that they show: no signs, no rails, nothing wrapped."""

from collections.abc import Iterable

from .flow import Line

Span = tuple[int, int] | None
"""The characters of a line that are meant, the second -1 for its end; None for none of them."""


def copied(lines: Iterable[Line]) -> str:
    """Whole lines."""
    return copied_lines((line, (0, -1)) for line in lines)


def copied_lines(spans: Iterable[tuple[Line, Span]]) -> str:
    """Parts of lines that follow each other."""
    text = ""
    glue = ""
    for line, span in spans:
        if span is None:
            continue
        start, end = span
        shown = line.text if end == -1 else line.text[:end]
        piece = shown[max(start, line.lead) :]
        # Backgrounds are painted with spaces as far as the line goes.
        text += glue + (piece.rstrip() if line.glue == "\n" else piece)
        glue = line.glue
    return text
