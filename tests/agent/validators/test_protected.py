"""Hidden files are not read, protected ones not written without a person."""

from collections.abc import Callable

import pytest

from kedge.agent.effects import Effect
from kedge.agent.ports import Action, Ask, Deny
from kedge.agent.validators.protected import ProtectedFiles

Make = Callable[..., Action]
FILES = ProtectedFiles(lambda path: path.name == ".env", lambda path: ".vscode" in path.parts)


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        (Effect("read", "/ws/.env"), Deny),
        (Effect("read", "/ws/.env", 0, (4, 8)), Deny),
        (Effect("write", "/ws/.env"), Ask),
        (Effect("delete", "/ws/.env"), Ask),
        (Effect("write", "/ws/.vscode/tasks.json"), Ask),
        (Effect("delete", "/ws/.vscode", recursive=True), Ask),
        (Effect("read", "/ws/.vscode/tasks.json"), None),
        (Effect("read", "/ws/a"), None),
        (Effect("write", "/ws/a"), None),
        (Effect("run", "/ws/.env"), None),
    ],
)
def test_paths_are_judged_by_the_policy(
    effect: Effect, verdict: type[Ask | Deny] | None, touch: Make
) -> None:
    verdicts = FILES.check(touch(Effect("read", "/ws/x"), effect))
    assert [(type(one), one.effects) for one in verdicts] == ([(verdict, (1,))] if verdict else [])


def test_a_person_may_let_a_command_read_what_is_hidden(touch: Make) -> None:
    (verdict,) = FILES.check(touch(Effect("read", "/ws/.env"), tool="escalate"))
    assert isinstance(verdict, Ask)
