"""What a command's file asks for besides its prompt: a model, and what needs no question."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from ....config.errors import UsageError
from ....config.models import known
from ....config.providers import names
from ....config.rule_width import is_everything
from ....config.rules import TOOLS, parse_rule
from ....config.settings import Settings
from ..desk.terms import NONE, Terms
from .custom import Custom

_FAMILIES: Final = ("opus", "sonnet", "haiku")
"""Claude Code's names for the newest of each
(https://code.claude.com/docs/en/model-config#model-aliases)."""
_ITS_OWN: Final = ("inherit", "default")
"""Names for the model that answers in any case."""
_WIDE: Final = re.compile(r"\[1m\]$")
"""Behind a name: with a window of a million tokens."""
_NEVER: Final = ("escalate", "remember", "forget")
_PROJECT: Final = "/**"
"""All that is in it, as a rule says it."""
_RULE: Final = re.compile(r"[\w.*-]+(?:\([^()]*\))?")


def model_named(said: str, now: str, settings: Settings) -> str:
    """The `provider/model` that a file names; empty if it is the one that answers in any case,
    `now`. An alias means the newest of its family, of the provider that answers if it has any.

    Raises:
        UsageError: it is none that is known.
    """
    name, provider = _WIDE.sub("", said), now.partition("/")[0]
    if name in _ITS_OWN:
        return ""
    if "/" in name and name.partition("/")[0] in names(settings.providers):
        return name
    for one in dict.fromkeys((provider, "anthropic")):
        listed = [model.name for model in known(one, settings.models)]
        if name in listed:
            return f"{one}/{name}"
        family = [model for model in listed if name in _FAMILIES and name in model]
        if family:
            return f"{one}/{max(family, key=_age)}"
    raise UsageError(f"no model {said!r} is known", hint="/model lists them")


def _age(model: str) -> tuple[int, ...]:
    """The later, the more: the numbers of its version, without a date."""
    return tuple(map(int, re.findall(r"(?<!\d)\d{1,2}(?!\d)", model)))


class Asked(Struct, frozen=True):
    """What a command's file asks for."""

    terms: Terms
    """What it can have."""
    problems: tuple[str, ...]
    """What it cannot, one line each."""


class RulesNamed(Struct, frozen=True):
    """What a file wants to be allowed."""

    rules: tuple[str, ...]
    left_out: tuple[str, ...]
    """What no file can have allowed, or means nothing here, and why."""


def rules_named(said: str) -> RulesNamed:
    """The rules of a file, such as `Bash(git add:*), Edit`. A tool for files alone means those of
    the project. A file is nobody's answer to a question: it cannot have everything allowed, nor
    what changes later sessions or leaves the sandbox."""
    rules: list[str] = []
    left_out: list[str] = []
    for found in _RULE.findall(said):
        try:
            rules.append(_rule(found))
        except ValueError as error:
            left_out.append(str(error))
    return RulesNamed(tuple(rules), tuple(left_out))


def _rule(said: str) -> str:
    """Raises:
    ValueError: it is none that a file can have.
    """
    rule = parse_rule(said, "allow")
    if rule.tool in _NEVER:
        raise ValueError(f"{said!r} is for a person to allow")
    if not rule.specifier and TOOLS[rule.tool] == "path":
        return f"{rule.tool}({_PROJECT})"
    if rule.specifier != _PROJECT and (wide := is_everything(rule)):
        raise ValueError(f"{said!r} is wider than a file can have it: {wide}")
    return rule.text


def terms_of(custom: Custom, settings: Settings, now: str, roots: Sequence[Path]) -> Asked:
    """What a command's file asks for, as far as it can have it. `now` is the model that answers;
    `roots` is where the session may work: who can write there could write what is allowed, so
    that files from there have nothing allowed, and those of a project neither. Asks the disk."""
    front, name = custom.template, f"/{custom.name}"
    model, rules, problems = "", tuple[str, ...](), list[str]()
    if front.ignored:
        problems.append(f"{', '.join(front.ignored)} in its file is not obeyed here")
    try:
        model = model_named(front.model, now, settings) if front.model else ""
    except UsageError as error:
        problems.append(f"{now} answers: {error.in_words}")
    if front.tools and custom.own and not is_within(custom.file, roots):
        named = rules_named(front.tools)
        rules = named.rules
        problems += (f"not allowed: {why}" for why in named.left_out)
    elif front.tools:
        problems.append("allowed-tools counts only in files of your own, outside of the project")
    terms = Terms(name, model, rules) if model or rules else NONE
    return Asked(terms, tuple(f"{name}: {one}" for one in problems))


def is_within(file: Path, folders: Sequence[Path]) -> bool:
    """Whether a file is in one of these, wherever links lead."""
    place = file.resolve()
    return any(place.is_relative_to(folder) for folder in folders)
