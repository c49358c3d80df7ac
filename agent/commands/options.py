"""Reads a program's words by its table: which options, which operands, in which roles."""

from collections.abc import Sequence

from msgspec import Struct

from .tables import Option, Program, Role
from .words import Word


class Use(Struct, frozen=True):
    """A word that names something, and how the program uses it."""

    word: Word
    role: Role
    option: str = ""
    """Of which option it is the value; empty for an operand."""


class Reading(Struct, frozen=True):
    """What the words say to a program."""

    options: frozenset[str]
    """The names of the options that are known."""
    uses: tuple[Use, ...]
    operands: tuple[Word, ...]
    problem: str = ""
    """The first thing that the table does not know, for a person."""

    def values(self, *names: str) -> tuple[Word, ...]:
        """The values of options, in order."""
        return tuple(use.word for use in self.uses if use.option in names)


class _Scan:
    """The words after a program's name, one after the other."""

    def __init__(self, program: Program, words: Sequence[Word]) -> None:
        self.program = program
        self.words = words
        self.at = 0
        self.options: list[str] = []
        self.uses: list[Use] = []
        self.operands: list[Word] = []
        self.problem = ""

    def run(self) -> None:
        ended = False
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            text = word.value
            if ended or text == "-" or not text.startswith("-"):
                if not ended and not text and not word.literal:
                    self.note(word)
                self.operands.append(word)
                ended = ended or self.program.entry.ends_early
            elif text == "--":
                ended = True
            elif not word.literal:
                self.note(word)
            elif text.startswith("--"):
                self.long(word, text)
            else:
                self.short(word, text)

    def note(self, word: Word) -> None:
        """What is not known might be an option."""
        if not self.program.entry.prints and (word.loose or not _quoted_text(word)):
            self.complain(f"what {word.text!r} becomes is only known when it runs")

    def complain(self, problem: str) -> None:
        self.problem = self.problem or problem

    def long(self, word: Word, text: str) -> None:
        name, equals, _ = text.partition("=")
        option = self.program.options.get(name)
        if option is None:
            self.unknown(name)
            return
        self.options.append(name)
        if equals:
            if not option.role:
                self.unknown(text)
            else:
                self.use(option, word.rest(len(name) + 1))
        elif option.role and not option.attached_only:
            self.next(option)

    def short(self, word: Word, text: str) -> None:
        if self.program.number and text[1:].isdecimal():
            return
        known = self.program.options
        if text in known and len(text) > 2:
            # A program whose long options have one dash, like `find`.
            self.options.append(text)
            if known[text].role:
                self.next(known[text])
            return
        for index in range(1, len(text)):
            name = f"-{text[index]}"
            option = known.get(name)
            if option is None:
                self.unknown(name)
                return
            self.options.append(name)
            if not option.role:
                continue
            if index + 1 < len(text):
                self.use(option, word.rest(index + 1))
            elif not option.attached_only:
                self.next(option)
            return

    def next(self, option: Option) -> None:
        count = 2 if option.role == "pair" else 1
        for word in self.words[self.at : self.at + count]:
            self.use(option, word)
        self.at += count
        if self.at > len(self.words):
            self.complain(f"{option.name} of {self.program.name} needs a value")

    def use(self, option: Option, word: Word) -> None:
        self.uses.append(Use(word, option.role, option.name))

    def unknown(self, name: str) -> None:
        self.complain(f"kedge does not know the option {name} of {self.program.name}")


def _quoted_text(word: Word) -> bool:
    """Whether a word is one word that does not begin like an option, whatever it becomes."""
    return not word.loose and word.text[:1] not in ("$", "`", "-")


def read(program: Program, words: Sequence[Word]) -> Reading:
    """Read the words after a program's name."""
    scan = _Scan(program, words)
    scan.run()
    given: set[Role] = {use.role for use in scan.uses}
    uses = [*scan.uses, *_operands(scan, given)]
    return Reading(frozenset(scan.options), tuple(uses), tuple(scan.operands), scan.problem)


def _operands(scan: _Scan, given: set[Role]) -> list[Use]:
    roles, entry = scan.program.operands, scan.program.entry
    first, last = list(roles.first), list(roles.last)
    if "pattern" in given and "pattern" in first:
        first.remove("pattern")
    if "target" in given and last:
        last.pop()
    operands, uses = scan.operands, list[Use]()
    if len(operands) > len(first) + len(last) and not roles.many:
        if not entry.prints:
            extra = operands[len(first) + len(last)].text
            scan.complain(f"kedge does not know what {scan.program.name} {extra} does")
        uses += [Use(word, "") for word in operands[len(first) + len(last) :]]
    for word, role in zip(operands, first, strict=False):
        uses.append(Use(word, role))
    rest = operands[len(first) :]
    tail = rest[max(len(rest) - len(last), 0) :] if last else []
    middle = rest[: len(rest) - len(tail)]
    if roles.many:
        uses += [Use(word, roles.many) for word in middle]
    uses += [Use(word, role) for word, role in zip(tail, last, strict=False)]
    return uses
