"""The part of a rule that speaks of commands: `git status`, `npm run test *`, `git commit:*`.

Words are separated by blanks and quoted as in a shell. `*` stands for anything, also within quotes
and across words, `\\*` for itself. As the last word it may also stand for nothing, so that
`npm run test *` covers `npm run test`, but not `npm run tests`.
"""

import re
from typing import Literal

from msgspec import Struct

JOINT = "\0"
"""Between the words of a command that is matched strictly. No word of a command can hold it."""

_Token = str | None
"""A stretch of literal text, or None: anything."""
_OPERATORS = "&|;<>\n`"
_NEEDS_QUOTES = re.compile(r"[^\w@%+=:,./~^-]")


class CommandPattern(Struct, frozen=True):
    """A rule's command, understood."""

    kind: Literal["exact", "prefix", "glob"]
    """Whether it names one command, one with anything after it, or has `*` elsewhere."""
    literal: str
    """The command, or how it begins, its words joined; for a glob its first word, or nothing if
    that has a `*` too."""
    regex: str
    """Matches the whole of the joined words."""
    joint: str
    """What stands between words."""
    needle: str = ""
    """Of a glob, the longest text that every command that is meant holds."""

    def matches(self, joined: str) -> bool:
        """Whether a command is meant; its words joined as the pattern's."""
        match self.kind:
            case "exact":
                return joined == self.literal
            case "prefix":
                return joined == self.literal or joined.startswith(self.literal + self.joint)
            case "glob":
                return re.fullmatch(self.regex, joined, re.DOTALL) is not None


def command_pattern(specifier: str, joint: str = JOINT) -> CommandPattern:
    """Understand the command of a rule; `joint` is put between words, also by who matches.

    Raises:
        ValueError: it names no command, a quote is not closed, or it can never match.
    """
    text = specifier.strip()
    if text.endswith(":*"):
        text = f"{text[:-2]} *"
    words = _words(text, wild=True)
    if not words:
        raise ValueError("no command is named")
    literals = ["".join(word) for word in map(_literals, words)]
    *before, last = words
    if all(None not in word for word in words):
        return CommandPattern("exact", joint.join(literals), "", joint)
    if operator := _operator(text):
        raise ValueError(
            f"{operator!r} stands between commands, and a rule with '*' is held against each "
            "command by itself: write one rule for each"
        )
    if before and last == [None] and all(None not in word for word in before):
        return CommandPattern("prefix", joint.join(literals[:-1]), "", joint)
    first = "" if None in words[0] else literals[0]
    stretches = "".join("\n" if t is None else t for word in words for t in (*word, None))
    needle = max(stretches.split("\n"), key=len)
    return CommandPattern("glob", first, _regex(words, joint), joint, needle)


def split_words(text: str) -> tuple[str, ...]:
    """The words of a simple command, unquoted; where a quote is left open, split at blanks."""
    try:
        return tuple("".join(_literals(word)) for word in _words(text, wild=False))
    except ValueError:
        return tuple(text.translate(str.maketrans("", "", "'\"\\")).split())


def written(words: tuple[str, ...]) -> str:
    """The specifier that means exactly this command: `command_pattern` read backwards."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if word and not _NEEDS_QUOTES.search(word):
        return word
    return "'" + word.replace("'", "'\"'\"'").replace("*", "\\*") + "'"


def _literals(word: list[_Token]) -> list[str]:
    return [token for token in word if token is not None]


def _regex(words: list[list[_Token]], joint: str) -> str:
    parts = ["".join(".*" if t is None else re.escape(t) for t in word) for word in words]
    if words[-1] == [None] and len(words) > 1:
        return re.escape(joint).join(parts[:-1]) + f"(?:{re.escape(joint)}.*)?"
    return re.escape(joint).join(parts)


def _words(text: str, *, wild: bool) -> list[list[_Token]]:
    """The words, each a list of characters and, where `wild`, of None for each `*`.

    Raises:
        ValueError: a quote is not closed.
    """
    words: list[list[_Token]] = []
    word: list[_Token] | None = None
    quote = ""
    place = 0
    while place < len(text):
        char = text[place]
        place += 1
        if not quote and char.isspace():
            word = None
            continue
        if word is None:
            words.append(word := [])
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == "\\" and _escapes(quote, text[place : place + 1]):
            word.append(text[place])
            place += 1
        else:
            word.append(None if wild and char == "*" else char)
    if quote:
        raise ValueError(f"a {quote} is not closed")
    return words


def _escapes(quote: str, following: str) -> bool:
    """Whether a backslash takes the meaning from what follows it."""
    if following == "*":
        return True
    match quote:
        case "'":
            return False
        case '"':
            return following != "" and following in '"\\$`'
        case _:
            return following != ""


def _operator(text: str) -> str:
    """What separates commands in a text, or makes one within: the first outside of quotes."""
    quote = ""
    escaped = False
    for place, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif (not quote and char in _OPERATORS) or (quote != "'" and char == "`"):
            return char
        elif quote != "'" and text.startswith("$(", place):
            return "$("
    return ""
