"""A question in words: what every surface shows of it, and what the answers mean."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal

import msgspec
from msgspec import Struct

from ..agent.effects import Effect
from ..agent.events import Grant
from ..agent.ports import ESCALATE, Action, No, Question, Yes
from .refused import shown, told
from .terminal import harmless, visible

SCOPES: Final[dict[str, Literal["session", "project", "user"]]] = {
    "2": "session",
    "3": "project",
    "4": "user",
}
"""The answers that store something, by their keys."""

_SCOPE_WORDS: Final = {
    "session": "this session",
    "project": "this project",
    "user": "every project",
}
_DOING: Final = {"read": "reads", "write": "writes", "delete": "deletes", "reach": "connects to"}


ASKED_AGAIN: Final = "asked every time: no rule can be saved for this"
"""Why there is no answer that stores anything, where there is none."""


class Piece(Struct, frozen=True):
    """A part of a line of a command, harmless, and with nothing left out."""

    text: str
    marked: bool
    """Whether it is what the question is about."""


CommandLine = tuple[Piece, ...]


def headline(question: Question) -> str:
    """What is asked, in one line."""
    if question.action.call.name == ESCALATE:
        return "the sandbox kept this from what is below; run it again with just that allowed?"
    return f"{harmless(question.action.call.name)}: {first_line(question.reason)}"


def command_lines(question: Question) -> list[CommandLine]:
    """The command in question with its offending parts marked; nothing if there is no command.

    Where all of it is in question nothing is marked: marks are there to tell parts apart.
    """
    command = question.action.arguments.get("command")
    if not isinstance(command, str):
        return []
    marks = _marks(command, [question.action.effects[place] for place in question.effects])
    lines: list[CommandLine] = []
    place = 0
    for line in command.splitlines(keepends=True):
        wanted = zip("".join(line.splitlines()), marks[place:], strict=False)
        place += len(line)
        pieces = groupby(wanted, key=lambda pair: pair[1])
        lines.append(tuple(_piece(pairs, marked) for marked, pairs in pieces))
    return lines


def _marks(command: str, effects: Sequence[Effect]) -> list[bool]:
    marks = [False] * len(command)
    for effect in effects:
        start, end = effect.span or (0, 0)
        marks[start:end] = [True] * (min(end, len(command)) - start)
    return [False] * len(command) if all(marks) else marks


def _piece(pairs: Iterator[tuple[str, bool]], marked: bool) -> Piece:
    return Piece(visible("".join(character for character, _ in pairs)).expandtabs(4), marked)


def in_question(lines: Sequence[CommandLine]) -> Iterator[str]:
    """The marked parts in words, a line each: for where a mark cannot be seen in its place."""
    for line in lines:
        if words := ", ".join(piece.text.strip() for piece in line if piece.marked):
            yield f"in question: {words}"


def arguments_in_words(action: Action) -> Iterator[str]:
    """The arguments that say something; without the command, which is shown in its own way."""
    command = isinstance(action.arguments.get("command"), str)
    for name, value in action.arguments.items():
        beside = command and name in ("command", "call", "tool")
        if not beside and value not in (None, "", False):
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            yield f"{name}: {visible(text)}"


def effects_in_words(question: Question) -> Iterator[str]:
    """What the question is about, an effect a line."""
    for place in question.effects:
        effect = question.action.effects[place]
        if effect.kind != "run":
            yield f"{_DOING[effect.kind]} {visible(effect.target)}"
        elif effect.command is not None:
            yield harmless(effect.command.why)


def voices_in_words(question: Question) -> Iterator[str]:
    """How it was decided so far, a voice a line."""
    for voice in question.considered:
        about = "" if voice.effects is None else _targets(question.action, voice.effects)
        words = (f"{voice.by}: {voice.verdict}{about}", first_line(voice.reason), voice.rule)
        yield " · ".join(harmless(word) for word in words if word.strip())


def _targets(action: Action, places: Sequence[int]) -> str:
    known = [action.effects[place].target for place in places if place < len(action.effects)]
    return f" {', '.join(known)}" if known else ""


def meaning(key: str, rules: tuple[str, ...]) -> Yes | No | None:
    """What a number says as an answer, storing `rules` where it stores; None if nothing."""
    if key == "1":
        return Yes()
    if key == "5":
        return refusal()
    if key in SCOPES and rules:
        return Yes(Grant(SCOPES[key], rules))
    return None


def refusal(words: str = "") -> No:
    """A person's no, with what the model is to do instead."""
    return No(told(words))


def answer_in_words(answer: Yes | No) -> str:
    """An answer that was given, in one line."""
    if isinstance(answer, No):
        return harmless(shown(answer.message))
    if answer.grant is None:
        return "yes, this once"
    rules = visible("; ".join(answer.grant.rules))
    return f"yes, in {_SCOPE_WORDS[answer.grant.scope]}: {rules}"


def first_line(text: str) -> str:
    """The first line of a stranger's words, harmless; a blank if there is none."""
    return (harmless(text).strip() or " ").splitlines()[0]
