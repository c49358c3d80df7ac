"""Characters that make a command line look like something that it is not."""

import re
from collections.abc import Iterator

from .parts import Problem

MAX_LENGTH = 10_000
"""Characters. What is longer, nobody reads before saying yes."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Zero-width and direction-changing characters, variation selectors and tags."""
_BLANK = re.compile("[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)


def suspicious(command: str) -> Iterator[Problem]:
    """What is wrong with the characters themselves, each kind at its first place."""
    if len(command) > MAX_LENGTH:
        text = f"it is {len(command)} characters long, more than the {MAX_LENGTH} that kedge reads"
        yield Problem(text, (0, len(command)))
    if command.isascii() and command.isprintable():
        return
    if found := _CONTROL.search(command):
        yield _problem("a control character", found)
    if command.isascii():
        return
    if any("\ud800" <= character <= "\udfff" for character in command):
        yield Problem("it holds half a character", (0, len(command)))
    if found := _INVISIBLE.search(command):
        yield _problem("an invisible character", found)
    # A blank that the shell takes for a letter; blanked-out quotes keep the places of the rest.
    bare = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), command)
    if found := _BLANK.search(bare):
        yield _problem("a blank that is no space", found)


def _problem(what: str, found: re.Match[str]) -> Problem:
    return Problem(f"it holds {what}, U+{ord(found[0]):04X}", found.span())
