"""Rules that let through more than anybody can mean."""

import pytest

from kedge.config.rule_width import is_everything
from kedge.config.rules import parse_rule


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("bash", "every command"),
        ("bash(* --version)", "the program itself"),
        ("bash(sudo *)", "sudo runs whatever"),
        ("bash(git *)", "git runs programs"),
        ("edit(**)", "every path"),
        ("edit(**/*)", "every path"),
        ("read(//**)", "every path"),
        ("read(~/**)", "everything in your home"),
        ("edit(/**)", "everything in the project"),
        ("web(domain:*)", "every host"),
        ("mcp", "every tool of every server"),
        ("mcp(files)", "every tool of files"),
    ],
)
def test_a_rule_on_everything_is_told(rule: str, words: str) -> None:
    assert words in is_everything(parse_rule(rule, "allow"))


@pytest.mark.parametrize(
    "rule",
    [
        *("bash(npm *)", "bash(sudo ls)", "bash(git push *)", "edit(src/**)", "edit(*.py)"),
        *("read(//etc/**)", "web(domain:*.a.org)", "mcp(files.read)", "mcp(files.r*)", "todo"),
    ],
)
def test_a_rule_on_some_of_it_is_not(rule: str) -> None:
    assert is_everything(parse_rule(rule, "allow")) == ""
