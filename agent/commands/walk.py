"""Goes through the syntax tree of a command line as the shell would, and finds its commands.

Only the kinds of nodes named here are understood; whatever else the grammar may come up with makes
an opaque part, and what is in it is still gone through.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from .assignments import assign, harmless_name
from .feeds import feed_of
from .grammar import Source
from .line import MAX_DEPTH, Feed, Judgement, Line, Setting, State
from .reading import Reader
from .redirects import redirect
from .simple import simple_command
from .testing import test_problem
from .words import Piece, Word

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_ROUNDS = 24
"""Values of a loop that are gone through one by one."""
_CHUNKS = re.compile(r"[;&|\n(){}`<>]+|\$\(")
_REDIRECTS = ("file_redirect", "heredoc_redirect", "herestring_redirect")


class Walk:
    """Goes through one source: the line itself, or a string in it that is run as such."""

    def __init__(self, line: Line, source: Source, setting: Setting) -> None:
        self.line = line
        self.source = source
        self.setting = setting
        self.reader = Reader(source, line.variables, line.place.home, self.nested)
        self._visitors: dict[str, Callable[[Node], None]] = {
            "program": self.statements,
            "list": self.either,
            "pipeline": self.pipeline,
            "command": self.command,
            "redirected_statement": self.redirected,
            "negated_command": self.statements,
            "subshell": self.apart,
            "compound_statement": self.group,
            "do_group": self.statements,
            "if_statement": self.branches,
            "elif_clause": self.branches,
            "else_clause": self.branches,
            "while_statement": self.branches,
            "for_statement": self.loop,
            "c_style_for_statement": self.opaque,
            "case_statement": self.case,
            "case_item": self.branches,
            "function_definition": self.function,
            "test_command": self.test,
            "declaration_command": self.declaration,
            "unset_command": self.declaration,
            "variable_assignment": self.assignments,
            "variable_assignments": self.assignments,
            "comment": lambda node: None,
            "heredoc_body": lambda node: None,
        }

    def run(self) -> None:
        """Go through all of it."""
        root = self.source.root
        self.visit(root)
        if root.has_error:
            self._broken(root)

    def visit(self, node: "Node") -> None:
        """Go through one statement."""
        if self.line.depth >= MAX_DEPTH * 3:
            self.line.problem("it is nested too deeply", self.source.place(node))
            return
        self.line.depth += 1
        try:
            self._visitors.get(node.type, self.opaque)(node)
        finally:
            self.line.depth -= 1

    def statements(self, node: "Node") -> None:
        """One after the other; what runs in the background has a process of its own."""
        before = self.line.state.copy()
        for child in node.children:
            if child.is_named:
                before = self.line.state.copy()
                self.visit(child)
            elif child.type == "&":
                self.line.state = before

    def either(self, node: "Node") -> None:
        """`a && b || c`: what comes later may not happen."""
        first, *rest = _chain(node, self.source)
        self.visit(first[1])
        broken_off: list[State] = []
        for operator, child in rest:
            if operator == "&&":
                broken_off.append(self.line.state.copy())
                self.visit(child)
            else:
                self._merge(broken_off)
                self._perhaps(lambda child=child: self.visit(child))
        self._merge(broken_off)

    def _merge(self, states: list[State]) -> None:
        for state in states:
            self.line.state.or_else(state)
        states.clear()

    def _perhaps(self, go: Callable[[], None]) -> None:
        before = self.line.state.copy()
        go()
        self.line.state.or_else(before)

    def apart(self, node: "Node") -> None:
        """In a process of its own: what it changes of the shell is gone afterwards."""
        before = self.line.state.copy()
        self.statements(node)
        self.line.state = before

    def nested(self, node: "Node") -> None:
        """What a word runs: substitutions at any depth below its node."""
        for child in node.named_children if node.type not in _SUBSTITUTIONS else (node,):
            if child.type in _SUBSTITUTIONS:
                self._depth_guarded(child)
            elif child.named_child_count:
                self.nested(child)

    def _depth_guarded(self, node: "Node") -> None:
        setting = self.setting
        feed = Feed() if self.source.of(node).startswith(">(") else None
        self.setting = msgspec.structs.replace(setting, feed=feed)
        if self.line.depth < MAX_DEPTH * 3:
            self.line.depth += 1
            self.apart(node)
            self.line.depth -= 1
        else:
            self.line.problem("it is nested too deeply", self.source.place(node))
        self.setting = setting

    def pipeline(self, node: "Node") -> None:
        """Each stage in a process of its own, fed by the one before."""
        self._stages(node.named_children)

    def _stages(self, stages: Sequence["Node"], feed: Feed | None = None) -> None:
        setting = self.setting
        for index, stage in enumerate(stages):
            if index or feed:
                self.setting = msgspec.structs.replace(setting, feed=feed)
            mark = self.line.mark()
            before = self.line.state.copy()
            self.visit(stage)
            self.line.state = before
            feed = feed_of(self.line, self.line.since(mark), feed)
        self.setting = setting

    def command(self, node: "Node") -> None:
        """A simple command."""
        self._command(node, [])

    def _command(self, node: "Node", behind: list[Word], outer: Judgement | None = None) -> None:
        """A simple command; `behind` are words of it that stand behind a redirect, whose own
        judgement is `outer`."""
        setting, words = self.setting, list[Word]()
        assignments: list[Node] = []
        judgement, previous, odd = Judgement(), None, ""
        if outer is not None:
            judgement.at_least(outer.risk, outer.why)
        for child in node.children:
            if previous and not self.reader.blank_between(previous, child):
                odd = odd or self.source.of(child)
            previous = child
            match child.type:
                case "variable_assignment":
                    assignments.append(child)
                case "command_name":
                    words += self.reader.words(child.children[0]) if child.child_count else []
                case kind if kind in _REDIRECTS:
                    words += self._redirect(child, judgement)
                case _ if child.is_named:
                    words += self.reader.words(child)
                case _:
                    odd = odd or self.source.of(child)
        mark = self.line.mark()
        self._simple(node, [*words, *behind], assignments, odd, judgement)
        self.line.redirect(judgement, mark if self.line.mark() > mark else None)
        self.setting = setting

    def _simple(
        self, node: "Node", words: list[Word], assignments: list["Node"], odd: str,
        redirects: Judgement,
    ) -> None:  # fmt: skip
        prefix, exact = Judgement(), True
        prefix.at_least(redirects.risk, redirects.why)
        for child in assignments:
            exact = False
            if words and words[0].value == "read" and self.source.of(child).startswith("IFS="):
                self.reader.nested_in(child)
                continue
            assign(self.line, self.reader, child, prefix, lasting=not words)
        if odd and words:
            prefix.at_least("opaque", f"it is not clear how the shell reads {odd!r} there")
        if words:
            simple_command(self, words, self.setting, prefix, exact)
        elif prefix.risk != "safe":
            self.line.add(self._whole(node), self.setting, prefix, exact=False)

    def _whole(self, node: "Node") -> list[Word]:
        text = self.source.of(node)
        return [Word(text, text, "", certainty="odd", span=self.source.place(node))]

    def _redirect(self, node: "Node", judgement: Judgement) -> list[Word]:
        """Note what a redirect does; the words behind its target belong to the command."""
        if node.type == "heredoc_redirect":
            return self._heredoc(node, judgement)
        if node.type == "herestring_redirect":
            for child in node.named_children:
                word = self.reader.word(child)
                text = word.value if word.literal else None
                if word.certainty in ("hidden", "odd"):
                    judgement.at_least("unknown", f"what {word.text!r} becomes is not known")
                self.setting = msgspec.structs.replace(self.setting, feed=Feed(text))
            return []
        targets = [child for child in node.named_children if child.type != "file_descriptor"]
        tokens = [self.source.of(child) for child in node.children if not child.is_named]
        target = self.reader.word(targets[0]) if targets else None
        redirect(self.line, tokens[0] if tokens else "", target, judgement, self.source.place(node))
        return [word for child in targets[1:] for word in self.reader.words(child)]

    def _heredoc(self, node: "Node", judgement: Judgement) -> list[Word]:
        words: list[Word] = []
        body, quoted = "", False
        later: list[Node] = []
        for child in node.named_children:
            match child.type:
                case "heredoc_start":
                    quoted = any(char in self.source.of(child) for char in "'\"\\")
                case "heredoc_body":
                    body = self.source.cut(child.start_byte, child.end_byte)
                    if not quoted:
                        self._expanded(child, judgement)
                case "heredoc_end" | "file_descriptor":
                    pass
                case kind if kind in _REDIRECTS:
                    words += self._redirect(child, judgement)
                case "pipeline" | "command" | "list" | "redirected_statement" | "subshell":
                    later.append(child)
                case "compound_statement" | "while_statement" | "for_statement" | "if_statement":
                    later.append(child)
                case _:
                    words += self.reader.words(child)
        literal = quoted or not re.search(r"[$`\\]", body)
        self._after = later
        self.setting = msgspec.structs.replace(self.setting, feed=Feed(body if literal else None))
        return words

    def _expanded(self, body: "Node", judgement: Judgement) -> None:
        """What a here-document evaluates. The grammar does not see backticks there."""
        self.nested(body)
        start, rest = body.start_byte, ""
        for child in body.named_children:
            if child.type != "heredoc_content":
                rest += self.source.cut(start, child.start_byte)
                start = child.end_byte
                if any(p.certainty in ("hidden", "odd") for p in self.reader.pieces(child, True)):
                    judgement.at_least("unknown", "what the here-document holds is not known")
        rest += self.source.cut(start, body.end_byte)
        for found in re.finditer(r"(?<!\\)`((?:[^`\\]|\\.)*)`?", rest):
            self.text(found[1], self.source.place(body), self.setting)
            if "\\" in found[1]:
                judgement.at_least("opaque", "backslashes between backticks are not analysed")
        if re.search(r"(?<!\\)\$[\w({\[]", rest):
            judgement.at_least("opaque", "the here-document evaluates what is not analysed")

    _after: Sequence["Node"] = ()
    """Statements that the grammar puts into a here-document, though they follow it."""

    def redirected(self, node: "Node") -> None:
        """A statement with redirects."""
        body = [child for child in node.named_children if not child.type.endswith("_redirect")]
        redirects = [child for child in node.named_children if child.type.endswith("_redirect")]
        setting, mark = self.setting, self.line.mark()
        judgement = Judgement()
        self._after = ()
        words = [word for child in redirects for word in self._redirect(child, judgement)]
        after, self._after = self._after, ()
        if body and body[0].type == "command":
            self._command(body[0], words, judgement)
        else:
            if judgement.risk != "safe":
                self.line.problem(judgement.why, self.source.place(node))
            for child in body:
                self.visit(child)
            if words:
                self._stray(words)
        self.line.redirect(judgement, mark if self.line.mark() > mark else None)
        feed = feed_of(self.line, self.line.since(mark), self.setting.feed)
        self.setting = setting
        for child in after:
            piped = any(self.source.of(token) in ("|", "|&") for token in child.children)
            self._follow(child, feed if piped and child.type == "pipeline" else None)

    def _follow(self, node: "Node", feed: Feed | None) -> None:
        if feed is not None and node.type == "pipeline":
            self._stages(node.named_children, feed)
        else:
            self._perhaps(lambda: self.visit(node))

    def _stray(self, words: list[Word]) -> None:
        judgement = Judgement("it is not clear to which command these words belong", "opaque")
        self.line.add(words, self.setting, judgement, exact=False)

    def group(self, node: "Node") -> None:
        """`{ …; }`, or arithmetic in `((…))`."""
        if node.children and self.source.of(node.children[0]) == "((":
            self.opaque(node)
        else:
            self.statements(node)

    def branches(self, node: "Node") -> None:
        """Statements that may or may not happen, any number of times."""
        for child in node.named_children:
            if child.type not in self._visitors:
                self._evaluated(child)
            else:
                self._perhaps(lambda child=child: self.visit(child))

    def case(self, node: "Node") -> None:
        """`case WORD in …`."""
        for index, child in enumerate(node.named_children):
            if index == 0:
                self._evaluated(child)
            else:
                self._perhaps(lambda child=child: self.visit(child))

    def _evaluated(self, node: "Node") -> list[Word]:
        """Words that are evaluated, but are no part of a command."""
        words = self.reader.words(node)
        for word in words:
            if word.certainty == "odd":
                judgement = Judgement(f"nobody can say what evaluating {word.text!r} does", "opaque")
                self.line.add([word], self.setting, judgement, exact=False)
        return words

    def loop(self, node: "Node") -> None:
        """`for NAME in WORDS`: gone through once for each word, as far as they are known."""
        name, *rest = node.named_children
        values = [child for child in rest if child.type not in ("do_group", "compound_statement", "comment")]
        bodies = [child for child in rest if child.type in ("do_group", "compound_statement")]
        words = [word for child in values for word in self._evaluated(child)]
        variable = self.source.of(name)
        known = len(words) <= MAX_ROUNDS and all(word.literal for word in words)
        known = known and self.source.of(node).startswith("for") and bool(words)
        before = self.line.state.copy()
        rounds: Sequence[tuple[Piece, ...] | None] = [_value(word) for word in words] if known else [None]
        judgement = Judgement()
        if not harmless_name(self.line, variable):
            judgement.at_least("unknown", f"it sets the variable {variable}")
            self.line.add(self._whole(name), self.setting, judgement, exact=False)
        secret = any(word.certainty in ("hidden", "odd") for word in words)
        for value in rounds:
            self.line.state.variables[variable] = value
            if secret:
                del self.line.state.variables[variable]
            for body in bodies:
                self._perhaps(lambda body=body: self.visit(body))
        self.line.state.or_else(before)

    def function(self, node: "Node") -> None:
        """A definition: its body is judged where it stands, its name means it from now on."""
        name = self.source.of(node.named_children[0])
        for child in node.named_children[1:]:
            self._perhaps(lambda child=child: self.visit(child))
        self.line.state.names[name] = f"{name} is a function of this very line"

    def test(self, node: "Node") -> None:
        """`[ … ]`, `[[ … ]]`."""
        self.nested(node)
        problem = test_problem(self.source, self.reader, node)
        judgement = Judgement("it only compares", "safe")
        if problem:
            judgement.at_least("unknown", problem)
        self.line.add(self._whole(node), self.setting, judgement, exact=False)

    def declaration(self, node: "Node") -> None:
        """`export`, `declare`, `local`, `readonly`, `typeset`, `unset`."""
        self.nested(node)
        for child in node.named_children:
            if child.type == "variable_assignment":
                assign(self.line, self.reader, child, Judgement(), lasting=True)
        text = self.source.of(node)
        name = text.split(None, 1)[0]
        judgement = Judgement(f"{name} changes what later commands see", "unknown")
        for child in node.named_children:
            if child.type == "variable_assignment":
                assign(self.line, self.reader, child, judgement, lasting=True)
            elif child.type == "variable_name":
                self.line.state.variables[self.source.of(child)] = None
        words = [Word(name, name, name, span=self.source.place(node))]
        rest = text[len(name) :].strip()
        if rest:
            words.append(Word(rest, rest, "", certainty="odd", span=self.source.place(node)))
        self.line.add(words, self.setting, judgement, exact=False)

    def assignments(self, node: "Node") -> None:
        """`NAME=value` without a command."""
        children = node.named_children if node.type == "variable_assignments" else [node]
        judgement = Judgement()
        for child in children:
            assign(self.line, self.reader, child, judgement, lasting=True)
        if judgement.risk != "safe":
            self.line.add(self._whole(node), self.setting, judgement, exact=False)

    def opaque(self, node: "Node") -> None:
        """What is not understood: nobody can say what it does, but what is in it is found."""
        what = node.type.replace("_", " ") if node.is_named else self.source.of(node)
        judgement = Judgement(f"this kind of shell text is not analysed ({what})", "opaque")
        self.line.add(self._whole(node), self.setting, judgement, exact=False)
        self.nested(node)
        for child in node.named_children:
            if child.type in self._visitors:
                self._perhaps(lambda child=child: self.visit(child))

    def _broken(self, root: "Node") -> None:
        """The shell will read this differently: list whatever may be a command in it."""
        error = _first_error(root)
        place = self.source.place(error or root)
        self.line.problem("the shell may read it differently: it is no complete command line", place)
        for chunk in _CHUNKS.split(self.source.text):
            words = [word.strip("'\"") for word in chunk.replace("\\", "").split()]
            if words:
                judgement = Judgement("the line is no complete command line", "opaque")
                span = self.source.place(root)
                listed = [Word(text, text, text, span=span) for text in words]
                self.line.add(listed, self.setting, judgement, exact=False)

    def simple(self, words: Sequence[Word], setting: Setting, exact: bool = True) -> None:
        """Judge a command given by its words."""
        if self.line.depth >= MAX_DEPTH * 3:
            self.line.problem("it is nested too deeply", words[0].span)
            return
        self.line.depth += 1
        try:
            simple_command(self, words, setting, Judgement(), exact)
        finally:
            self.line.depth -= 1

    def text(self, text: str, span: tuple[int, int], setting: Setting) -> None:
        """Go through a string that is run as a command line."""
        if self.line.depth >= MAX_DEPTH * 3:
            self.line.problem("it is nested too deeply", span)
            return
        self.line.depth += 3
        try:
            Walk(self.line, Source(text, span), setting).run()
        finally:
            self.line.depth -= 3


_SUBSTITUTIONS = ("command_substitution", "process_substitution")


def _value(word: Word) -> tuple[Piece, ...]:
    if word.pattern:
        return (Piece(word.value, word.value, False),)
    return (Piece(word.value, word.value, True),)


def _first_error(node: "Node") -> "Node | None":
    if node.is_error or node.is_missing:
        return node
    for child in node.children:
        if child.has_error and (found := _first_error(child)):
            return found
    return node if node.has_error else None


def _chain(node: "Node", source: Source) -> list[tuple[str, "Node"]]:
    """The statements of `a && b || c`, each with the operator before it."""
    chain: list[tuple[str, Node]] = []
    operator = ""
    for child in node.children:
        if not child.is_named:
            operator = source.of(child)
        elif child.type == "list":
            inner = _chain(child, source)
            chain += [(operator, inner[0][1]), *inner[1:]]
        else:
            chain.append((operator, child))
    return chain
