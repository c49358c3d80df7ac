"""Takes the sting out of what appeared during a command and would be obeyed by programs outside."""

import errno
import os

from . import repositories

HELD = ".held-by-kedge"
"""Added to the name of what appeared; nothing obeys a file so named."""


def set_aside(path: str) -> list[str]:
    """Rename what appeared; return a sentence for each thing that a person should read."""
    target = _free_name(path)
    try:
        os.rename(path, target)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EBUSY):
            return []
        return [f"{path} appeared, would be obeyed outside, and stays: {error.strerror}"]
    return [f"{path} appeared and was renamed to {target}: programs outside would obey it"]


def neutralise(path: str) -> list[str]:
    """As `set_aside`, for one of the paths of a git directory that `repositories` calls executing.

    What git needs stays: example hooks, settings that run nothing, a worktree's own pointers.
    """
    name = os.path.basename(path)
    try:
        if name == "hooks":
            return _hooks(path)
        if name in ("config", "config.worktree"):
            return _configuration(path)
        if name == "commondir" and not _is_worktree_of_parent(path):
            return set_aside(path)
        if name == "attributes" and os.path.getsize(path):
            return set_aside(path)
    except OSError:
        # Whoever made it such that it cannot be looked at gets no benefit of doubt.
        return set_aside(path)
    return []


def _hooks(path: str) -> list[str]:
    if os.path.islink(path) or not os.path.isdir(path):
        return set_aside(path)
    notes: list[str] = []
    for name in os.listdir(path):
        if not name.endswith(".sample") and HELD not in name:
            notes += set_aside(f"{path}/{name}")
    return notes


def _configuration(path: str) -> list[str]:
    """Keep of a configuration what is harmless, in words that can be read in one way only."""
    if os.path.islink(path) or not os.path.isfile(path):
        return set_aside(path)
    values = repositories.settings(path)
    directory = os.path.dirname(path)
    dropped = [value for value in values if not repositories.is_harmless(value, directory)]
    kept = repositories.written([value for value in values if value not in dropped])
    content = kept.encode("utf-8", "surrogateescape")
    with open(path, "rb") as file:
        if file.read(len(content) + 1) == content:
            return []
    _replace(path, content)
    if not dropped:
        return []
    names = ", ".join(sorted({f"{section}.{name}" for section, _, name, _ in dropped}))
    return [f"{path}: removed settings that could run programs outside: {names}"]


def _replace(path: str, content: bytes) -> None:
    """Give a file new content; the old is kept beside it, in case a person wrote it meanwhile."""
    beside = _free_name(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(beside, flags, 0o644), "wb") as file:
        file.write(content)
    kept = _free_name(path)
    os.link(path, kept, follow_symlinks=False)
    os.replace(beside, path)


def _free_name(path: str) -> str:
    """A name beside `path` that nothing has."""
    name = f"{path}{HELD}"
    while os.path.lexists(name):
        name = f"{path}{HELD}-{os.urandom(8).hex()}"
    return name


def _is_worktree_of_parent(path: str) -> bool:
    own = os.path.dirname(path)
    parent = os.path.dirname(own)
    shared = repositories.common_directory(own)
    return os.path.basename(parent) == "worktrees" and shared == os.path.dirname(parent)
