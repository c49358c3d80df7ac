"""Rules in the layers: they add up, each knows its line, and a project may only tighten."""

import pathlib
from typing import Protocol

import pytest

from kedge.config.errors import ConfigError
from kedge.config.layers import Flag, Loaded
from kedge.config.lines import line_of_item
from kedge.config.rules import rules_of

_USER = """\
mode = "ask"
[rules]
allow = ["bash(git status)", # a comment, with a comma
  {rule = "bash(npm test *)", match = ["npm test a"]},
  'read(a,b)',
]
deny = ["bash(git push *)"]
"""


class Machine(Protocol):
    user: pathlib.Path
    project: pathlib.Path
    env: dict[str, str]

    def load(self, **how: object) -> Loaded: ...


def _said(loaded: Loaded) -> dict[str, tuple[str, str]]:
    rules = rules_of(loaded.settings.rules, loaded.origins)
    return {rule.text: (rule.verdict, rule.origin) for rule in rules}


def test_every_rule_knows_the_line_it_was_written_on(machine: Machine) -> None:
    machine.user.write_text(_USER)
    assert _said(machine.load()) == {
        "bash(git push *)": ("deny", f"{machine.user}:7"),
        "bash(git status)": ("allow", f"{machine.user}:3"),
        "bash(npm test *)": ("allow", f"{machine.user}:4"),
        "read(a,b)": ("allow", f"{machine.user}:5"),
    }


def test_rules_of_all_layers_add_up(machine: Machine) -> None:
    machine.user.write_text(_USER)
    machine.env["KEDGE_RULES_DENY"] = "edit(a,b), web"
    flags = {"rules.allow": Flag("--allow", ["bash(make)"])}
    said = _said(machine.load(sets=['rules.ask=["todo"]'], flags=flags))
    assert len(said) == 8
    assert said["edit(a,b)"] == ("deny", "KEDGE_RULES_DENY")
    assert said["web"] == ("deny", "KEDGE_RULES_DENY")
    assert said["bash(make)"] == ("allow", "--allow")
    assert said["todo"] == ("ask", "--set rules.ask")


def test_a_project_may_deny_and_ask_but_not_allow(machine: Machine) -> None:
    machine.project.write_text(
        '[rules]\nallow = ["bash(make)"]\nask = ["bash(npm *)"]\ndeny = ["edit(/docs)"]\n'
    )
    loaded = machine.load()
    assert _said(loaded) == {
        "edit(/docs)": ("deny", f"{machine.project}:4"),
        "bash(npm *)": ("ask", f"{machine.project}:3"),
    }
    assert [(problem.key, problem.line) for problem in loaded.problems] == [("rules.allow", 2)]


def test_a_wrong_rule_is_found_with_file_and_line(machine: Machine) -> None:
    machine.user.write_text('[rules]\ndeny = [\n  "todo",\n  "bsh(x)",\n]\n')
    loaded = machine.load()
    with pytest.raises(ConfigError, match="bsh") as raised:
        rules_of(loaded.settings.rules, loaded.origins)
    assert str(raised.value).startswith(f"{machine.user}:4: ")


def test_an_item_that_is_no_rule_is_an_error(machine: Machine) -> None:
    machine.user.write_text("[rules]\ndeny = [7]\n")
    with pytest.raises(ConfigError) as raised:
        machine.load()
    assert raised.value.line == 2


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('a.b = ["x", "y"]', [1, 1]),
        ("[a]\nb = [\n'x', # ]\n\n\"]\",]\n", [3, 5]),
        ("[a]\nb = [ [1,\n2],\n{k = [3,\n4]}, 5 ]\n", [2, 4, 5]),
        ("[a]\nb = [\"\"\"one\ntwo\"\"\",\n'''three''']\n", [2, 4]),
        ("[[a.b]]\nx = 1\n[[a.b]]\nx = 2\n", [1, 3]),
    ],
)
def test_the_line_of_an_item_is_found(text: str, lines: list[int]) -> None:
    assert [line_of_item(text, ("a", "b"), index) for index in range(len(lines))] == lines
