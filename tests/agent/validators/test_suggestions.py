"""What "always" offers, and when it offers nothing."""

from collections.abc import Callable

import pytest

from kedge.agent.effects import Effect
from kedge.agent.ports import Action
from kedge.agent.validators.suggestions import covers, suggest
from kedge.agent.validators.territory import Territory

Make = Callable[..., Action]


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("npm run test", "bash(npm run test)"),
        ("git push origin HEAD~1", "bash(git push origin HEAD~1)"),
        ("make -j4 CC=gcc", "bash(make -j4 CC=gcc)"),
        ("./configure", "bash(./configure)"),
    ],
)
def test_a_command_is_offered_exactly(
    command: str, rule: str, run: Make, territory: Territory
) -> None:
    assert suggest(run(command), (0,), territory) == (rule,)


@pytest.mark.parametrize(
    "command",
    [
        *("git", "bash x", "sh -c x", "python3.12 x.py", "/usr/bin/python a", "node x", "sudo ls"),
        *("env ls", "xargs ls", "find . -delete", "ssh host", "npx x", "docker run x"),
        *("rm *.py", "ls $HOME", "cat ~/x", "ls [ab]", "echo `id`"),
    ],
)
def test_what_could_be_anything_is_not_offered(
    command: str, run: Make, territory: Territory
) -> None:
    assert suggest(run(command), (0,), territory) == ()


@pytest.mark.parametrize("risk", ["dangerous", "opaque"])
def test_what_is_dangerous_or_unclear_is_not_offered(
    risk: str, run: Make, territory: Territory
) -> None:
    assert suggest(run("make x", risk=risk), (0,), territory) == ()
    assert suggest(run("make x", exact=False), (0,), territory) == ()


@pytest.mark.parametrize(
    ("effect", "tool", "rules"),
    [
        (Effect("write", "/ws/src/a.py"), "write", ("edit(/src/a.py)",)),
        (Effect("write", "/ws/a[1]*.py"), "write", ("edit(/a\\[1]\\*.py)",)),
        (Effect("read", "/etc/hosts"), "read", ("read(//etc/hosts)",)),
        (Effect("reach", "a.org:443"), "fetch", ("web(domain:a.org)",)),
        (Effect("reach", "a.org:8080"), "fetch", ("web(domain:a.org:8080)",)),
        (Effect("run", "x"), "mcp__files__read", ("mcp(files.read)",)),
        (Effect("run", "x"), "weather", ()),
        (Effect("write", "/ws/x"), "escalate", ()),
    ],
)
def test_other_actions_are_offered_by_what_they_touch(
    effect: Effect, tool: str, rules: tuple[str, ...], touch: Make, territory: Territory
) -> None:
    assert suggest(touch(effect, tool=tool), (0,), territory) == rules


def _with(action: Action, line: str, *effects: Effect) -> Action:
    return Action(action.call, {"command": line}, (*action.effects, *effects))


def test_what_a_command_touches_is_offered_with_the_command(
    run: Make, territory: Territory
) -> None:
    action = _with(run("rm /ws/a"), "rm /ws/a", Effect("delete", "/ws/a", 0, (3, 8)))
    assert suggest(action, (1,), territory) == ("bash(rm /ws/a)",)
    outside = _with(run("rm /opt/a"), "rm /opt/a", Effect("delete", "/opt/a", 0, (3, 9)))
    assert suggest(outside, (1,), territory) == ()


def test_a_redirect_is_offered_by_its_file(run: Make, territory: Territory) -> None:
    action = _with(run("make x"), "make x > a", Effect("write", "/ws/a", 0, (7, 10)))
    assert suggest(action, (0, 1), territory) == ("bash(make x)", "edit(/a)")


def test_nothing_is_offered_where_a_part_cannot_be(run: Make, territory: Territory) -> None:
    action = _with(run("make x"), "make x | sh", *run("sh").effects)
    assert suggest(action, (0, 1), territory) == ()
    assert suggest(action, (0,), territory) == ("bash(make x)",)


@pytest.mark.parametrize(
    ("rules", "answered"),
    [
        (("bash(make *)",), True),
        (("bash(make)",), False),
        (("bash(npm *)", "bash(make install)"), True),
        (("bash((",), False),
        ((), False),
    ],
)
def test_rules_cover_what_they_would_allow_when_read_back(
    rules: tuple[str, ...], answered: bool, run: Make, territory: Territory
) -> None:
    assert covers(rules, run("make install"), (0,), territory) is answered


def test_rules_cover_several_effects_together(touch: Make, territory: Territory) -> None:
    action = touch(Effect("write", "/ws/a"), Effect("write", "/ws/b"))
    assert covers(("edit(/a)", "edit(/b)"), action, (0, 1), territory)
    assert not covers(("edit(/a)",), action, (0, 1), territory)
