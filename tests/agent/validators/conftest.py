"""Actions to judge, without a file system or a shell."""

from collections.abc import Callable

import pytest

from kedge.agent.effects import CommandPart, Effect, Risk
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action
from kedge.agent.validators.territory import Territory

TERRITORY = Territory(
    ("/ws", "/added"), "/home/me", readable=("/state/outputs",), scratch=("/scratch",)
)


def touching(*effects: Effect, tool: str = "edit") -> Action:
    return Action(ToolCall("1", tool, "{}"), {}, effects)


def running(
    line: str, *, risk: Risk = "unknown", exact: bool = True, forms: tuple[str, ...] = ()
) -> Action:
    """One simple command without quotes, and no effects besides."""
    part = CommandPart(tuple(line.split()), risk, "why", forms or (line,), exact)
    effect = Effect("run", line, 0, (0, len(line)), part)
    return Action(ToolCall("1", "bash", "{}"), {"command": line}, (effect,))


@pytest.fixture
def territory() -> Territory:
    return TERRITORY


@pytest.fixture
def touch() -> Callable[..., Action]:
    return touching


@pytest.fixture
def run() -> Callable[..., Action]:
    return running
