"""The end of a Markdown text that is still arriving.

What cannot be told yet is held back until it can (the beginning of a fence, of a link, of a table),
and what has been opened is shown as if it were closed already, so that nothing that was shown turns
into something else when the rest arrives, as far as that can be foreseen.
"""

import re
from typing import Final

_MARKS: Final = re.compile(
    r"[ \t]*(?:>[ \t]*)*(?:[-=*_+#~`|: \t]+|[-*+][ \t]+\[[ xX]?\]?|\d{1,9}[.)]?)[ \t]*\Z"
)
"""A line that may be the beginning of anything: only marks so far, or a number."""
_FENCE: Final = re.compile(r"[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+)*(?:```|~~~)")
"""A line that opens a code block, or names its language."""
_ROW: Final = re.compile(r"[ \t]*\|")
_LINK: Final = re.compile(
    r"(?P<image>!?)\[(?P<text>[^\[\]\n]{0,80})(?P<rest>\]?|\]\([^()\s]{0,2000})\Z"
)
_ADDRESS: Final = re.compile(r"<(?:[a-zA-Z][^\s<>]{0,2000})?\Z")
_RUN: Final = re.compile(r"\\.|`+|\*+|~~+", re.DOTALL)
_OPENS: Final = {"*": ("*",), "**": ("**",), "***": ("**", "*"), "~~": ("~~",)}
_LOOSE: Final = re.compile(r"(?<!\\)(?:\*+|`+|~+|_+|!)\Z")
"""Marks at the end, of which nobody knows what they will open or close."""


def whole(text: str, *, in_fence: str = "") -> str:
    """The text without the end of which it cannot be told yet what block it will be.

    `in_fence` is the marks of the code block that the text ends in, if it does.
    """
    start = text.rfind("\n") + 1
    last = text[start:]
    if in_fence:
        marks = last.strip()
        return text[:start] if marks and not marks.strip(in_fence[0]) else text
    if last and not (_MARKS.match(last) or _FENCE.match(last) or _ROW.match(last)):
        return text
    return _without_head(text[:start])


def _without_head(text: str) -> str:
    """Without what looks like the head of a table, of which nobody knows whether it is one before
    the next line is there."""
    lines = text.split("\n")[:-1]
    head = next((at for at in range(len(lines), 0, -1) if not _ROW.match(lines[at - 1])), 0)
    if len(lines) - head == 1:
        return "\n".join([*lines[:head], ""])
    return text


def closed(text: str) -> str:
    """The words of a paragraph with everything closed that is open at its end."""
    text = _without_link(_LOOSE.sub("", text.rstrip()))
    open_: list[str] = []
    place = 0
    while run := _RUN.search(text, place):
        marks, place = run[0], run.end()
        if marks[0] == "\\":
            continue
        if marks[0] == "`":
            end = re.compile(rf"(?<!`){marks}(?!`)").search(text, place)
            if end is None:
                return f"{text}{marks}{''.join(reversed(open_))}"
            place = end.end()
            continue
        before, after = text[run.start() - 1 : run.start()], text[place : place + 1]
        while open_ and before.strip() and marks.startswith(open_[-1]):
            marks = marks.removeprefix(open_.pop())
        if after.strip():
            open_ += _OPENS.get(marks, ())
    return text + "".join(reversed(open_))


def _without_link(text: str) -> str:
    """A link whose address arrives is but its words; before that it is held back."""
    found = _LINK.search(text) or _ADDRESS.search(text)
    if found is None or text.count("`", 0, found.start()) % 2:
        return text
    address = found.re is _LINK and found["rest"].startswith("](")
    return text[: found.start()] + (f"{found['image']}[{found['text']}]()" if address else "")
