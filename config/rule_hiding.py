"""What rules deny reading or changing of, as the sandbox says it: so that programs and searches
obey it too, whose effects name no more than a directory."""

import re
from collections.abc import Iterable
from typing import Literal

from .path_pattern import PathPattern
from .rules import Rule, pattern_of

_NAMES = re.compile(r"(?:\*\*/)?((?:[^*?\[\]\\/]|\*(?!\*))+)(?:/|/\*\*)?")
"""A name alone, with no magic in it but `*`."""


def hidden_by(rules: Iterable[Rule], project: str) -> dict[str, str]:
    """The entries of `sandbox.never_read` that the deny rules on reading amount to, each with the
    rule and its origin. `project` is where paths of rules start.

    What the sandbox has no words for is left out: patterns with a place, or with more than `*`.
    """
    return _entries(rules, "read", project)


def kept_by(rules: Iterable[Rule], project: str) -> dict[str, str]:
    """As `hidden_by`, of `sandbox.never_write` and the deny rules on editing."""
    return _entries(rules, "edit", project)


def _entries(rules: Iterable[Rule], tool: Literal["read", "edit"], project: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for rule in rules:
        if rule.verdict != "deny" or rule.tool != tool:
            continue
        pattern = pattern_of(rule)
        entry = _entry(rule, pattern, project) if isinstance(pattern, PathPattern) else ""
        if entry:
            found.setdefault(entry, f"deny {rule}")
    return found


def _entry(rule: Rule, pattern: PathPattern, project: str) -> str:
    if pattern.anchor == "anywhere":
        names = _NAMES.fullmatch(rule.specifier)
        return names[1] if names else ""
    if pattern.regex or not pattern.base:
        return ""
    start = {"project": project.rstrip("/"), "home": "~", "root": ""}[pattern.anchor]
    return f"{start}/{pattern.base}"
