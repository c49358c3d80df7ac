"""Changes one value in the settings file that a person wrote, and nothing else in it: comments,
order and spelling stay.

A file is changed as text. What came of it is read again, and counts only if it says what the file
said, with the one value; so no form of TOML that is unknown here can be damaged.
"""

import pathlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import starmap
from typing import Final

import msgspec

from .errors import ConfigError
from .private import private_folder
from .replacing import alone, replace_file
from .values import KeyPath, Table, Value, dotted, merged, nested

Plain = str | bool | list[Value]
"""What can be kept."""

_HEADER: Final = re.compile(r"[ \t]*\[(?P<name>[^\[\]]+)\][ \t]*(?:#.*)?")
_ENTRY: Final = re.compile(
    r"(?P<key>[ \t]*[\w.\"' \t-]+?[ \t]*=[ \t]*)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s#\"']+)(?P<rest>[ \t]*(?:#.*)?)"
)


def keep(file: pathlib.Path, path: KeyPath, value: Plain) -> None:
    """Write the value into the file, which need not exist; a link is followed.

    Raises:
        ConfigError: it is not TOML or cannot be read or written; it is as it was.
    """
    keep_all(file, {path: value})


def keep_all(file: pathlib.Path, values: Mapping[KeyPath, Plain]) -> None:
    """Write all of the values, or none; see `keep`.

    Raises:
        ConfigError: as `keep`.
    """
    try:
        place = file.resolve()
        private_folder(place.parent)
        with alone(place.parent):
            text = place.read_bytes().decode() if place.exists() else ""
            new = text
            for path, value in values.items():
                new = with_value(new, path, value)
            replace_file(place, new.encode(), private=not place.exists())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"{', '.join(map(dotted, values))} could not be kept: {reason}",
            file=str(file),
            hint=f"to keep it, write there: {'; '.join(starmap(_line, values.items()))}",
        ) from error


def with_value(text: str, path: KeyPath, value: Plain) -> str:
    """The text of a settings file with this value.

    Raises:
        TOMLDecodeError: it is not TOML, or of a form that cannot be changed in one place.
    """
    before: Table = tomllib.loads(text)
    wanted = merged(before, nested(path, value))
    if wanted == before:
        return text
    for after in _attempts(text, path, _spelled(value)):
        if _reads(after) == wanted:
            return after
    raise tomllib.TOMLDecodeError("its form is not one that is changed by itself")


def _reads(text: str) -> Table | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _attempts(text: str, path: KeyPath, value: str) -> Iterator[str]:
    """Instead of a line that is there, at the end of its table, in a table of its own, on top."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    tables = list(_tables(lines))
    for at, line in enumerate(lines):
        entry = _ENTRY.fullmatch(line.rstrip("\r\n"))
        if entry and (*tables[at], *_keys(entry["key"].rstrip("= \t"))) == path:
            tail = line[len(line.rstrip("\r\n")) :]
            new = f"{entry['key']}{value}{entry['rest']}{tail}"
            yield "".join((*lines[:at], new, *lines[at + 1 :]))
    said = f"{dotted(path[-1:])} = {value}{end}"
    within = [at for at, table in enumerate(tables) if table == path[:-1] and lines[at].strip()]
    if within and len(path) > 1:
        last = within[-1] + 1
        whole = [*lines[: last - 1], lines[last - 1].rstrip("\r\n") + end]
        yield "".join((*whole, said, *lines[last:]))
    above = f"{text.rstrip()}{end}{end}" if text.strip() else ""
    if len(path) > 1:
        yield f"{above}[{dotted(path[:-1])}]{end}{said}"
    yield f"{dotted(path)} = {value}{end}{text}"


def _tables(lines: list[str]) -> Iterator[KeyPath]:
    """Of each line the table that it stands in."""
    table: KeyPath = ()
    for line in lines:
        if header := _HEADER.fullmatch(line.rstrip("\r\n")):
            table = _keys(header["name"])
        elif line.lstrip().startswith("[["):
            table = ("[[",)
        yield table


def _keys(name: str) -> KeyPath:
    """The parts of a dotted key, as far as they hold no dot themselves."""
    return tuple(part.strip().strip("\"'") for part in name.strip().split("."))


def _line(path: KeyPath, value: Plain) -> str:
    return f"{dotted(path)} = {_spelled(value)}"


def _spelled(value: Plain) -> str:
    # What JSON says of a text, texts or a truth value, TOML says in the same way.
    return msgspec.json.encode(value).decode()
