"""`test`, `[ … ]` and `[[ … ]]`: comparing is harmless, but some operators evaluate arithmetic."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .grammar import Source
from .reading import Reader
from .words import Word

if TYPE_CHECKING:
    from tree_sitter import Node

_UNARY = frozenset(f"-{letter}" for letter in "abcdefghkLnNoOprsStuwxzG")
_BINARY = frozenset({"=", "==", "!=", "=~", "<", ">", "-nt", "-ot", "-ef"})
_NUMERIC = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})
_JOINTS = frozenset({"&&", "||", "!", "(", ")", "[", "]", "[[", "]]", "-a", "-o"})
_NUMBER = re.compile(r"-?\d+|")
_COUNTS = re.compile(r"\"?\$(#|\?|\{#\w+\})\"?")


def test_problem(source: Source, reader: Reader, node: "Node") -> str:
    """What is not known to be harmless in `[ … ]` or `[[ … ]]`; empty if all is."""
    double = source.of(node).startswith("[[")
    numeric = False
    for leaf in _leaves(node):
        text = source.of(leaf)
        if leaf.type in ("test_operator", "==", "=", "!=", "<", ">", "=~") or not leaf.is_named:
            if text in _NUMERIC:
                numeric = True
            elif text not in _UNARY and text not in _BINARY and text not in _JOINTS:
                return f"kedge does not know the operator {text}"
        elif leaf.type == "regex":
            if re.search(r"[$`]", text.rstrip("$")):
                return "what is compared is only known when it runs"
        else:
            word = reader.word(leaf)
            if word.certainty in ("odd", "hidden") or (word.pattern and not double):
                return f"what {word.text!r} becomes is only known when it runs"
    if numeric and double and not all(map(_is_number, _operands(source, node))):
        return "[[ evaluates what it compares as numbers, which may run commands"
    return "" if double or not _loose(source, reader, node) else "a word in it may become several"


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip("\"'")) is not None or _COUNTS.fullmatch(text) is not None


def _operands(source: Source, node: "Node") -> Iterator[str]:
    """What stands beside numeric operators."""
    for child in node.named_children:
        if child.type == "binary_expression":
            tokens = [source.of(part) for part in child.children]
            if len(tokens) == 3 and tokens[1] in _NUMERIC:
                yield tokens[0]
                yield tokens[2]
        yield from _operands(source, child)


def _loose(source: Source, reader: Reader, node: "Node") -> bool:
    """Whether an unquoted variable could become an operator."""
    for leaf in _leaves(node):
        if leaf.type in ("simple_expansion", "expansion", "command_substitution"):
            text = source.of(leaf)
            if not _COUNTS.fullmatch(text) and not reader.word(leaf).literal:
                return True
    return False


_INNER = (
    "unary_expression",
    "binary_expression",
    "parenthesized_expression",
    "negation_expression",
)


def _leaves(node: "Node") -> Iterator["Node"]:
    for child in node.children:
        if child.type in _INNER or child.type == "test_command":
            yield from _leaves(child)
        else:
            yield child


def words_problem(words: Sequence[Word]) -> str:
    """The same for `test` with its words."""
    for word in words:
        text = word.value if word.literal else ""
        if word.certainty in ("odd", "hidden") or word.loose or word.pattern:
            return f"what {word.text!r} becomes is only known when it runs"
        if re.fullmatch(r"-[a-zA-Z]", text) and text not in _UNARY and text not in _JOINTS:
            return f"kedge does not know the operator {text}"
    if not all(word.literal for word in words) and len(words) not in (2, 3):
        return "which of its words is the operator is only known when it runs"
    operator = words[0] if len(words) == 2 else words[1] if len(words) == 3 else None
    if operator is not None and not operator.literal:
        return "its operator is only known when it runs"
    return ""
