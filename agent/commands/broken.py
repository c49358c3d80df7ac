"""Lines that the shell may read differently than the grammar does."""

import re
from typing import TYPE_CHECKING

from .grammar import Source
from .line import Judgement, Line, Setting
from .words import Word

if TYPE_CHECKING:
    from tree_sitter import Node

_REDIRECT = re.compile(r"(?:<>|&?>>?[|&]?)[ \t]*([^\s;&|<>()$`]+)")
_CHUNKS = re.compile(r"[;&|\n(){}`<>]+|\$\(")


def list_broken(line: Line, source: Source, setting: Setting) -> None:
    """Note the problem, and add a part for each stretch between operators."""
    place = source.place(_first_error(source.root))
    line.problem("it is no complete command line, so the shell may read it differently", place)
    span = source.place(source.root)
    _list_redirects(line, source)
    for chunk in _CHUNKS.split(source.text):
        words = [word.strip("'\"") for word in chunk.replace("\\", "").split()]
        if words:
            judgement = Judgement("it is part of an incomplete command line", "opaque")
            listed = [Word(text, text, text, span=span) for text in words]
            line.add(listed, setting, judgement, exact=False)


_TORN = re.compile(r"(?<![ \t])\\\n")
_QUOTES = (
    "string",
    "raw_string",
    "string_content",
    "ansi_c_string",
    "heredoc_body",
    "heredoc_content",
)


def _list_redirects(line: Line, source: Source) -> None:
    """What may be redirects to files: the grammar does not know `<>` (tree-sitter-bash 0.25)."""
    judgement = Judgement()
    for found in _REDIRECT.finditer(source.text):
        for target in line.targets(found[1].strip("'\"")):
            judgement.touch("write", target, source.span(*found.span()))
    line.redirect(judgement, None)


def torn_words(source: Source) -> tuple[int, int] | None:
    """Where a line is continued in the middle of a word, an operator or before a `#`: the shell
    joins the halves before it looks at them, the grammar does not."""
    text = source.text
    if "\\\n" not in text:
        return None
    for found in _TORN.finditer(text):
        start = found.start()
        node = source.root.descendant_for_byte_range(start, start + 2)
        if node is None or node.type not in _QUOTES:
            return source.span(start, start + 2)
    return None


_HASH_IN_WORD = re.compile(r"(?<![ \t\n;&|()<>])(?<!^)#|(?<=\\[ \t\n;&|()<>])#")


def false_comment(source: Source) -> tuple[int, int] | None:
    """Where the grammar sees a comment in what is a word for the shell."""
    text = source.text
    for found in _HASH_IN_WORD.finditer(text):
        start = found.start()
        node = source.root.descendant_for_byte_range(start, start + 1)
        if node is not None and node.type == "comment" and node.start_byte == start:
            return source.place(node)
    return None


def _first_error(node: "Node") -> "Node":
    for child in node.children:
        if child.is_error or child.is_missing:
            return child
        if child.has_error:
            return _first_error(child)
    return node
