"""The description of the surroundings that opens a session's first message.

It saves the model its first exploring calls. It is made once and stored, so that every later
request of the session begins with the same bytes.
"""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from .gitlook import Looked
from .repository import Repository
from .toolchains import toolchains

MAX_ENTRIES: Final = 60
"""Names of the working directory that are listed."""
MAX_BELOW: Final = 12
"""Names of each directory in it."""
MAX_LISTED: Final = 40
"""Directories whose names are listed."""
MAX_SCANNED: Final = 2_000
"""Entries of one directory that are looked at."""
_NOT_ENTERED: Final = frozenset({
    ".git", "node_modules", "__pycache__", ".venv", "venv", "target", "dist", "build", ".tox",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".idea", ".vscode", "vendor",
})  # fmt: skip

Hides = Callable[[Path], bool]


def describe(
    cwd: Path,
    repository: Repository | None,
    date: str,
    hides: Hides = lambda path: False,
    looked: Looked | None = None,
) -> str:
    """The description, ready to be a part of a message; `hides` says what is not named in it, and
    `looked` what git said."""
    names = list(_entries(cwd, hides))
    lines = [f"Working directory: {cwd}", f"Platform: {sys.platform}", f"Date: {date}"]
    lines += _git(cwd, repository, looked)
    found = toolchains(cwd, names, hides)
    if found.names:
        lines.append(f"Toolchains: {', '.join(found.names)}")
    if found.tests:
        lines.append(f"Tests, as configured: {'; '.join(found.tests)}")
    lines += _tree(cwd, names, hides)
    return "<environment>\n" + "\n".join(map(_legible, lines)) + "\n</environment>"


def _git(cwd: Path, repository: Repository | None, looked: Looked | None) -> Iterator[str]:
    if repository is None:
        yield "Git: not a repository"
        return
    where = f"branch {repository.branch}" if repository.branch else "detached HEAD"
    commit = f" at {repository.head[:12]}" if repository.head else ", no commit yet"
    root = "" if repository.root == cwd else f", root {repository.root}"
    yield f"Git: {where}{commit}{root}"
    if looked is not None:
        yield f"Status: {looked.status}"
        if looked.commits:
            yield "Recent commits:"
            yield from (f"  {commit}" for commit in looked.commits)


def _tree(cwd: Path, names: list[str], hides: Hides) -> Iterator[str]:
    """The directory's entries, and those of the directories in it."""
    if not names:
        yield "Entries: none, or they cannot be listed"
        return
    yield "Entries:"
    listed = 0
    for name in names[:MAX_ENTRIES]:
        folder = cwd / name
        enter = listed < MAX_LISTED and name not in _NOT_ENTERED and _is_folder(folder)
        listed += enter
        below = list(_entries(folder, hides)) if enter else []
        yield f"  {name}{'/' if _is_folder(folder) else ''}{_shortened(folder, below)}"
    if len(names) > MAX_ENTRIES:
        yield f"  … and {len(names) - MAX_ENTRIES} more"


def _shortened(folder: Path, names: list[str]) -> str:
    shown = [f"{name}/" if _is_folder(folder / name) else name for name in names[:MAX_BELOW]]
    more = f" … and {len(names) - MAX_BELOW} more" if len(names) > MAX_BELOW else ""
    return f": {' '.join(shown)}{more}" if shown else ""


def _entries(folder: Path, hides: Hides) -> Iterator[str]:
    """Names in a directory that may be named, sorted."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in islice(entries, MAX_SCANNED))
    except OSError:
        return
    yield from (name for name in names if name != ".git" and not hides(folder / name))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _legible(line: str) -> str:
    """A file name may hold line breaks, and bytes that are no characters."""
    return "".join(mark if mark.isprintable() else "?" for mark in line)
