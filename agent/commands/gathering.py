"""Gathers what belongs to one simple command from its nodes: words, assignments, redirects."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from .assignments import assign
from .grammar import Source
from .line import Feed, Judgement, Line
from .reading import Reader
from .redirects import redirect
from .words import Word

if TYPE_CHECKING:
    from tree_sitter import Node

REDIRECTS = ("file_redirect", "heredoc_redirect", "herestring_redirect")
_STATEMENTS = frozenset(
    {"pipeline", "command", "list", "redirected_statement", "subshell", "compound_statement",
     "while_statement", "for_statement", "if_statement", "case_statement", "test_command"}
)  # fmt: skip
_BEFORE_NUMBER = ("", " ", "\t", "\n", ";", "|", "&", "(", ")", "{", "}")
_BACKTICKS = re.compile(r"(?<!\\)`((?:[^`\\]|\\.)*)`?", re.DOTALL)
_EXPANSION = re.compile(r"(?<!\\)\$[\w({\[]")


class Gathered:
    """What belongs to one command."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.assignments: list[Node] = []
        self.redirects = Judgement()
        """What the redirects do, and what speaks against them."""
        self.odd = ""
        """What stands where the shell may see something else than the grammar."""
        self.feed: Feed | None = None
        """What a here-document or here-string gives it to read."""
        self.later: list[Node] = []
        """Statements that the grammar puts into a here-document, though they follow it."""


class Gatherer:
    """Gathers from the nodes of one source."""

    def __init__(
        self,
        line: Line,
        source: Source,
        reader: Reader,
        run: Callable[[str, tuple[int, int]], None],
    ) -> None:
        """Prepare; `run` goes through text that the shell runs on the way."""
        self._line = line
        self._source = source
        self._reader = reader
        self._run = run

    def command(self, node: "Node", gathered: Gathered) -> None:
        """Take in the children of a command."""
        previous: Node | None = None
        for child in node.children:
            if previous is not None and not self._reader.blank_between(previous, child):
                gathered.odd = gathered.odd or self._source.of(child)
            previous = child
            match child.type:
                case "variable_assignment":
                    gathered.assignments.append(child)
                case "command_name":
                    for name in child.children:
                        gathered.words += self._reader.words(name)
                case kind if kind in REDIRECTS:
                    self.redirect(child, gathered)
                case _ if child.is_named:
                    gathered.words += self._reader.words(child)
                case _:
                    gathered.odd = gathered.odd or self._source.of(child)

    def prefix(self, gathered: Gathered) -> Judgement:
        """What the assignments, the redirects and the spelling say of a command."""
        prefix, words = Judgement(), gathered.words
        prefix.at_least(gathered.redirects.risk, gathered.redirects.why)
        for child in gathered.assignments:
            if words and words[0].value == "read" and self._source.of(child).startswith("IFS="):
                self._reader.nested_in(child)
            else:
                assign(self._line, self._reader, child, prefix, lasting=not words)
        if gathered.odd and words:
            why = f"it is not clear how the shell reads {gathered.odd!r} there"
            prefix.at_least("opaque", why)
        return prefix

    def redirect(self, node: "Node", gathered: Gathered) -> None:
        """Take in a redirect; the words behind its target belong to the command."""
        self._check_descriptor(node, gathered)
        match node.type:
            case "heredoc_redirect":
                self._heredoc(node, gathered)
            case "herestring_redirect":
                self._herestring(node, gathered)
            case _:
                self._file(node, gathered)

    def _file(self, node: "Node", gathered: Gathered) -> None:
        targets = [child for child in node.named_children if child.type != "file_descriptor"]
        tokens = [self._source.of(child) for child in node.children if not child.is_named]
        target = self._reader.word(targets[0]) if targets else None
        span = self._source.place(node)
        redirect(self._line, tokens[0] if tokens else "", target, gathered.redirects, span)
        for child in targets[1:]:
            gathered.words += self._reader.words(child)

    def _check_descriptor(self, node: "Node", gathered: Gathered) -> None:
        """The number of a descriptor is one only if it is a word: `a2>b` writes `a2` to `b`."""
        first = node.children[0] if node.children else node
        before = self._source.cut(node.start_byte - 1, node.start_byte) if node.start_byte else ""
        number = first.type == "file_descriptor"
        for child in node.children:
            if not child.is_named and self._source.of(child) != child.type:
                # Some operators swallow the word before them (tree-sitter-bash 0.25).
                gathered.odd = gathered.odd or self._source.of(child)
        if number and (not self._source.of(first).isdecimal() or before not in _BEFORE_NUMBER):
            gathered.odd = gathered.odd or self._source.of(node)

    def _herestring(self, node: "Node", gathered: Gathered) -> None:
        for child in node.named_children:
            word = self._reader.word(child)
            if word.certainty in ("hidden", "odd"):
                gathered.redirects.at_least(
                    "unknown", f"{word.text} may hold a secret, or run a command"
                )
            gathered.feed = Feed(word.value if word.literal else None)

    def _heredoc(self, node: "Node", gathered: Gathered) -> None:
        quoted, delimiter = False, ""
        for child in node.named_children:
            match child.type:
                case "heredoc_start":
                    delimiter = re.sub(r"['\"\\]", "", self._source.of(child))
                    quoted = any(char in self._source.of(child) for char in "'\"\\")
                    gathered.feed = Feed("")
                case "heredoc_body":
                    body = self._source.cut(child.start_byte, child.end_byte)
                    known = quoted or not re.search(r"[$`\\]", body)
                    gathered.feed = Feed(body if known else None)
                    if not quoted:
                        self._evaluated(child, gathered)
                case "heredoc_end":
                    if self._source.of(child) != delimiter:
                        gathered.odd = gathered.odd or delimiter
                case "file_descriptor":
                    pass
                case kind if kind in REDIRECTS:
                    self.redirect(child, gathered)
                case kind if kind in _STATEMENTS:
                    gathered.later.append(child)
                case _:
                    gathered.words += self._reader.words(child)

    def _evaluated(self, body: "Node", gathered: Gathered) -> None:
        """What a here-document evaluates. The grammar does not see backticks there."""
        start, rest = body.start_byte, ""
        for child in body.named_children:
            if child.type == "heredoc_content":
                continue
            rest += self._source.cut(start, child.start_byte)
            start = child.end_byte
            pieces = self._reader.pieces(child, True)
            if any(piece.certainty in ("hidden", "odd") for piece in pieces):
                gathered.redirects.at_least("unknown", "the here-document may hold a secret")
        rest += self._source.cut(start, body.end_byte)
        for found in _BACKTICKS.finditer(rest):
            self._run(found[1], self._source.place(body))
            if "\\" in found[1]:
                why = "kedge does not look into backticks with backslashes in them"
                gathered.redirects.at_least("opaque", why)
        if _EXPANSION.search(rest):
            why = "the here-document runs something that kedge does not look into"
            gathered.redirects.at_least("opaque", why)
