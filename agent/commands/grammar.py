"""The shell's grammar: text to a syntax tree whose nodes know their characters.

tree-sitter and its grammar are imported by the first command that is analysed.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
RESERVED = frozenset(
    {"!", "{", "}", "[[", "]]", "case", "do", "done", "elif", "else", "esac", "fi", "for",
     "function", "if", "select", "then", "until", "while"}
)  # fmt: skip
"""Words that mean no program where a command may begin. Source: bash(1), RESERVED WORDS."""
_PASSES = 4
"""Words before one compound command that are looked through, one in each pass."""
_COMPOUND = re.compile(r"(?:!|\{|if|for|while|until|case|select|\[\[)(?=[\s;(]|$)|\(")
_TIME = re.compile(r"time(?:[ \t]+-p)?(?:[ \t]+--)?[ \t]+")


class Source:
    """A command line, or a string within one that is run as such, and its tree."""

    def __init__(self, text: str, within: tuple[int, int] | None = None) -> None:
        """Parse.

        Args:
            text: what the shell would read.
            within: the place of the whole text in the line that a person sees; None if it is
                that line.
        """
        self.text = text
        self._within = within
        # One byte for each character. The grammar's scanner also looks up characters in tables
        # that end at 255 and crashes beyond (tree-sitter-bash 0.25); for the shell, whatever is
        # not ASCII is part of a word, and of no name.
        ascii = _NOT_ASCII.sub("%", text)
        self.root: Node = _parser()(ascii.encode())
        for _ in range(_PASSES):
            bare = _without_prefixes(ascii, self.root)
            if bare == ascii:
                break
            ascii = bare
            self.root = _parser()(ascii.encode())

    def cut(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.text[start:end]

    def of(self, node: "Node") -> str:
        """A node's text. Some tokens claim the blanks before them: those are left out."""
        return self.text[node.start_byte : node.end_byte].lstrip(" \t\n")

    def opens_group(self, node: "Node") -> bool:
        """Whether the shell sees an opening brace at a node, and not the beginning of a word."""
        start = node.start_byte + 1
        return self.text[start : start + 1] in ("", " ", "\t", "\n")

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the person's line between two offsets."""
        return (start, end) if self._within is None else self._within

    def place(self, node: "Node") -> tuple[int, int]:
        """The characters of the person's line that a node stands for."""
        return self.span(node.start_byte, node.end_byte)


def _without_prefixes(text: str, root: "Node") -> str:
    """The text with each `!` and `time` blanked that stands before a compound command: the grammar
    knows them before a simple one only, and takes the first word of others for a program (seen
    with tree-sitter-bash 0.25)."""
    for start, end in _prefixes(text, root) if "!" in text or "time" in text else ():
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def _prefixes(text: str, root: "Node") -> Iterator[tuple[int, int]]:
    """Where such words are."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type != "command_name" or node.parent is None or node.parent.parent is None:
            continue
        begin = node.start_byte
        before = text[:begin].rstrip(" \t")
        if (time := _TIME.match(text, begin)) and _COMPOUND.match(text, time.end()):
            yield begin, time.end()
        elif (
            node.parent.parent.type == "negated_command"
            and before.endswith("!")
            and _COMPOUND.match(text, begin)
        ):
            yield len(before) - 1, len(before)


@cache
def _parser() -> "Callable[[bytes], Node]":
    # Heavy for a start that analyses nothing.
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    parser = Parser(Language(tree_sitter_bash.language()))
    return lambda text: parser.parse(text).root_node
