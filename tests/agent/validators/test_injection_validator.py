"""After a result that tried to steer, what matters is asked about, and nothing else."""

from pathlib import Path

import pytest

from kedge.agent.effects import CommandPart, Effect, Risk
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Ask
from kedge.agent.validators.injection import InjectionValidator
from kedge.agent.validators.territory import Territory

VALIDATOR = InjectionValidator(Territory(roots=("/w",)), lambda path: path == Path("/w/kept"))
TAINT = "fetch: asks to ignore earlier instructions"


def run(risk: Risk) -> Effect:
    return Effect("run", "x", part=0, command=CommandPart(("x",), risk, "why"))


def action(effects: tuple[Effect, ...], tainted: str = TAINT) -> Action:
    return Action(ToolCall("1", "bash", "{}"), {}, effects, tainted=tainted)


@pytest.mark.parametrize(
    "effect",
    [
        Effect("reach", "evil.test:443"),
        Effect("delete", "/w/a.py"),
        run("unknown"),
        run("dangerous"),
        run("opaque"),
        Effect("run", "an external tool"),
        Effect("write", "/home/me/.bashrc"),
        Effect("write", "/w/kept"),
        Effect("write", "/w/Makefile"),
        Effect("write", "/w/sub/package.json"),
        Effect("write", "/w/.github/workflows/ci.yml"),
        Effect("write", "/w/tool.sh"),
        Effect("write", "/w/AGENTS.md"),
        Effect("read", "/home/me/.netrc"),
    ],
)
def test_what_matters_is_asked_about_after_an_attempt_to_steer(effect: Effect) -> None:
    harmless = Effect("read", "/w/a.py")
    (verdict,) = VALIDATOR.check(action((harmless, effect)))
    assert isinstance(verdict, Ask)
    assert verdict.effects == (1,)
    assert TAINT in verdict.reason
    assert VALIDATOR.check(action((harmless, effect), tainted="")) == ()


@pytest.mark.parametrize(
    "effect", [Effect("read", "/w/a.py"), Effect("write", "/w/src/a.py"), run("safe")]
)
def test_ordinary_work_goes_on(effect: Effect) -> None:
    assert VALIDATOR.check(action((effect,))) == ()
