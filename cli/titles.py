"""What an action is called on a screen: its tool and its target, in one line."""

import re

import msgspec

from ..agent.events import ActionProposed
from .terminal import harmless

MAX_TITLE = 100
"""Characters."""

_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_TARGETS = ("file_path", "command", "path", "id", "text", "query")


def title(proposed: ActionProposed, cwd: str) -> str:
    """The tool and what it is about; paths below `cwd` as seen from there."""
    words = f"{_first_line(proposed.tool)} {_first_line(_target(proposed, cwd))}".rstrip()
    return words if len(words) <= MAX_TITLE else words[: MAX_TITLE - 1] + "…"


def _target(proposed: ActionProposed, cwd: str) -> str:
    given = _words(proposed)
    if "patch" in given:
        return ", ".join(_near(path, cwd) for path in _PATCHED.findall(given["patch"]))
    if "pattern" in given:
        pattern = _first_line(given["pattern"])
        return f"{pattern} in {_near(given['path'], cwd)}" if "path" in given else pattern
    for name in _TARGETS:
        if name in given:
            return _near(given[name], cwd)
    return ", ".join(_near(effect.target, cwd) for effect in proposed.effects)


def _words(proposed: ActionProposed) -> dict[str, str]:
    """The arguments that are words, also of a call that could not be understood."""
    given = proposed.arguments
    if isinstance(given, str):
        try:
            given = msgspec.json.decode(given, type=dict[str, object])
        except (msgspec.DecodeError, RecursionError):
            return {}
    return {name: value for name, value in given.items() if isinstance(value, str) and value}


def _near(path: str, cwd: str) -> str:
    return path.removeprefix(f"{cwd}/") if cwd else path


def _first_line(text: str) -> str:
    return (harmless(text).strip() or " ").splitlines()[0]
