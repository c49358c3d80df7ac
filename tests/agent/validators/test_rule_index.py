"""Looking rules up finds what trying each of them would find."""

import re

from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.validators.rule_index import HostIndex, PathIndex
from kedge.agent.validators.territory import Territory
from kedge.config.host_pattern import host_pattern
from kedge.config.path_pattern import path_pattern
from kedge.config.rules import Rule, parse_rule

WORKSPACE = "/w/s"
TERRITORY = Territory((WORKSPACE,), "/home/me")

NAME = st.sampled_from(["a", "ab", "a.py", "b.py", "ab.pyc", "test_a.py", ".env", "src", "s"])
PATH = st.lists(NAME, max_size=4).map(lambda names: "/".join((WORKSPACE, *names)))
PIECE = st.sampled_from(["a", "b", "*", "**", ".py", "test_", "?", "[ab]", ".env", "src", r"\*"])
GLOB = st.lists(st.lists(PIECE, min_size=1, max_size=3).map("".join), min_size=1, max_size=3).map(
    "/".join
)
SPECIFIER = st.builds(lambda start, glob: start + glob, st.sampled_from(["", "/", "**/"]), GLOB)


def rules_of(specifiers: list[str]) -> list[Rule]:
    made = []
    for specifier in specifiers:
        try:
            made.append(parse_rule(f"edit({specifier})", "deny"))
        except ValueError:
            continue
    return [rule for rule in made if rule.specifier]


def speaks_of(rule: Rule, path: str) -> bool:
    pattern = path_pattern(rule.specifier)
    base = f"{re.escape(pattern.base)}(?:/.*)?"
    if pattern.anchor == "anywhere":
        return re.fullmatch(f"(?:.*/)?{pattern.regex or base}", path, re.DOTALL) is not None
    if not pattern.regex:
        return f"{path}/".startswith(f"{WORKSPACE}/{pattern.base}".rstrip("/") + "/")
    return re.fullmatch(f"{WORKSPACE}/{pattern.regex}", path, re.DOTALL) is not None


@given(st.lists(SPECIFIER, max_size=6), PATH)
def test_the_rules_found_for_a_path_are_those_that_match_it(
    specifiers: list[str], path: str
) -> None:
    rules = rules_of(specifiers)
    index = PathIndex(TERRITORY)
    for rule in rules:
        index.add(rule, path_pattern(rule.specifier))
    assert set(index.find(path)) == {rule for rule in rules if speaks_of(rule, path)}


LABEL = st.sampled_from(["a", "b", "example", "org"])
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
TARGET = st.builds(lambda host, port: host + port, HOST, st.sampled_from(["", ":443", ":8080"]))
DOMAIN = st.builds(lambda star, target: star + target, st.sampled_from(["", "*."]), TARGET)


@given(st.lists(DOMAIN, max_size=6), TARGET, st.booleans())
def test_the_rules_found_for_a_host_are_those_that_match_it(
    domains: list[str], target: str, any_port: bool
) -> None:
    rules = [parse_rule(f"web(domain:{domain})", "deny") for domain in dict.fromkeys(domains)]
    index = HostIndex()
    for rule in rules:
        index.add(rule, host_pattern(rule.specifier))
    matching = {
        rule for rule in rules if host_pattern(rule.specifier).matches(target, any_port=any_port)
    }
    assert set(index.find(target, any_port=any_port)) == matching
