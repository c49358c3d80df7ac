"""Cleans up after a file tool that was killed while it replaced a file."""

from pathlib import Path

from ...sandbox.leftovers import remove_leftovers
from ...sandbox.paths import Roots
from ..events import ActionEnded, ActionProposed, Event


class Leftovers:
    """Knows from the record where a killed process may have left something."""

    def __init__(self, roots: Roots) -> None:
        """`roots` are the directories that the tools change."""
        self._roots = roots
        self._places: dict[str, set[Path]] = {}

    def hear(self, event: Event) -> None:
        """Look where an action worked whose end nobody saw. Never raises."""
        match event.body:
            case ActionProposed(id, effects=effects):
                changed = (one for one in effects if one.kind in ("write", "delete"))
                self._places[id] = {Path(one.target).parent for one in changed}
            case ActionEnded(id, status=status):
                places = self._places.pop(id, set())
                if status == "unknown":
                    remove_leftovers(places, self._roots)
            case _:
                pass
