"""Makes words of the syntax tree's nodes."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .grammar import Source
from .words import HIDDEN, Certainty, Piece, Word, assemble

if TYPE_CHECKING:
    from tree_sitter import Node

Variables = Mapping[str, tuple[Piece, ...] | None]
"""What is known of variables: their value, or None if this line sets them to what is not known."""

_UNESCAPED = re.compile(r"\\(.|\n)|[^\\]+", re.DOTALL)
_IN_DOUBLE = re.compile(r'\\([$`"\\\n])')
_MISSED = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$[\w({\[\'\"@*#?!$-])")
"""What looks like an expansion where the grammar saw none."""
_ODD_IN_WORD = re.compile(r"(?<!\\)(?:\\\\)*['\"`;|&<>()$\s]")
_CONTINUATION = re.compile(r"(?:\\\n)*")
_BLANKS = re.compile(r"(?:[ \t]|\\\n)*")
_SPECIAL_PARAMETERS = frozenset("?#$!-0_")
_PARAMETER = re.compile(
    r"\$\{(#?)([A-Za-z_]\w*|[?#$!@*0-9])(:?[-+?]|%%?|##?|//?|\^\^?|,,?|:)?(.*)\}", re.DOTALL
)
_FILLED = "0"
"""Stands for a value that is not known, but is not empty."""
_NUMBERS = re.compile(r"[\d\s+*/%()<>=!&|^~?:-]*")


class Reader:
    """Reads the words of one source."""

    def __init__(
        self,
        source: Source,
        variables: Callable[[], Variables],
        home: str,
        nested: Callable[["Node"], None],
    ) -> None:
        """Prepare.

        Args:
            source: where the nodes are from.
            variables: tells what is known of variables now.
            home: what `~` stands for.
            nested: takes every node in a word that runs commands, and judges these.
        """
        self._source = source
        self._variables = variables
        self._home = home
        self._nested = nested

    def text(self, node: "Node") -> str:
        """A node as it is written."""
        return self._source.of(node)

    def nested_in(self, node: "Node") -> None:
        """Have what a node runs judged."""
        self._nested(node)

    def words(self, node: "Node") -> list[Word]:
        """The words that a node becomes."""
        return assemble(self.pieces(node), self._home, self._source.place(node))

    def word(self, node: "Node") -> Word:
        """The one word that a node becomes; odd where it becomes several."""
        words = self.words(node)
        if len(words) == 1:
            return words[0]
        text = self._source.of(node)
        return Word(text, text, "", certainty="odd", span=self._source.place(node))

    def blank_between(self, before: "Node", after: "Node") -> bool:
        """Whether two nodes are apart by blanks: others would be seen by the shell only."""
        gap = self._source.cut(before.end_byte, after.start_byte)
        return bool(gap) and gap[0] in " \t" and _BLANKS.fullmatch(gap) is not None

    def pieces(self, node: "Node", quoted: bool = False) -> list[Piece]:
        """The pieces of a word's node."""
        text = self._source.of(node)
        match node.type:
            case "word" | "number" | "variable_name" | "brace_expression" | "extglob_pattern":
                return self._bare(node, text)
            case "raw_string":
                return [Piece(text[1:-1], text[1:-1], True)]
            case "string":
                return self._double(node)
            case "ansi_c_string":
                return [_ansi(text)]
            case "concatenation":
                return self._concatenation(node)
            case "simple_expansion":
                return self._variable(text, text[1:], quoted)
            case "expansion":
                return self._parameter(node, text, quoted)
            case "command_substitution" | "process_substitution" | "arithmetic_expansion":
                self._nested(node)
                return [_evaluated(node.type, text, quoted)]
            case _:
                self._nested(node)
                return [Piece(text, "", quoted, "odd")]

    def _bare(self, node: "Node", text: str) -> list[Piece]:
        if node.child_count and node.type != "brace_expression":
            self._nested(node)
            return [Piece(text, "", certainty="odd")]
        if _ODD_IN_WORD.search(text):
            return [Piece(text, "", certainty="odd")]
        if "\\" not in text:
            return [Piece(text, text)]
        pieces: list[Piece] = []
        for found in _UNESCAPED.finditer(text):
            if found[0] != "\\\n":
                value = found[1] or found[0]
                pieces.append(Piece(value, value, found[1] is not None))
        return pieces or [Piece("", "", certainty="odd")]

    def _concatenation(self, node: "Node") -> list[Piece]:
        pieces: list[Piece] = []
        end = node.start_byte
        for child in node.children:
            if not _CONTINUATION.fullmatch(self._source.cut(end, child.start_byte)):
                return [*pieces, Piece(self._source.of(node), "", certainty="odd")]
            end = child.end_byte
            if child.is_named:
                pieces += self.pieces(child)
            else:
                token = self._source.of(child)
                # A lonely dollar is one only at the end; before a quote it translates.
                odd = token == "$" and child.end_byte != node.end_byte
                pieces.append(Piece(token, token, certainty="odd" if odd else "plain"))
        return pieces

    def _double(self, node: "Node") -> list[Piece]:
        """What stands between the expansions is cut out here: the tree's own tokens leave out
        blanks at some places (seen with tree-sitter-bash 0.25)."""
        pieces: list[Piece] = [Piece("", "", True)]
        start = node.start_byte + 1
        if self._source.cut(node.start_byte, start) != '"':
            return [Piece(self._source.of(node), "", certainty="odd")]
        for child in node.named_children:
            if child.type == "string_content":
                continue
            raw = self._source.cut(child.start_byte, child.end_byte)
            begin = child.start_byte + len(raw) - len(raw.lstrip(" \t\n"))
            pieces += [_double_text(self._source.cut(start, begin)), *self.pieces(child, True)]
            start = child.end_byte
        pieces.append(_double_text(self._source.cut(start, node.end_byte - 1)))
        return [piece for piece in pieces if piece.text or piece.value] or pieces[:1]

    def _variable(self, text: str, name: str, quoted: bool) -> list[Piece]:
        if name in _SPECIAL_PARAMETERS:
            return [Piece(text, "", quoted, "shown")]
        known = self._variables()
        value = known.get(name, HIDDEN)
        if value == HIDDEN:
            return [Piece(text, "", quoted, "hidden")]
        if value is None:
            return [Piece(text, "", quoted, "shown")]
        # A file pattern that a loop goes through stays one.
        pieces = [Piece("", p.value, quoted and not _has_glob(p), "known") for p in value]
        return [Piece(text, "", quoted, "known"), *pieces]

    def _parameter(self, node: "Node", text: str, quoted: bool) -> list[Piece]:
        self._nested(node)
        found = _PARAMETER.fullmatch(text)
        if not found:
            return [Piece(text, "", quoted, "odd")]
        length, name, operator, rest = found.groups()
        if not length and not operator:
            return (
                self._variable(text, name, quoted) if not rest else [Piece(text, "", quoted, "odd")]
            )
        if not re.fullmatch(r"[\w.,*?/ +-]*", rest):
            return [Piece(text, _FILLED if operator == ":?" else "", quoted, "odd")]
        known = self._variables()
        made_here = name in _SPECIAL_PARAMETERS or known.get(name, HIDDEN) != HIDDEN
        certainty: Certainty = "shown" if made_here or length else "hidden"
        filled = operator == ":?" or bool(length)
        return [Piece(text, _FILLED if filled else "", quoted, certainty)]


