"""What the search tools have in common: places to search, order, and pages of results."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import ToolError
from ..messages import Text
from ..ports import Output
from .workspace import Workspace

_MOST_BYTES = 30_000
"""Of one result."""
_WIDEST = 500
"""Characters of a line."""


def page(
    rows: Sequence[str],
    offset: int,
    limit: int,
    noun: str,
    notes: Iterable[str] = (),
    *,
    complete: bool = True,
) -> Output:
    """One page of results, with words on how to go on.

    Args:
        rows: all results from the first on, or as many as are known.
        offset: rows left out.
        limit: rows shown, if they fit.
        noun: what the rows are, in the plural.
        notes: what else to say, behind.
        complete: whether `rows` are all there is.
    """
    shown = _fitting(rows[offset : offset + limit])
    end = offset + len(shown)
    whole = complete and end >= len(rows)
    remarks = list(notes)
    if not shown:
        remarks.insert(0, f"nothing from offset={offset} on: there are {len(rows)}")
    elif not whole or offset:
        total = f" of {len(rows)}" if complete else ""
        more = "" if whole else f"; go on with offset={end}"
        remarks.insert(0, f"{noun} {offset + 1}-{end}{total}{more}")
    return written((*shown, *(f"[{remark}]" for remark in remarks)), cut=not whole)


def written(lines: Iterable[str], *, cut: bool = False) -> Output:
    """Lines as an output; `cut`: there is more."""
    return Output((Text("\n".join(lines)),), truncated=cut)


def fold(text: str) -> str:
    """A line, cut visibly if it is long."""
    return text if len(text) <= _WIDEST else text[:_WIDEST] + " … [long line cut]"


def printable(path: str) -> str:
    """A path in valid Unicode, whatever bytes it has."""
    return path if path.isascii() else os.fsencode(path).decode(errors="replace")


def newest_first(directory: Path, paths: Iterable[str]) -> list[str]:
    """Sort files by their time of change, then by path; blocks."""
    start = f"{directory}/"
    return sorted(paths, key=lambda path: (-_changed(start + path), path))


def existing(workspace: Workspace, path: str) -> Path:
    """The resolved place of a path that must be there.

    Raises:
        ToolError: `outside_workspace`, `not_found` with similar names, or `other` for what is
            never read.
    """
    place = workspace.resolve(path)
    if workspace.files.hides(place):
        raise ToolError("other", f"{path!r} holds secrets, so it may not be read.")
    if not place.exists():
        raise ToolError("not_found", f"There is no {path!r}.{_near(workspace, place)}")
    return place


def _near(workspace: Workspace, missing: Path) -> str:
    """Words on names like that of the first missing part of a path."""
    # Only needed on a miss, and slow to import.
    from difflib import get_close_matches

    while not missing.parent.is_dir():
        missing = missing.parent
    parent = missing.parent
    try:
        listed = sorted(os.listdir(parent))
    except OSError:
        return ""
    names = {name.lower(): name for name in listed if not workspace.files.hides(parent / name)}
    close = get_close_matches(missing.name.lower(), names, n=5, cutoff=0.6)
    similar = [printable(workspace.shown(parent / names[name])) for name in close]
    return f" Similar: {', '.join(similar)}." if similar else ""


def _changed(path: str) -> int:
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0


def _fitting(rows: Sequence[str]) -> Sequence[str]:
    """As many of the rows as a result may hold, at least one."""
    size = 0
    for index, row in enumerate(rows):
        size += len(row.encode()) + 1
        if size > _MOST_BYTES and index:
            return rows[:index]
    return rows
