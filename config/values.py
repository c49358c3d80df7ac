"""Values as TOML spells them, before anything is known about their meaning."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime, time
    from typing import TypeAlias

    Value: TypeAlias = (
        "str | int | float | bool | datetime | date | time | list[Value] | dict[str, Value]"
    )
else:
    # msgspec resolves annotations at run time and knows no recursive aliases.
    Value = object

Table = dict[str, Value]
"""A TOML table: keys to values, nested."""

KeyPath = tuple[str, ...]
"""The keys that lead from the top to a value."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dotted(path: KeyPath) -> str:
    """The path as TOML writes it, parts that are not bare in double quotes.

    >>> dotted(("models", "openai/gpt-6", "images"))
    'models."openai/gpt-6".images'
    """
    return ".".join(part if _BARE_KEY.fullmatch(part) else _quoted(part) for part in path)


def _quoted(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def merged(low: Table, high: Table) -> Table:
    """`high` over `low`: tables merge, everything else replaces. Neither argument changes."""
    result = dict(low)
    for key, value in high.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = merged(below, value)
        result[key] = value
    return result


def nested(path: KeyPath, value: Value) -> Table:
    """The table that has only `value`, at `path`, which must not be empty."""
    for key in reversed(path[1:]):
        value = {key: value}
    return {path[0]: value}


def value_at(values: Value, path: KeyPath) -> Value | None:
    """The value that `path` leads to; None where it leads nowhere."""
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return None
        values = values[part]
    return values
