"""Goes through the syntax tree of a command line as the shell would, and finds its commands.

Only the kinds of nodes named here are understood; whatever else the grammar may come up with makes
an opaque part, and what is in it is still gone through.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from .assignments import harmless_name
from .broken import false_comment, list_broken, torn_words
from .declaring import Declarer, whole
from .feeds import feed_of
from .gathering import REDIRECTS, Gathered, Gatherer
from .grammar import Source
from .line import MAX_DEPTH, Feed, Judgement, Line, Setting, State
from .loops import again_and_again, evaluated, rounds_of
from .reading import Reader
from .simple import simple_command
from .words import HIDDEN, Piece, Word

if TYPE_CHECKING:
    from tree_sitter import Node


class Walk:
    """Goes through one source: the line itself, or a string in it that is run as such."""

    def __init__(self, line: Line, source: Source, setting: Setting) -> None:
        self.line = line
        self.source = source
        self.setting: Setting = setting
        self.reader = Reader(source, line.variables, line.place.home, self.nested)
        self._gatherer = Gatherer(line, source, self.reader, self._run)
        self._declarer = Declarer(line, source, self.reader)

        def declare(node: "Node") -> None:
            self._declarer.declaration(node, self.setting)

        def assignments(node: "Node") -> None:
            self._declarer.assignments(node, self.setting)

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
            "while_statement": self.repeated,
            "for_statement": self.loop,
            "c_style_for_statement": self.opaque,
            "case_statement": self.case,
            "case_item": self.branches,
            "function_definition": self.function,
            "test_command": lambda node: self._declarer.test(node, self.setting),
            "declaration_command": declare,
            "unset_command": declare,
            "variable_assignment": assignments,
            "variable_assignments": assignments,
            "comment": lambda node: None,
            "heredoc_body": lambda node: None,
        }

    def _run(self, text: str, span: tuple[int, int]) -> None:
        before = self.line.state.copy()
        self.text(text, span, self.setting)
        self.line.state = before

    def run(self) -> None:
        """Go through all of it."""
        root = self.source.root
        self.visit(root)
        if torn := torn_words(self.source):
            self.line.problem("a line is continued in the middle of a word", torn)
        if comment := false_comment(self.source):
            self.line.problem("what looks like a comment is none for the shell", comment)
        if root.has_error:
            list_broken(self.line, self.source, self.setting)

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
                _merge(self.line.state, broken_off)
                self._perhaps(child)
        _merge(self.line.state, broken_off)

    def _perhaps(self, node: "Node") -> None:
        """Go through what may or may not happen."""
        before = self.line.state.copy()
        self.visit(node)
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
        gathered = Gathered()
        self._gatherer.command(node, gathered)
        self._gathered(node, gathered)

    def redirected(self, node: "Node") -> None:
        """A statement with redirects."""
        gathered = Gathered()
        body = [child for child in node.named_children if child.type not in REDIRECTS]
        simple = len(body) == 1 and body[0].type == "command"
        if simple:
            self._gatherer.command(body[0], gathered)
        for child in node.named_children:
            if child.type in REDIRECTS:
                self._gatherer.redirect(child, gathered)
        self._gathered(node, gathered, () if simple else body)

    def _gathered(self, node: "Node", gathered: Gathered, body: Sequence["Node"] = ()) -> None:
        """Judge a command, or the statements in its place, with its redirects."""
        setting, mark = self.setting, self.line.mark()
        if gathered.feed is not None:
            self.setting = msgspec.structs.replace(setting, feed=gathered.feed)
        if body:
            self._redirected_body(node, gathered, body)
        else:
            self._simple(node, gathered)
        self.line.redirect(gathered.redirects, mark if self.line.mark() > mark else None)
        feed = feed_of(self.line, self.line.since(mark), self.setting.feed)
        self.setting = setting
        for child in gathered.later:
            self._follow(child, feed)

    def _redirected_body(self, node: "Node", gathered: Gathered, body: Sequence["Node"]) -> None:
        if gathered.redirects.risk != "safe":
            self.line.problem(gathered.redirects.why, self.source.place(node))
        for child in body:
            self.visit(child)
        if gathered.words:
            why = "it is not clear to which command these words belong"
            self.line.add(gathered.words, self.setting, Judgement(why, "opaque"), exact=False)

    def _follow(self, node: "Node", feed: Feed) -> None:
        """What stands behind a here-document's start, on the same line."""
        if node.type == "pipeline" and any(
            child.type in ("|", "|&") for child in node.children[:1]
        ):
            self._stages(node.named_children, feed)
        else:
            self._perhaps(node)

    def _simple(self, node: "Node", gathered: Gathered) -> None:
        words, prefix = gathered.words, self._gatherer.prefix(gathered)
        if words:
            simple_command(self, words, self.setting, prefix, not gathered.assignments)
        elif prefix.risk != "safe":
            self.line.add(whole(self.source, node), self.setting, prefix, exact=False)

    def group(self, node: "Node") -> None:
        """`{ …; }`, or arithmetic in `((…))`."""
        opening = self.source.of(node.children[0]) if node.children else ""
        if opening == "((" or not self.source.opens_group(node):
            self.opaque(node)
        else:
            self.statements(node)

    def branches(self, node: "Node") -> None:
        """Statements that may or may not happen, any number of times."""
        for child in node.named_children:
            if child.type not in self._visitors:
                evaluated(self.line, self.reader, child, self.setting)
            else:
                self._perhaps(child)

    def repeated(self, node: "Node") -> None:
        """`while`, `until`."""
        again_and_again(self.line, lambda: self.branches(node))

    def case(self, node: "Node") -> None:
        """`case WORD in …`."""
        for index, child in enumerate(node.named_children):
            if index == 0:
                evaluated(self.line, self.reader, child, self.setting, compared=True)
            else:
                self._perhaps(child)

    def loop(self, node: "Node") -> None:
        """`for NAME in WORDS`: gone through once for each word, as far as they are known."""
        name, *rest = node.named_children
        bodies = [child for child in rest if child.type in _BODIES]
        words = list[Word]()
        for child in rest:
            if child.type not in (*_BODIES, "comment"):
                words += evaluated(self.line, self.reader, child, self.setting)
        variable = self.source.of(name)
        before = self.line.state.copy()
        rounds = rounds_of(words) if self.source.of(node).startswith("for") else [None]
        judgement = Judgement()
        if not harmless_name(self.line, variable):
            judgement.at_least("unknown", f"it sets the variable {variable}")
            self.line.add(whole(self.source, name), self.setting, judgement, exact=False)
        secret = any(word.certainty in ("hidden", "odd") for word in words)

        def once(value: tuple[Piece, ...] | None) -> None:
            self.line.state.variables[variable] = HIDDEN if secret else value
            for body in bodies:
                self._perhaps(body)

        if rounds == [None]:
            again_and_again(self.line, lambda: once(None))
        for value in rounds if rounds != [None] else ():
            if self.line.another_round():
                once(value)
        self.line.state.or_else(before)

    def function(self, node: "Node") -> None:
        """A definition: its body is judged where it stands, its name means it from now on."""
        name = self.source.of(node.named_children[0])
        for child in node.named_children[1:]:
            self._perhaps(child)
        self.line.state.names[name] = f"{name} is a function of this very line"

    def opaque(self, node: "Node") -> None:
        """What is not understood: nobody can say what it does, but what is in it is found."""
        what = node.type.replace("_", " ") if node.is_named else self.source.of(node)
        why = f"kedge does not look into this kind of shell text ({what})"
        if node.is_error:
            why = "this shell line is not complete"
        judgement = Judgement(why, "opaque")
        self.line.add(whole(self.source, node), self.setting, judgement, exact=False)
        self.nested(node)
        for child in node.named_children:
            if child.type in self._visitors:
                self._perhaps(child)

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


_BODIES = ("do_group", "compound_statement")
_SUBSTITUTIONS = ("command_substitution", "process_substitution")


def _merge(state: State, others: list[State]) -> None:
    """Any of them may be so."""
    for other in others:
        state.or_else(other)
    others.clear()


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
