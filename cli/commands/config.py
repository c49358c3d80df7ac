"""`kedge config show`: every effective value, and where it came from."""

import sys
from collections.abc import Iterator
from typing import cast

import msgspec

from ...config.layers import Loaded
from ...config.sources import Origin
from ..surroundings import surroundings
from .settings import load_for_commands


class SettingRow(msgspec.Struct, frozen=True):
    """One effective value."""

    key: str
    value: object
    origin: str


def show_config(
    cd: str, profile: str, sets: tuple[str, ...], *, origin: bool, as_json: bool
) -> None:
    """Print the values, one per line.

    Raises:
        KedgeError: the configuration, or the directory, is wrong.
    """
    loaded = load_for_commands(surroundings(cd), profile=profile, sets=sets)
    for row in setting_rows(loaded):
        if as_json:
            line = msgspec.json.encode(row).decode()
        else:
            line = f"{row.key} = {msgspec.json.encode(row.value).decode()}"
            line += f"  # {row.origin}" if origin else ""
        sys.stdout.write(line + "\n")
    for problem in loaded.problems:
        sys.stderr.write(f"kedge: {problem}\n")


def setting_rows(loaded: Loaded) -> Iterator[SettingRow]:
    """Every effective value, and where it came from."""
    yield from _rows(msgspec.to_builtins(loaded.settings), loaded.origins)


def _rows(
    values: dict[str, object], origins: dict[str, Origin], at: str = ""
) -> Iterator[SettingRow]:
    for name, value in values.items():
        key = f"{at}{name}"
        table = _table(value)
        if table:
            yield from _rows(table, origins, f"{key}.")
        else:
            places = [str(place) for known, place in origins.items() if _is_part(known, key)]
            yield SettingRow(key, value, ", ".join(places) or "default")


def _table(value: object) -> dict[str, object]:
    """The value, if it is a table; else an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _is_part(known: str, key: str) -> bool:
    return known == key or known.startswith(f"{key}[")
