"""What a change to a file would look like, for whoever is asked about it."""

import difflib
from collections.abc import Callable, Iterator

from ..agent.ports import Action
from .counts import counted

MAX_LINES = 200
"""Of a preview; the rest is counted."""

Read = Callable[[str], str]
"""The text of a file by the path that a model wrote; empty if there is none to be read."""


def preview(action: Action, read: Read) -> str:
    """A unified diff of what `write`, `edit` and `apply_patch` would do; empty for other tools."""
    given = {name: value for name, value in action.arguments.items() if isinstance(value, str)}
    path = given.get("file_path", "")
    match action.call.name:
        case "write" if "content" in given:
            lines = list(_diff(path, read(path), given["content"]))
        case "edit" if "old_string" in given and "new_string" in given:
            lines = list(_edited(path, read(path), given["old_string"], given["new_string"]))
        case "apply_patch" if "patch" in given:
            lines = given["patch"].splitlines()
        case _:
            return ""
    more = len(lines) - MAX_LINES
    return "\n".join([*lines[:MAX_LINES], f"… {counted(more, 'line')} more"] if more > 0 else lines)


def _edited(path: str, text: str, old: str, new: str) -> Iterator[str]:
    # Where it is not found so, the tool finds it in another way or refuses: then the words speak.
    before, after = (text, text.replace(old, new)) if old and old in text else (old, new)
    yield from _diff(path, before, after)


def _diff(path: str, before: str, after: str) -> Iterator[str]:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), path, path, lineterm="", n=3
    )
    yield from lines
