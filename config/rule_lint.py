"""What is wrong with a set of rules, or not as its author will have meant it."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from .command_pattern import CommandPattern
from .host_pattern import HostPattern
from .path_pattern import PathPattern, path_pattern
from .rule_settings import RuleItem, RuleList
from .rule_width import lets_run_anything
from .rules import (
    Escalation,
    Pattern,
    Rule,
    ServerPattern,
    parse_rule,
    pattern_of,
)

_ANYTHING = "\x01"
"""Stands for what a `*` may become; in no pattern, so that only another `*` covers it."""


class Remark(Struct, frozen=True):
    """One thing to be said of a rule."""

    level: Literal["error", "warning"]
    what: Literal["broken", "contradictory", "shadowed", "duplicate", "wide"]
    origin: str
    """`file:line` of the rule."""
    text: str


def lint(items: Iterable[tuple[RuleList, str | RuleItem, str]]) -> list[Remark]:
    """Every remark on the rules, given with their lists and origins, in their order."""
    remarks: list[Remark] = []
    rules: list[Rule] = []
    for verdict, item, origin in items:
        try:
            rules.append(parse_rule(item, verdict, origin))
        except ValueError as error:
            remarks.append(Remark("error", "broken", origin, str(error)))
    remarks += _doubled(rules)
    remarks += _shadowed(rules)
    for rule in rules:
        if rule.verdict == "allow" and (why := lets_run_anything(rule)):
            text = f"allow {rule.text} lets through anything at all: {why}"
            remarks.append(Remark("warning", "wide", rule.origin, text))
    return remarks


def _doubled(rules: list[Rule]) -> Iterator[Remark]:
    """Rules that mean the same as an earlier one; which is in the same list or a stronger one."""
    seen: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        first = seen.setdefault((rule.tool, rule.specifier), rule)
        if first is rule:
            continue
        if first.verdict == rule.verdict:
            text = f"{rule.verdict} {rule.text} says the same as {first}"
            yield Remark("warning", "duplicate", rule.origin, text)
            continue
        same_file = first.origin.rpartition(":")[0] == rule.origin.rpartition(":")[0]
        text = f"{rule.verdict} {rule.text} contradicts {first.verdict} {first}, which decides"
        yield Remark("error" if same_file else "warning", "contradictory", rule.origin, text)


def _shadowed(rules: list[Rule]) -> Iterator[Remark]:
    stronger = [rule for rule in rules if rule.verdict != "allow"]
    for rule in rules:
        if rule.verdict != "allow":
            continue
        for other in stronger:
            same = (other.tool, other.specifier) == (rule.tool, rule.specifier)
            if other.tool == rule.tool and not same and _includes(other, rule):
                text = f"allow {rule.text} never decides: {other.verdict} {other} is wider"
                yield Remark("warning", "shadowed", rule.origin, text)
                break


def _includes(wide: Rule, narrow: Rule) -> bool:
    """Whether a deny or ask rule speaks of all that an allow rule speaks of."""
    outer, inner = pattern_of(wide), pattern_of(narrow)
    if outer is None:
        return True
    return inner is not None and _speaks_of(outer, inner, narrow)


def _speaks_of(outer: Pattern, inner: Pattern, narrow: Rule) -> bool:
    match outer, inner:
        case CommandPattern(), CommandPattern():
            return all(outer.matches(sample) for sample in _commands(narrow))
        case PathPattern(), PathPattern():
            if inner.anchor == "anywhere" and outer.anchor != "anywhere":
                return False
            magic = re.sub(r"\*\*|\*|\?|\[[^\]]*\]", _ANYTHING, _path(narrow))
            return outer.means(path_pattern(magic))
        case HostPattern(), HostPattern():
            name = inner.name.replace("*", _ANYTHING)
            return outer.matches(f"{name}:{inner.port}" if inner.port else name, any_port=True)
        case ServerPattern(), ServerPattern():
            server, _, tool = narrow.specifier.partition(".")
            name = f"mcp__{server}__{tool or _ANYTHING}"
            return outer.matches(name.replace("*", _ANYTHING))
        case Escalation(), Escalation():
            return outer.what == inner.what and _speaks_of(outer.target, inner.target, narrow)
        case _:
            return False


def _path(rule: Rule) -> str:
    return rule.specifier.partition(":")[2] if rule.tool == "escalate" else rule.specifier


def _commands(rule: Rule) -> Iterator[str]:
    """Commands that stand for all that an allow rule covers, as deny rules see them."""
    pattern = pattern_of(Rule("deny", rule.tool, rule.specifier, rule.text, rule.origin))
    if isinstance(pattern, CommandPattern):
        match pattern.kind:
            case "exact":
                yield pattern.literal
            case "prefix":
                yield pattern.literal
                yield f"{pattern.literal} {_ANYTHING}"
            case "glob":
                yield rule.specifier.replace("*", _ANYTHING)
