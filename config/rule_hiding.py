"""What rules deny reading of, as the sandbox says it: so that programs and searches do not see it
either, whose effects name no more than a directory."""

import re
from collections.abc import Iterable

from .path_pattern import PathPattern
from .rules import Rule, pattern_of

_NAMES = re.compile(r"(?:\*\*/)?((?:[^*?\[\]\\/]|\*(?!\*))+)(?:/|/\*\*)?")
"""A name alone, with no magic in it but `*`."""


def hidden_by(rules: Iterable[Rule], project: str) -> dict[str, str]:
    """The entries of `sandbox.never_read` that the deny rules on reading amount to, each with the
    rule's origin. `project` is where paths of rules start.

    What the sandbox has no words for is left out: patterns with a place, or with more than `*`.
    """
    found: dict[str, str] = {}
    for rule in rules:
        if rule.verdict != "deny" or rule.tool != "read":
            continue
        pattern = pattern_of(rule)
        entry = _entry(rule, pattern, project) if isinstance(pattern, PathPattern) else ""
        if entry:
            found.setdefault(entry, rule.origin)
    return found


def _entry(rule: Rule, pattern: PathPattern, project: str) -> str:
    if pattern.anchor == "anywhere":
        names = _NAMES.fullmatch(rule.specifier)
        return names[1] if names else ""
    if pattern.regex or not pattern.base:
        return ""
    start = {"project": project.rstrip("/"), "home": "~", "root": ""}[pattern.anchor]
    return f"{start}/{pattern.base}"