def _evaluated(kind: str, text: str, quoted: bool) -> Piece:
    """What becomes of a text that runs commands or calculates."""
    if kind == "process_substitution":
        # The name of a pipe: reading it is reading what the command within prints.
        reads = text[:1] == "<"
        return Piece(text, "/dev/stdin" if reads else "", True, "known" if reads else "odd")
    if kind == "arithmetic_expansion":
        number = _NUMBERS.fullmatch(text.lstrip("$([").rstrip(")]"))
        return Piece(text, _FILLED, quoted, "shown" if number else "odd")
    unclear = text[:1] == "`" and "\\" in text
    return Piece(text, "", quoted, "odd" if unclear else "shown")


def _has_glob(piece: Piece) -> bool:
    return not piece.quoted and any(char in piece.value for char in "*?[")


def _double_text(raw: str) -> Piece:
    if _MISSED.search(raw):
        return Piece(raw, "", True, "odd")
    value = _IN_DOUBLE.sub(lambda found: "" if found[1] == "\n" else found[1], raw)
    return Piece(value, value, True)


_ANSI = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)
_ANSI_NAMES = dict(zip("abeEfnrtv\\'\"?", "\a\b\x1b\x1b\f\n\r\t\v\\'\"?", strict=True))


def _ansi(text: str) -> Piece:
    """`$'…'`, see bash(1), QUOTING."""
    value = _ANSI.sub(_ansi_character, text[2:-1])
    # The shell ends the word at a NUL, and makes bytes of what is above ASCII.
    odd = "\0" in value or not value.isascii()
    return Piece(text if odd else value, "" if odd else value, True, "odd" if odd else "plain")


def _ansi_character(found: re.Match[str]) -> str:
    hexadecimal = found[1] or found[2] or found[3]
    if hexadecimal:
        return chr(min(int(hexadecimal, 16), 0x10FFFF))
    if found[4]:
        return chr(int(found[4], 8) & 0xFF)
    if found[5]:
        return chr(ord(found[5]) & 0x1F)
    return _ANSI_NAMES.get(found[6], found[0])
