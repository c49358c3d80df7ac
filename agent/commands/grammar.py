"""The shell's grammar: text to a syntax tree whose nodes know their characters.

tree-sitter and its grammar are imported by the first command that is analysed.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


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
        self.root: Node = _parser()(_NOT_ASCII.sub("%", text).encode())

    def cut(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.text[start:end]

    def of(self, node: "Node") -> str:
        """A node's text. Some tokens claim the blanks before them: those are left out."""
        return self.text[node.start_byte : node.end_byte].lstrip(" \t\n")

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the person's line between two offsets."""
        return (start, end) if self._within is None else self._within

    def place(self, node: "Node") -> tuple[int, int]:
        """The characters of the person's line that a node stands for."""
        return self.span(node.start_byte, node.end_byte)


@cache
def _parser() -> "Callable[[bytes], Node]":
    # Heavy for a start that analyses nothing.
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    parser = Parser(Language(tree_sitter_bash.language()))
    return lambda text: parser.parse(text).root_node
