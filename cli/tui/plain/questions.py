"""The gate's questions in lines: what is asked, the numbers that answer it, and what they mean."""

import re
from collections.abc import Iterator

from ....agent.ports import Approval, No, Question, Yes
from ...questions import (
    arguments_in_words,
    command_lines,
    effects_in_words,
    headline,
    meaning,
    refusal,
)
from ...terminal import harmless
from ..desk.facts import Asked

_MOST = 200
"""Lines of a diff."""
_ANSWER = re.compile(r"([1-6yne])(?:\s+(.+))?", re.IGNORECASE)
_LETTERS = {"y": "1", "n": "5"}
_SCOPES = {"2": "in this session", "3": "in this project", "4": "everywhere"}
EDIT = "edit"
WHY_NOT = "why not"


def question_lines(asked: Asked, place: int, count: int, rules: tuple[str, ...]) -> Iterator[str]:
    """A question, of so many; `rules` are what would be stored."""
    question = asked.question
    number = f"Question {place} of {count}" if count > 1 else "Question"
    by = f" (for {' > '.join(asked.path[1:])})" if len(asked.path) > 1 else ""
    yield f"{number}{harmless(by)}: {headline(question)}"
    yield from (f"  {line}" for line in _about(question))
    yield from (f"  {line}" for line in effects_in_words(question))
    yield f"  asked by {harmless(question.by)}"
    yield "Answers:"
    yield "  1 yes, once"
    if rules:
        stored = harmless("; ".join(rules))
        yield from (f"  {key} yes, {words}: always {stored}" for key, words in _SCOPES.items())
        yield "  e change that rule first"
    yield "  5 no"
    yield "  6 no, and what it should do instead, such as: 6 use the test folder"


def _about(question: Question) -> Iterator[str]:
    command = command_lines(question)
    marked = [", ".join(one.text.strip() for one in line if one.marked) for line in command]
    yield from ("".join(piece.text for piece in line) for line in command)
    yield from (f"in question: {words}" for words in marked if words)
    if question.preview and not command:
        lines = harmless(question.preview).splitlines()
        yield from lines[:_MOST]
        if len(lines) > _MOST:
            yield f"and {len(lines) - _MOST} lines more"
    else:
        yield from arguments_in_words(question.action)


def answer_of(line: str, rules: tuple[str, ...]) -> Yes | No | str | None:
    """What a line says to a question: an answer, that the rule is to be edited (`EDIT`), that a
    reason is to follow (`WHY_NOT`); None if it is no answer."""
    match = _ANSWER.fullmatch(line.strip())
    if match is None or (match[2] and match[1] != "6"):
        return None
    key = match[1].lower()
    if key == "e":
        return EDIT if rules else None
    if key == "6":
        return refusal(match[2].strip()) if match[2] else WHY_NOT
    return meaning(_LETTERS.get(key, key), rules)


def numbers(rules: tuple[str, ...]) -> str:
    """The answers there are, in few words."""
    return "1 to 6, or e" if rules else "1, 5 or 6"


def gone() -> Approval:
    """The answer where nobody can give one any more."""
    return Approval(No("the terminal that could answer is gone"), "unattended")
