"""Keeps what an action is about to delete. Imports the trash when there is something to keep."""

from pathlib import Path

from ..agent.ports import Action
from ..config.errors import KedgeError
from ..sandbox.paths import Roots


class Preserving:
    """What a session does before an action that deletes."""

    def __init__(self, folder: Path, roots: Roots) -> None:
        """`folder` is the session's in the trash, see `sandbox.trash`; `roots` are where it
        works: what is outside is not kept."""
        self._folder = folder
        self._roots = roots

    def __call__(self, action: Action) -> str:
        """Keep it; words for a person where something is not covered, else empty. Blocks, for
        about a second at most, and never raises what a file system may do."""
        paths = [
            path
            for effect in action.effects
            if effect.kind == "delete"
            and any((path := Path(effect.target)).is_relative_to(root) for root in self._roots.all)
        ]
        if not paths:
            return ""
        from ..sandbox.trash import Trash

        try:
            trash = Trash(self._folder)
            kept = trash.keep(paths, _why(action), self._roots, action=action.call.id)
        except (OSError, KedgeError) as error:
            return f"what this deletes cannot be brought back: the trash failed: {error}"
        return kept.notice if kept else ""


def _why(action: Action) -> str:
    """Who deletes, for a list: the tool, or the programs of a command line; never its words, which
    may hold a secret."""
    parts = {effect.part for effect in action.effects if effect.kind == "delete"}
    programs = [
        effect.command.words[0]
        for effect in action.effects
        if effect.command is not None and effect.command.words and effect.part in parts
    ]
    return ", ".join(dict.fromkeys(programs)) or action.call.name
