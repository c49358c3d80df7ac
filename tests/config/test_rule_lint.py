"""What is remarked on a set of rules."""

import pytest

from kedge.config.rule_lint import lint


def remarks(**lists: list[str]) -> list[tuple[str, str, str]]:
    items = [
        (verdict, rule, f"c.toml:{verdict}{index}")
        for verdict in ("deny", "ask", "allow")
        for index, rule in enumerate(lists.get(verdict, []))
    ]
    return [(remark.level, remark.what, remark.origin) for remark in lint(items)]


def test_rules_that_are_in_order_are_not_remarked_on() -> None:
    assert (
        remarks(
            allow=["bash(npm test *)", "edit(src/**)", "web(domain:a.org)", "mcp(a.b)"],
            ask=["bash(npm test x)", "edit(src/keep)"],
            deny=["bash(git push *)", "read(.env)", "web(domain:b.org)", "mcp(a.c)"],
        )
        == []
    )


@pytest.mark.parametrize(
    ("allow", "deny"),
    [
        ("bash(git push origin)", "bash(git push *)"),
        ("bash(git push origin *)", "bash(git push *)"),
        ("bash(git push * main)", "bash(git *)"),
        ("bash(git status)", "bash"),
        ("edit(src/a/**)", "edit(src/**)"),
        ("edit(src/*.py)", "edit(/src)"),
        ("read(a/.env)", "read(.env)"),
        ("web(domain:x.a.org)", "web(domain:*.a.org)"),
        ("web(domain:*.x.a.org)", "web(domain:*.a.org)"),
        ("mcp(a.b)", "mcp(a)"),
        ("escalate(read:~/x/y)", "escalate(read:~/x)"),
    ],
)
def test_an_allow_rule_under_a_wider_one_is_remarked_on(allow: str, deny: str) -> None:
    assert ("warning", "shadowed", "c.toml:allow0") in remarks(allow=[allow], deny=[deny])
    assert ("warning", "shadowed", "c.toml:allow0") in remarks(allow=[allow], ask=[deny])


@pytest.mark.parametrize(
    ("allow", "deny"),
    [
        ("bash(git push *)", "bash(git push --force *)"),
        ("bash(git push *)", "bash(git push * main)"),
        ("edit(*.md)", "edit(/*.md)"),
        ("edit(src/**)", "edit(src/a)"),
        ("web(domain:*.a.org)", "web(domain:x.a.org)"),
        ("escalate(read:~/x)", "escalate(write:~/x)"),
    ],
)
def test_an_exception_to_an_allow_rule_is_not(allow: str, deny: str) -> None:
    assert remarks(allow=[allow], deny=[deny]) == []


def test_what_is_broken_contradicts_itself_or_is_said_twice_is_remarked_on() -> None:
    assert remarks(allow=["bsh"]) == [("error", "broken", "c.toml:allow0")]
    assert remarks(allow=["Bash(a b)", "bash(a b)"]) == [("warning", "duplicate", "c.toml:allow1")]
    assert remarks(allow=["bash(a)"], deny=["bash(a)"]) == [
        ("error", "contradictory", "c.toml:allow0")
    ]


def test_a_project_that_tightens_what_its_user_allows_is_no_error() -> None:
    found = lint([("deny", "bash(a)", "project.toml:1"), ("allow", "bash(a)", "user.toml:1")])
    assert [(remark.level, remark.what) for remark in found] == [("warning", "contradictory")]


@pytest.mark.parametrize(
    "rule",
    ["bash", "bash(* x)", "bash(python3.12 *)", "bash(sudo *)", "bash(sh -c *)", "bash(git *)"],
)
def test_an_allow_rule_for_anything_at_all_is_remarked_on(rule: str) -> None:
    assert remarks(allow=[rule]) == [("warning", "wide", "c.toml:allow0")]
