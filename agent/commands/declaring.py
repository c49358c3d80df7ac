"""Statements that are no commands: tests, declarations and bare assignments."""

from typing import TYPE_CHECKING

from .assignments import assign
from .grammar import Source
from .line import Judgement, Line, Setting
from .reading import Reader
from .testing import test_problem
from .words import Word

if TYPE_CHECKING:
    from tree_sitter import Node


def whole(source: Source, node: "Node") -> list[Word]:
    """A node as one word, where it has none of its own."""
    text = source.of(node)
    return [Word(text, text, "", certainty="odd", span=source.place(node))]


class Declarer:
    """Judges such statements of one source."""

    def __init__(self, line: Line, source: Source, reader: Reader) -> None:
        self._line = line
        self._source = source
        self._reader = reader

    def test(self, node: "Node", setting: Setting) -> None:
        """`[ … ]`, `[[ … ]]`."""
        self._reader.nested_in(node)
        judgement = Judgement("it only compares", "safe")
        if problem := test_problem(self._source, self._reader, node):
            judgement.at_least("unknown", problem)
        self._line.add(whole(self._source, node), setting, judgement, exact=False)

    def declaration(self, node: "Node", setting: Setting) -> None:
        """`export`, `declare`, `local`, `readonly`, `typeset`, `unset`."""
        text = self._source.of(node)
        name = text.split(None, 1)[0]
        judgement = Judgement(f"{name} changes what later commands see", "unknown")
        self._reader.nested_in(node)
        for child in node.named_children:
            if child.type == "variable_assignment":
                assign(self._line, self._reader, child, judgement, lasting=True)
            elif child.type == "variable_name":
                self._line.state.variables[self._source.of(child)] = None
        span = self._source.place(node)
        words = [Word(name, name, name, span=span)]
        if rest := text[len(name) :].strip():
            words.append(Word(rest, rest, "", certainty="odd", span=span))
        self._line.add(words, setting, judgement, exact=False)

    def assignments(self, node: "Node", setting: Setting) -> None:
        """`NAME=value` without a command."""
        children = node.named_children if node.type == "variable_assignments" else [node]
        judgement = Judgement()
        for child in children:
            assign(self._line, self._reader, child, judgement, lasting=True)
        if judgement.risk != "safe":
            self._line.add(whole(self._source, node), setting, judgement, exact=False)
