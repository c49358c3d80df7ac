"""The gate's questions in lines: what is asked, the numbers that answer it, and what they mean."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from ....agent.ports import Approval, No, Question, Yes
from ...questions import (
    ASKED_AGAIN,
    arguments_in_words,
    command_lines,
    effects_in_words,
    headline,
    in_question,
    meaning,
    refusal,
)
from ...terminal import harmless, visible
from ..desk.state import Asked

_MOST = 200
"""Lines of a diff."""
_ANSWER = re.compile(r"([1-7ynew])(?:\s+(.+))?", re.IGNORECASE)
_LETTERS = {"y": "1", "n": "5"}
_SCOPES = {"2": "in this session", "3": "in this project", "4": "everywhere"}
Wish = Literal["edit", "why not", "none", "voices"]
"""What a line says that does not answer yet, or answers more: the rule is to be edited, a reason
follows, no to every question, how this was decided."""
_WISHES: dict[str, Wish] = {"e": "edit", "6": "why not", "7": "none", "w": "voices"}


class Batch(Struct, frozen=True):
    """What is asked at once."""

    answered: int = 0
    """How many of its questions were answered before."""
    others: Sequence[Asked] = ()
    """That wait as well."""
    to_come: Sequence[str] = ()
    """The calls that nobody has looked at yet, in words."""

    @property
    def are_several(self) -> bool:
        """Whether there is more to say no to."""
        return bool(self.others or self.to_come)


def question_lines(asked: Asked, batch: Batch, rules: tuple[str, ...]) -> Iterator[str]:
    """A question, and in a line each what else waits; `rules` are what would be stored."""
    question, place = asked.question, batch.answered + 1
    count = place + len(batch.others)
    number = f"Question {place} of {count}" if count > 1 else "Question"
    by = f" (for {' > '.join(asked.path[1:])})" if len(asked.path) > 1 else ""
    yield f"{number}{harmless(by)}: {headline(question)}"
    yield from (f"  {line}" for line in _about(question))
    yield from (f"  {line}" for line in effects_in_words(question))
    yield f"  asked by {harmless(question.by)}"
    yield from (f"then: {headline(other.question)}" for other in batch.others)
    yield from (f"to come: {harmless(words)}" for words in batch.to_come)
    yield "Answers:"
    yield "  1 yes, once"
    if rules:
        stored = visible("; ".join(rules))
        yield from (f"  {key} yes, {words}: always {stored}" for key, words in _SCOPES.items())
        yield "  e change that rule first"
    else:
        yield f"  ({ASKED_AGAIN})"
    yield "  5 no"
    yield "  6 no, and what it should do instead, such as: 6 use the test folder"
    if batch.are_several:
        yield "  7 no to all of them"
    yield "  w shows how this was decided"


def _about(question: Question) -> Iterator[str]:
    command = command_lines(question)
    yield from ("".join(piece.text for piece in line) for line in command)
    yield from in_question(command)
    if question.preview and not command:
        lines = visible(question.preview).splitlines()
        yield from lines[:_MOST]
        if len(lines) > _MOST:
            yield f"and {len(lines) - _MOST} lines more"
    else:
        yield from arguments_in_words(question.action)


def answer_of(line: str, rules: tuple[str, ...]) -> Yes | No | Wish | None:
    """What a line says to a question; None if it is no answer."""
    match = _ANSWER.fullmatch(line.strip())
    if match is None or (match[2] and match[1] != "6"):
        return None
    key = match[1].lower()
    if match[2]:
        return refusal(match[2].strip())
    if key in _WISHES and (rules or key != "e"):
        return _WISHES[key]
    return meaning(_LETTERS.get(key, key), rules)


def numbers(rules: tuple[str, ...], *, several: bool = False) -> str:
    """The answers there are, in few words."""
    last = "7" if several else "6"
    return f"1 to {last}, e or w" if rules else f"1, 5 to {last} or w"


def gone() -> Approval:
    """The answer where nobody can give one any more."""
    return Approval(No("the terminal that could answer is gone"), "unattended")
