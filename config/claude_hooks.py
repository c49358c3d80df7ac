"""Reads the hooks of a Claude Code settings file, as far as they mean the same here.

Format: https://code.claude.com/docs/en/hooks. Whatever else such a file says is left alone.
"""

import os
import pathlib
import stat
from collections.abc import Iterator

import msgspec
from msgspec import Struct, field

from .errors import ConfigError
from .hooks import CLAUDE_EVENTS
from .sources import Problem, Source
from .values import Table, Value

DEFAULT_TIMEOUT = 60.0
"""Seconds, where the file names none."""
_LARGEST = 1 << 20


class _Entry(Struct, frozen=True):
    type: str = "command"
    command: str = ""
    timeout: float = DEFAULT_TIMEOUT


class _Group(Struct, frozen=True):
    matcher: str = ""
    hooks: tuple[_Entry, ...] = ()


class _File(Struct, frozen=True):
    hooks: dict[str, tuple[_Group, ...]] = field(default_factory=dict[str, tuple[_Group, ...]])


class Imported(Struct, frozen=True):
    """What one file brings."""

    entries: list[Value]
    """As `[[hooks]]` tables."""
    problems: tuple[Problem, ...]
    """What is left out, and why."""
    text: str


def read_claude(file: pathlib.Path) -> Imported:
    """The hooks of a file; none, and a problem, if there is no such file.

    Raises:
        ConfigError: it cannot be read, or is not what Claude Code would understand.
    """
    try:
        text = _text(file)
    except (FileNotFoundError, NotADirectoryError):
        return Imported([], (Problem(str(file), 1, "hooks", "there is no such file"),), "")
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {error}", file=str(file)) from error
    try:
        groups = msgspec.json.decode(text, type=_File).hooks
    except msgspec.MsgspecError as error:
        raise ConfigError(f"not settings of Claude Code: {error}", file=str(file)) from error
    entries: list[Value] = []
    problems: list[Problem] = []
    for key, event, group, entry in _flat(groups):
        if why := _left_out(event, entry):
            line = text.count("\n", 0, text.find(f'"{event}"')) + 1
            problems.append(Problem(str(file), line, key, why))
        else:
            entries.append(_table(event, group, entry))
    return Imported(entries, tuple(problems), text)


def resolved(name: str, source: Source, base: pathlib.Path) -> pathlib.Path:
    """The file that an element of `hooks_from` means, relative to `base`.

    Raises:
        ConfigError: a relative path where there is no file that it could be relative to.
    """
    path = pathlib.Path(os.path.expanduser(name))
    if not source.is_file and not path.is_absolute():
        raise source.error(("hooks_from",), f"{name!r} is not absolute", hint="give the whole path")
    return base / path


def _flat(
    groups: dict[str, tuple[_Group, ...]],
) -> Iterator[tuple[str, str, _Group, _Entry]]:
    for event, members in groups.items():
        for place, group in enumerate(members):
            for entry in group.hooks:
                yield f"hooks.{event}[{place}]", event, group, entry


def _left_out(event: str, entry: _Entry) -> str:
    if event not in CLAUDE_EVENTS:
        return "ignored: kedge has no such event"
    if entry.type != "command" or not entry.command:
        return f"ignored: kedge runs no hooks of type {entry.type!r}"
    return "" if 0 < entry.timeout <= 3_600 else f"ignored: a timeout of {entry.timeout:g} s"


def _table(event: str, group: _Group, entry: _Entry) -> Table:
    table: Table = {"event": CLAUDE_EVENTS[event], "command": entry.command}
    table["timeout_seconds"] = float(entry.timeout)
    if group.matcher:
        table["match"] = group.matcher
    return table


def _text(file: pathlib.Path) -> str:
    # A pipe in the file's place would be waited for.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        data = opened.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"larger than {_LARGEST} bytes")
    return data.decode()
