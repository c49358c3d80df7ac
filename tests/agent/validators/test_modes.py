"""The modes, as a table."""

from collections.abc import Callable

import pytest

from kedge.agent.effects import Effect
from kedge.agent.ports import Action, Allow, Deny
from kedge.agent.validators.modes import ModeValidator
from kedge.agent.validators.territory import Territory

Make = Callable[..., Action]


def said(validator: ModeValidator, action: Action) -> str:
    """`allow`, `deny` or `silence` on the one effect of an action."""
    verdicts = list(validator.check(action))
    if any(isinstance(verdict, Deny) for verdict in verdicts):
        return "deny"
    return "allow" if any(isinstance(verdict, Allow) for verdict in verdicts) else "silence"


_EFFECTS = [
    # effect, plan, ask, auto, full
    (Effect("read", "/ws/a"), "allow allow allow allow"),
    (Effect("read", "/added"), "allow allow allow allow"),
    (Effect("read", "/state/outputs/x"), "allow allow allow allow"),
    (Effect("read", "/scratch/x"), "allow allow allow allow"),
    (Effect("read", "/etc/passwd"), "silence silence silence allow"),
    (Effect("read", "/wsx/a"), "silence silence silence allow"),
    (Effect("write", "/ws/a"), "deny silence allow allow"),
    (Effect("delete", "/ws/a", recursive=True), "deny silence allow allow"),
    (Effect("write", "/scratch/a"), "deny silence allow allow"),
    (Effect("write", "/state/outputs/x"), "deny silence silence allow"),
    (Effect("write", "/home/me/a"), "deny silence silence allow"),
    (Effect("reach", "a.org:443"), "deny silence silence allow"),
    (Effect("run", "a tool that says nothing of itself"), "deny silence silence allow"),
]


@pytest.mark.parametrize(("effect", "expected"), _EFFECTS)
def test_a_mode_allows_what_its_name_says(
    effect: Effect, expected: str, touch: Make, territory: Territory
) -> None:
    modes = ("plan", "ask", "auto", "full")
    found = [said(ModeValidator(mode, territory), touch(effect)) for mode in modes]
    assert " ".join(found) == expected


@pytest.mark.parametrize(
    ("risk", "confined", "expected"),
    [
        ("safe", False, "allow allow allow allow"),
        ("unknown", False, "deny silence silence allow"),
        ("unknown", True, "deny silence allow allow"),
        ("dangerous", True, "deny silence silence allow"),
        ("opaque", True, "deny silence silence allow"),
    ],
)
def test_commands_go_by_what_is_known_of_them(
    risk: str, confined: bool, expected: str, run: Make, territory: Territory
) -> None:
    action = run("npm test", risk=risk)
    modes = ("plan", "ask", "auto", "full")
    found = [said(ModeValidator(mode, territory, confined=confined), action) for mode in modes]
    assert " ".join(found) == expected


@pytest.mark.parametrize("mode", ["ask", "auto", "full"])
@pytest.mark.parametrize("kind", ["read", "write"])
def test_no_mode_allows_leaving_the_sandbox(
    mode: str, kind: str, touch: Make, territory: Territory
) -> None:
    action = touch(Effect(kind, "/ws/.env"), tool="escalate")
    assert said(ModeValidator(mode, territory, confined=True), action) == "silence"


def test_plan_denies_leaving_the_sandbox_to_write(touch: Make, territory: Territory) -> None:
    action = touch(Effect("write", "/ws/x"), tool="escalate")
    assert said(ModeValidator("plan", territory), action) == "deny"


def test_the_verdict_speaks_of_the_effects_it_is_about(touch: Make, territory: Territory) -> None:
    action = touch(Effect("write", "/ws/a"), Effect("read", "/ws/a"), Effect("reach", "a.org"))
    assert ModeValidator("ask", territory).check(action) == [Allow("mode ask allows it", (1,))]


def test_without_a_workspace_nothing_is_inside(touch: Make) -> None:
    assert said(ModeValidator("auto"), touch(Effect("read", "/ws/a"))) == "silence"
