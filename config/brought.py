"""What a project brings that can execute or redirect, and whether the user trusts it to."""

import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from .claude_hooks import read_claude, resolved
from .hook_programs import files_named, sha256_of
from .sources import Layer, Problem, Source
from .trust import FILE, Changed, Standing, Trust, Trusted, Unknown
from .values import Table, Value, dotted

SHOWN_BYTES: Final = 16_384
"""Of a larger program, and of one that is no text, only the hash is shown."""


class Brought(Struct, frozen=True):
    """What one project brings."""

    root: pathlib.Path
    """The folder that holds `.kedge`, links resolved: what is trusted."""
    parts: str
    """All of it in its canonical form, as a person is shown it: what trust is bound to."""
    standing: Standing
    layers: tuple[Layer, ...]
    """The values, to be laid if `standing` is `Trusted`."""
    problems: tuple[Problem, ...]
    """What is left out however the folder stands, and all the rest while it is not trusted."""

    @property
    def trusted(self) -> bool:
        """Whether it counts."""
        return isinstance(self.standing, Trusted)


def brought(gated: Layer, data_dir: pathlib.Path | None) -> Brought:
    """What a project's file says beyond narrowing (`gated`), with the files that this names.

    Without a `data_dir` nothing is trusted.

    Raises:
        ConfigError: a file that it names is not what it should be; or the list of trusted folders
            is damaged.
    """
    root = pathlib.Path(os.path.realpath(pathlib.Path(gated.source.where).parent.parent))
    refused: list[Problem] = []
    own = Layer(gated.source, _without_rights(gated, refused))
    layers = [own]
    for layer, problems in imported(own, root):
        layers.append(layer)
        refused += problems
    parts = canonical(layers, root)
    standing = Trust(data_dir / FILE).state(root, parts) if data_dir else Unknown()
    if not isinstance(standing, Trusted):
        refused += _ignored(layers, changed=isinstance(standing, Changed))
    return Brought(root, parts, standing, tuple(layers), tuple(refused))


def imported(layer: Layer, base: pathlib.Path) -> Iterator[tuple[Layer, tuple[Problem, ...]]]:
    """A layer for each file that `hooks_from` names, relative to `base`.

    Raises:
        ConfigError: one that is there is not what it should be.
    """
    names = layer.values.get("hooks_from")
    for name in names if isinstance(names, list) else ():
        file = resolved(str(name), layer.source, base)
        found = read_claude(file)
        source = Source(layer.source.layer, str(file), found.text)
        yield Layer(source, {"hooks": found.entries}), found.problems


def canonical(layers: Sequence[Layer], root: pathlib.Path) -> str:
    """One line for each value, and the programs that the hooks name, with their content."""
    lines: list[str] = []
    programs: dict[pathlib.Path, None] = {}
    for place, layer in enumerate(layers):
        if place:
            lines.append(f"from {_legible(os.path.relpath(layer.source.where, root))}:")
        lines += (("  " if place else "") + line for line in _lines("", layer.values))
        for entry in _hooks(layer):
            programs.update(dict.fromkeys(files_named(_command(entry), root, (root,))))
    for path in programs:
        lines += _program(path, root)
    return "".join(f"{line}\n" for line in lines)


def _without_rights(layer: Layer, refused: list[Problem]) -> Table:
    """The values, but for what no project may say even when it is trusted."""
    values = dict(layer.values)
    if "hooks" not in values:
        return values
    kept: list[Value] = []
    for entry in _hooks(layer):
        if entry.get("may_allow"):
            reason = "ignored: only you may let a hook answer questions"
            refused.append(_problem(layer, ("hooks", "may_allow"), reason))
        kept.append({key: value for key, value in entry.items() if key != "may_allow"})
    return {**values, "hooks": kept}


def _ignored(layers: Sequence[Layer], *, changed: bool) -> Iterator[Problem]:
    reason = "ignored until this folder is trusted: kedge trust"
    if changed:
        reason = "ignored: it changed since this folder was trusted: kedge trust"
    for layer in layers:
        for path in _paths(layer.values, ()):
            yield _problem(layer, path, reason)


def _problem(layer: Layer, path: tuple[str, ...], reason: str) -> Problem:
    # Of files that are not TOML the line is not known.
    line = layer.source.line_of(path) or 1
    return Problem(layer.source.where, line, dotted(path), reason)


def _paths(table: Table, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _paths(value, (*path, key))
        elif value != []:
            yield (*path, key)


def _lines(at: str, value: Value) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _lines(f"{at}.{dotted((key,))}" if at else dotted((key,)), value[key])
    elif isinstance(value, list) and any(isinstance(element, dict) for element in value):
        for place, element in enumerate(value):
            yield from _lines(f"{at}[{place}]", element)
    else:
        yield f"{at} = {msgspec.json.encode(value).decode()}"


def _hooks(layer: Layer) -> Iterator[Table]:
    entries = layer.values.get("hooks")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield entry


def _command(entry: Table) -> str | tuple[str, ...]:
    command = entry["command"]
    return tuple(map(str, command)) if isinstance(command, list) else str(command)


def _program(path: pathlib.Path, root: pathlib.Path) -> Iterator[str]:
    """A program's hash, and its text behind a margin so that it cannot pass for anything else."""
    said = sha256_of(path) or "too large or unreadable: no hook that names it will run"
    yield f"program {_legible(str(path.relative_to(root)))}: {said}"
    try:
        data = path.read_bytes() if path.stat().st_size <= SHOWN_BYTES else b""
        text = data.decode()
    except (OSError, UnicodeDecodeError):
        return
    yield from (f"  | {line}" for line in text.splitlines())


def _legible(path: str) -> str:
    """A path as a single line of text, whatever bytes it has."""
    return path.encode("utf-8", "backslashreplace").decode().replace("\n", "\\n")
