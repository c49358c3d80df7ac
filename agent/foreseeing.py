"""The seam to tools that can say, before anybody is asked, that a call would fail as things are."""

from collections.abc import Collection, Sequence
from typing import Protocol, runtime_checkable

from .errors import ToolError
from .ports import Action, Arguments, Tool


@runtime_checkable
class Foresees(Protocol):
    """A tool that may know."""

    def require_possible(self, arguments: Arguments) -> None:
        """Return if `run` may work. Changes nothing.

        Raises:
            ToolError: as things are, `run` would raise just this.
        """
        ...


def foreseen(tool: Tool, action: Action, before: Collection[Action]) -> ToolError | None:
    """Why a call would fail as things are, if that is known. What is to happen `before` it may
    change that, where it touches the same."""
    if not isinstance(tool, Foresees) or _touches_same(action, list(before)):
        return None
    try:
        tool.require_possible(action.arguments)
    except ToolError as error:
        return error
    return None


def _touches_same(action: Action, others: Sequence[Action]) -> bool:
    targets = {effect.target for effect in action.effects}
    return any(effect.target in targets for other in others for effect in other.effects)
