"""Reads settings from `KEDGE_*` variables and from `--set key=value`."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from .errors import ConfigError, UsageError
from .settings import Settings
from .sources import Layer, Source
from .values import KeyPath, Table, Value, nested

PREFIX = "KEDGE_"
RESERVED = frozenset({"KEDGE_HOME", "KEDGE_RUN"})
"""Variables that are ours and are not settings."""

NARROWING_LISTS: frozenset[KeyPath] = frozenset(
    {
        *(("tools", "disabled"), ("sandbox", "never_read"), ("sandbox", "never_write")),
        *(("rules", "ask"), ("rules", "deny")),
    }
)
"""Lists whose every element takes something away."""

CONCATENATED: frozenset[KeyPath] = NARROWING_LISTS | {
    ("hooks",),
    ("hooks_from",),
    ("rules", "allow"),
    ("sandbox", "allow_hosts"),
    ("sandbox", "environment"),
    ("sandbox", "shown"),
}
"""Lists that layers add to instead of replacing them. A bare word there may be `a,b`; a comma in
parentheses belongs to what is in them."""

_COMMA = re.compile(r",(?![^(]*\))")


def variables() -> dict[str, KeyPath]:
    """Every variable that sets a value, and the value it sets."""
    found: dict[str, KeyPath] = {"KEDGE_MODE": ("mode",), "KEDGE_MODEL": ("model", "name")}
    for path in _paths(Settings(), ()):
        if len(path) > 1 and path != ("model", "name"):
            found[PREFIX + "_".join(path).upper()] = path
    return found


def _paths(values: msgspec.Struct, at: KeyPath) -> Iterator[KeyPath]:
    """Where every value is that is no table of names of the user's choice."""
    for name in values.__struct_fields__:
        value: object = getattr(values, name)
        if isinstance(value, msgspec.Struct):
            yield from _paths(value, (*at, name))
        elif not isinstance(value, dict):
            yield (*at, name)


def from_environment(env: Mapping[str, str]) -> Iterator[Layer]:
    """One layer for each variable of ours that is set and not empty, in alphabetical order.

    Raises:
        ConfigError: a variable begins with `KEDGE_` and is not known.
    """
    ours = sorted(name for name in env if name.startswith(PREFIX) and name not in RESERVED)
    known = variables() if ours else {}
    for name in ours:
        if name not in known:
            raise _unknown_variable(name, known)
        if env[name]:
            path = known[name]
            value = _listed(path, _value(env[name]))
            yield Layer(Source("environment", name, env[name]), nested(path, value))


def from_sets(sets: Iterable[str]) -> Iterator[Layer]:
    """One layer for each `key=value`: the value as TOML, or as it stands if it is not TOML.

    Raises:
        UsageError: no `=`, or a key that is not a dotted TOML key.
    """
    for text in sets:
        key, equals, raw = text.partition("=")
        try:
            keys = tomllib.loads(f"{key} = 0")
        except tomllib.TOMLDecodeError:
            keys = {}
        if not equals or len(keys) != 1 or "\n" in key:
            raise UsageError(
                f"--set {text!r} is not key=value", hint="for example --set limits.max_turns=50"
            )
        path = _only_path(keys)
        value = _listed(path, _value(raw.strip()))
        yield Layer(Source("set", f"--set {key.strip()}", raw), nested(path, value))


def _value(text: str) -> Value:
    try:
        parsed: Table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _listed(path: KeyPath, value: Value) -> Value:
    if path in CONCATENATED and isinstance(value, str):
        return [part.strip() for part in _COMMA.split(value) if part.strip()]
    return value


def _only_path(keys: Table) -> KeyPath:
    """The path of the only value in `keys`."""
    key, value = next(iter(keys.items()))
    return (key, *_only_path(value)) if isinstance(value, dict) else (key,)


def _unknown_variable(name: str, known: Iterable[str]) -> ConfigError:
    # Only a mistake pays for difflib.
    from .explain import nearest

    close = nearest(name, [*known, *RESERVED])
    guess = f"; did you mean {close}?" if close else ""
    return ConfigError(f"unknown variable{guess}", file=name, hint="kedge config show lists all")
