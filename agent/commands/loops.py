"""Loops and choices: the words that they go by, and what is known after a first round."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .line import Judgement, Line, Setting
from .reading import Reader
from .words import HIDDEN, Piece, Word

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_VALUES = 24
"""Values of a loop that are gone through one by one."""


def evaluated(
    line: Line, reader: Reader, node: "Node", setting: Setting, *, compared: bool = False
) -> list[Word]:
    """Words that are evaluated, but are no part of a command; `compared`: what they hold decides
    what runs, which tells something of it."""
    words = reader.words(node)
    for word in words:
        if word.certainty == "odd":
            why = f"nobody can say what evaluating {word.text!r} does"
            line.add([word], setting, Judgement(why, "opaque"), exact=False)
        elif compared and word.certainty == "hidden":
            why = f"it tells something of {word.text}, which may be a secret"
            line.add([word], setting, Judgement(why, "unknown"), exact=False)
    return words


def rounds_of(words: Sequence[Word]) -> Sequence[tuple[Piece, ...] | None]:
    """The values of a loop's variable; None alone if they are not known or too many."""
    if not words or len(words) > MAX_VALUES or not all(word.literal for word in words):
        return [None]
    return [(Piece(word.value, word.value, not word.pattern),) for word in words]


def again_and_again(line: Line, once: Callable[[], None]) -> None:
    """Go through what happens any number of times: what the first round changes is not known in
    those after it."""
    state, before = line.state, line.state.copy()
    if not line.another_round():
        return
    once()
    names = state.variables.keys() | before.variables.keys()
    changed = [
        name
        for name in names
        if state.variables.get(name, HIDDEN) != before.variables.get(name, HIDDEN)
    ]
    moved = state.cwds != before.cwds
    for name in changed:
        hidden = state.variables.get(name, HIDDEN) == HIDDEN
        state.variables[name] = HIDDEN if hidden else None
    if moved:
        state.cwds = ()
    if (changed or moved) and line.another_round():
        once()
