"""The files that say what is ignored, as far as a checkpoint has to know of them."""

import os
from collections.abc import Iterable
from pathlib import Path

from .snapshot import State

RULE_FILES = (".rgignore", ".ignore", ".gitignore")
"""Files that say what is ignored."""
EXCLUDE = ".git/info/exclude"
"""What a repository ignores without saying so in its tree."""

Stamp = tuple[int, int] | None
"""A file's time of change and number; None if there is none."""


def stamp(path: str) -> Stamp:
    """What a file is recognised by."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ctime_ns, found.st_ino


def stamps_above(root: str) -> dict[str, Stamp]:
    """The places of rules above a directory. Of a repository there only matters whether it is."""
    parents = [str(parent).rstrip("/") for parent in Path(root).parents]
    places = [f"{parent}/{name}" for parent in parents for name in (*RULE_FILES, EXCLUDE)]
    return {place: stamp(place) for place in places}


def effective(paths: Iterable[str]) -> dict[bytes, bytes]:
    """The lines of these files that say something, of those that say anything."""
    found: dict[bytes, bytes] = {}
    for path in sorted(paths):
        try:
            lines = Path(path).read_bytes().splitlines()
        except OSError:
            continue
        if said := [line for line in lines if line.strip() and not line.startswith(b"#")]:
            found[os.fsencode(path)] = b"\n".join(said)
    return found


def repositories(roots: Iterable[Path], inside: Iterable[str]) -> tuple[bytes, ...]:
    """The directories that hold a repository: these inside, and those around the roots."""
    around = (str(up) for root in roots for up in root.parents if os.path.lexists(up / ".git"))
    return tuple(sorted({os.fsencode(path) for path in (*inside, *around)}))


def unsettled(then: State, now: State) -> set[str]:
    """The directories below which files may be ignored in one state and not in the other, for a
    reason that lies in neither."""
    old, new = then.manifest, now.manifest
    others = {
        path for path in {*old.rules, *new.rules} if old.rules.get(path) != new.rules.get(path)
    }
    found = {_reach(os.fsdecode(path)) for path in others}
    speaking = {_reach(os.fsdecode(path)) for path in {*old.rules, *new.rules}}
    for place in map(os.fsdecode, {*old.repositories} ^ {*new.repositories}):
        above = [str(up) for up in Path(place).parents]
        if speaking.intersection(above) or any(
            _kept(state, up) for state in (then, now) for up in above
        ):
            found.add(place)
    return found


def _reach(rule_file: str) -> str:
    """The directory of whose files a rule file speaks."""
    return (
        rule_file.removesuffix(f"/{EXCLUDE}")
        if rule_file.endswith(EXCLUDE)
        else os.path.dirname(rule_file)
    )


def _kept(state: State, directory: str) -> bool:
    """Whether a state holds rules in a directory."""
    return any(state.entry(f"{directory}/{name}") for name in RULE_FILES)
