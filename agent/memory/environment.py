"""The description of the surroundings that opens a session's first message.

It saves the model its first exploring calls. It is made once and stored, so that every later
request of the session begins with the same bytes.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from .repository import Repository

MAX_ENTRIES = 60
"""Names of the working directory that are listed."""


def describe(
    cwd: Path,
    repository: Repository | None,
    date: str,
    hides: Callable[[Path], bool] = lambda path: False,
) -> str:
    """The description, ready to be a part of a message; `hides` says what is not named in it."""
    lines = [f"Working directory: {cwd}", f"Platform: {sys.platform}", f"Date: {date}"]
    if repository is None:
        lines.append("Git: not a repository")
    else:
        where = f"branch {repository.branch}" if repository.branch else "detached HEAD"
        commit = f" at {repository.head[:12]}" if repository.head else ", no commit yet"
        root = "" if repository.root == cwd else f", root {repository.root}"
        lines.append(f"Git: {where}{commit}{root}")
    lines.append(f"Entries: {_entries(cwd, hides)}")
    return "<environment>\n" + "\n".join(lines) + "\n</environment>"


def _entries(cwd: Path, hides: Callable[[Path], bool]) -> str:
    try:
        with os.scandir(cwd) as found:
            names = sorted(
                entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "")
                for entry in found
                if entry.name != ".git" and not hides(cwd / entry.name)
            )
    except OSError as error:
        return f"cannot be listed ({error.strerror})"
    if not names:
        return "none"
    more = f" … and {len(names) - MAX_ENTRIES} more" if len(names) > MAX_ENTRIES else ""
    return " ".join(names[:MAX_ENTRIES]) + more
