"""The rules that a person would have "always" store instead of those that were offered: whether
they do what the person means by it."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from ..agent.ports import Question
from .terminal import visible

_NONE: Final = "no rule is left"
_MISSES: Final = (
    "what is asked is not covered: it would be asked again; change the rule, or say yes once"
)


class Fit(Struct, frozen=True):
    """What is to be said of rules; harmless."""

    wrong: str = ""
    """Why they are not taken; empty if they are."""
    wide: str = ""
    """A warning that they let through far more than what is asked; empty if they do not."""


def listed(text: str) -> tuple[str, ...]:
    """The rules of a line, with `;` between them."""
    return tuple(rule.strip() for rule in text.split(";") if rule.strip())


def fit(question: Question, rules: Sequence[str]) -> Fit:
    """Whether rules could be stored as the answer to a question, and would keep it from being asked
    again."""
    # Only who edits a rule pays for its grammar.
    from ..config.rule_width import is_everything
    from ..config.rules import parse_rule

    try:
        parsed = [parse_rule(rule, "allow") for rule in rules]
    except ValueError as error:
        return Fit(visible(str(error)))
    if not parsed:
        return Fit(_NONE)
    if not question.covers(rules):
        return Fit(_MISSES)
    told = "; ".join(filter(None, map(is_everything, parsed)))
    return Fit(wide=visible(f"far wider than what is asked: {told}") if told else "")
