"""What a project may say: what narrows always, what can execute or redirect once it is trusted,
and what else would widen never."""

import os
import pathlib
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from .environment import NARROWING_LISTS
from .sandbox import LEVELS
from .settings import MODES
from .sources import Layer, Problem
from .values import KeyPath, Table, Value, dotted, merged, nested, value_at

FILE = pathlib.PurePath(".kedge", "config.toml")
"""Where a project keeps its settings, below its root or any folder on the way to it."""

TRUSTABLE: Final[tuple[KeyPath, ...]] = (
    *(("hooks",), ("hooks_from",), ("rules", "allow")),
    *(("providers",), ("models",), ("model",), ("http",), ("retry",)),
    *(("tools", "texts"), ("shell",), ("read",)),
    *(("sandbox", "allow_hosts"), ("sandbox", "environment"), ("sandbox", "shown")),
)
"""Values, and tables with all that is in them, that a project may set once it is trusted."""

_STRICTNESS: dict[str, int] = {mode: rank for rank, mode in enumerate(MODES)}
_LEVELS: dict[str, int] = {level: rank for rank, level in enumerate(LEVELS)}
_ZERO_IS_NONE = frozenset({("limits", "verify_rounds")})


class Narrowed(Struct, frozen=True):
    """A project's layer, taken apart."""

    values: Table
    """What narrows."""
    problems: tuple[Problem, ...]
    """One for each value that was left out because it would not narrow anything."""
    gated: Table
    """What counts once the project is trusted."""


def find(cwd: pathlib.Path) -> pathlib.Path | None:
    """The nearest project file from `cwd` up to the root of its repository, the folder that
    holds `.git`. Outside a repository only `cwd` itself counts."""
    nearest: pathlib.Path | None = None
    for folder in (cwd, *cwd.parents):
        # os.path, because pathlib raises for a folder that may not be searched.
        if nearest is None and os.path.isfile(folder / FILE):
            nearest = folder / FILE
        if os.path.exists(folder / ".git"):
            return nearest
    return cwd / FILE if os.path.isfile(cwd / FILE) else None


def narrowed(layer: Layer, below: Table) -> Narrowed:
    """A checked layer against `below`, the complete values under it."""
    kept: Table = {}
    gated: Table = {}
    problems: list[Problem] = []
    for path, value in _leaves(layer.values, ()):
        current = value_at(below, path)
        if path in NARROWING_LISTS or _is_narrower(path, value, current):
            kept = merged(kept, nested(path, value))
        elif any(path[: len(key)] == key for key in TRUSTABLE):
            # Also what holds already: what a person is shown must not depend on the layers below.
            gated = merged(gated, nested(path, value))
        elif value != current:
            reason = "ignored: a project may only narrow what you allow"
            if current is not None:
                reason += f", and {value!r} does not narrow {current!r}"
            problems.append(
                Problem(layer.source.where, layer.source.line_of(path), dotted(path), reason)
            )
    return Narrowed(kept, tuple(problems), gated)


def _is_narrower(path: KeyPath, value: Value, current: Value | None) -> bool:
    match value, current:
        case str(), str() if path == ("mode",):
            return _STRICTNESS[value] < _STRICTNESS[current]
        case str(), str() if path == ("sandbox", "level"):
            return _LEVELS[value] < _LEVELS[current]
        case ((int() | float()), (int() | float())) if path[0] in ("limits", "budgets", "sandbox"):
            if path in _ZERO_IS_NONE:
                return value < current
            # Elsewhere 0 is no limit at all.
            return value != 0 and (current == 0 or value < current)
        case _:
            return False


def _leaves(table: Table, path: KeyPath) -> Iterator[tuple[KeyPath, Value]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
