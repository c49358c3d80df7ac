"""Markdown as lines, also while it is still being written.

Only the last top-level block is read and drawn again when text is added: what stands before it is
settled. A block that grows long (a code fence, a list, a paragraph) is settled in pieces, so that
what a piece of text costs does not depend on how much came before.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from rich.segment import Segment

from .arriving import closed, whole
from .flow import BLANK, Line
from .highlight import PIECE, coloured
from .inline import inline
from .look import Look
from .prose import Tokens, block_lines, blocks, code_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_MARKS: Final = frozenset("*_`~")
"""What emphasis is written with."""
LONG_LIST: Final = 1_500
"""Characters of a list from which on its finished items are settled."""
LONG_PARAGRAPH: Final = 4_000
"""Characters from which on a paragraph is settled in parts, each on lines of its own."""


class Document:
    """One Markdown text, drawn for one look."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._settled: list[Line] = []
        self._tail: list[Line] = []
        self._pending = ""
        """What is not settled."""
        self._fence = ""
        """The line that opened the code block amid which `_pending` begins."""
        self._glued = False
        """Whether `_pending` goes on with the block before it."""
        self._names: dict[str, object] = {}
        """The addresses that the text defines by names, once they were read."""

    @property
    def lines(self) -> list[Line]:
        """All lines."""
        return [*self._settled, *self._tail]

    @property
    def settled(self) -> int:
        """How many of the lines, from the first, will not change any more."""
        return len(self._settled)

    @property
    def names_addresses(self) -> bool:
        """Whether what is settled may lack links whose addresses were named only later."""
        return bool(self._names.get("references"))

    def add(self, text: str) -> None:
        """Draw more text."""
        self._pending += text
        self._draw(final=False)
        while self._shorten():
            self._draw(final=False)

    def restyle(self, look: Look) -> None:
        """Draw what is not settled, and what follows, for another look."""
        self._look = look
        self._draw(final=False)

    def finish(self) -> None:
        """Nothing follows."""
        self._draw(final=True)

    def _draw(self, *, final: bool) -> None:
        text, found = self._read(final=final)
        kept = 0 if final else _unsettled(found, text)
        done, open_ = found[: len(found) - kept], found[len(found) - kept :]
        if done:
            self._settled += self._drawn(done)
            self._glued = False
            if open_:
                self._cut(_first_line(open_[0]))
                self._fence = ""
            else:
                self._pending = self._fence = ""
        if not final:
            _close(open_)
        self._tail = self._drawn(open_)

    def _read(self, *, final: bool) -> tuple[str, list[Tokens]]:
        """What is not settled as blocks, without an end of which it cannot be told yet what it will
        be; and its text."""
        text = f"{self._fence}{self._pending}"
        found = list(blocks(_reader().parse(text, self._names)))
        if final:
            return text, found
        last = found[-1] if found else ()
        fence = (
            last[0].markup if last and last[0].type == "fence" and not _closed(last, text) else ""
        )
        sure = whole(text, in_fence=fence)
        if sure != text:
            found = list(blocks(_reader().parse(sure, self._names)))
        return sure, found

    def _drawn(self, found: Sequence[Tokens]) -> list[Line]:
        lines: list[Line] = []
        for place, block in enumerate(found):
            drawn = block_lines(block, self._look)
            first = place == 0 and (self._glued or not self._settled)
            lines += drawn if first or not drawn else [BLANK, *drawn]
        return lines

    def _cut(self, line: int) -> None:
        """Let the pending text begin with a line of what was read."""
        if self._fence:
            line -= 1
        lines = self._pending.split("\n", line)
        self._pending = lines[-1]

    def _shorten(self) -> bool:
        """Settle the beginning of the last block, if that is long; whether it was."""
        tokens = _reader().parse(f"{self._fence}{self._pending}", self._names) if self._long else ()
        found = list(blocks(tokens))
        if len(found) != 1:
            return False
        match found[0][0].type:
            case "fence":
                return self._shorten_fence(found[0])
            case "bullet_list_open" | "ordered_list_open":
                return self._shorten_list(found[0])
            case "paragraph_open":
                return self._shorten_paragraph()
            case _:
                return False

    @property
    def _long(self) -> bool:
        return len(self._pending) > LONG_LIST or self._pending.count("\n") > PIECE

    def _shorten_fence(self, block: Tokens) -> bool:
        opening = self._fence or self._pending.partition("\n")[0] + "\n"
        lines = self._pending.removeprefix("" if self._fence else opening).split("\n")
        if len(lines) <= PIECE or _closed(block, f"{self._fence}{self._pending}"):
            return False
        language = opening.strip().lstrip("`~").split()
        piece = coloured(lines[:-1], language[0] if language else "", self._look.palette)
        if not piece.cut:
            return False
        drawn = [line for row in piece.lines[: piece.cut] for line in code_line(row, self._look)]
        self._settle(drawn, "\n".join(lines[piece.cut :]))
        self._fence = opening
        return True

    def _shorten_list(self, block: Tokens) -> bool:
        items = list(blocks(block[1:-1]))
        if len(items) < 2:
            return False
        done = [block[0], *(token for item in items[:-1] for token in item), block[-1]]
        drawn = block_lines(done, self._look)
        line = _first_line(items[-1])
        self._settle(drawn, self._pending.split("\n", line)[-1])
        return True

    def _shorten_paragraph(self) -> bool:
        if len(self._pending) <= LONG_PARAGRAPH:
            return False
        end = self._sentence_end()
        drawn = Document(self._look)
        drawn.add(self._pending[:end].strip())
        drawn.finish()
        self._settle(drawn.lines, self._pending[end:].lstrip())
        return True

    def _sentence_end(self) -> int:
        """Where a long paragraph may be cut: after a sentence, else a word, never amid marks."""
        text = self._pending[: LONG_PARAGRAPH - LONG_PARAGRAPH // 4]
        for end in (text.rfind(". ") + 1, text.rfind(" "), text.rfind("\n")):
            begun = text[: max(0, end)]
            if end > 0 and not (begun.count("`") % 2 or begun.count("**") % 2):
                return end
        return len(text)

    def _settle(self, drawn: list[Line], pending: str) -> None:
        first = self._glued or not self._settled
        self._settled += drawn if first else [BLANK, *drawn]
        self._glued = True
        self._pending = pending


def markdown(text: str, look: Look) -> list[Line]:
    """A whole text as lines."""
    document = Document(look)
    document.add(text)
    document.finish()
    return document.lines


def emphasised(text: str, look: Look, base: str) -> list[Segment]:
    """A text line by line with its emphasis, in a style of its own; what is no emphasis stays as it
    was written. `text` is harmless already."""
    segments: list[Segment] = []
    for line in text.split("\n"):
        if segments:
            segments.append(Segment("\n", look.ink(base)))
        if _MARKS.isdisjoint(line):
            segments.append(Segment(line, look.ink(base)))
        else:
            segments += inline(_reader().parseInline(closed(line))[0], look, base)
    return segments


def _unsettled(found: Sequence[Tokens], text: str) -> int:
    """How many of the last blocks may yet become something else: what begins with an unfinished
    line may turn out to belong to the block before it (CommonMark 5.1, "Overview")."""
    if len(found) < 2 or text.endswith("\n"):
        return 1
    return 2 if _first_line(found[-1]) >= text.count("\n") else 1


def _close(found: Sequence[Tokens]) -> None:
    """Close what is open in the words at the end, if it ends with words."""
    words = [token for block in found for token in block if token.nesting >= 0]
    last = words[-1] if words else None
    if (
        last is not None
        and last.type == "inline"
        and (text := closed(last.content)) != last.content
    ):
        last.children = _reader().parseInline(text)[0].children


def _first_line(block: Tokens) -> int:
    return block[0].map[0] if block[0].map else 0


def _closed(block: Tokens, source: str) -> bool:
    """Whether a code block has the line that ends it (CommonMark 4.5)."""
    first, end = block[0].map or (0, 0)
    last = source.split("\n")[end - 1].strip()
    markup = block[0].markup
    return end - 1 > first and len(last) >= len(markup) and not last.strip(markup[0])


@cache
def _reader() -> "MarkdownIt":
    # 25 ms to import: paid when the first words are shown.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])
