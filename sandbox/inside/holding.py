"""Takes the sting out of what appeared during a command and would be obeyed by programs outside."""

import errno
import os
import stat
from collections.abc import Callable

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
    return [
        f"{path} appeared while a command ran, and is now called {target}: programs outside would "
        "obey it. If it is yours, give it its name back while no command runs"
    ]


def is_tame(path: str) -> bool:
    """Whether `neutralise` would leave this path of a git directory as it is."""
    name = os.path.basename(path)
    try:
        if name == "hooks":
            return _is_plain(path, stat.S_ISDIR) and not _live_hooks(path)
        if name in ("config", "config.worktree"):
            return _is_plain(path, stat.S_ISREG) and _reads_as(path, _harmless(path)[0])
        if name == "commondir":
            return _is_worktree_of_parent(path)
        return name != "attributes" or not os.path.getsize(path)
    except OSError:
        # Whoever made it such that it cannot be looked at gets no benefit of doubt.
        return False


def neutralise(path: str) -> list[str]:
    """As `set_aside`, for one of the paths of a git directory that `repositories` calls executing.

    What git needs stays: example hooks, settings that run nothing, a worktree's own pointers.
    """
    name = os.path.basename(path)
    try:
        if is_tame(path):
            return []
        if name == "hooks" and _is_plain(path, stat.S_ISDIR):
            return [note for hook in _live_hooks(path) for note in set_aside(hook)]
        if name in ("config", "config.worktree") and _is_plain(path, stat.S_ISREG):
            return _tame_configuration(path)
    except OSError:
        # As above.
        pass
    return set_aside(path)


def _is_plain(path: str, kind: Callable[[int], bool]) -> bool:
    return kind(os.lstat(path).st_mode)


def _live_hooks(path: str) -> list[str]:
    names = os.listdir(path)
    return [f"{path}/{one}" for one in names if not one.endswith(".sample") and HELD not in one]


def _harmless(path: str) -> tuple[bytes, list[str]]:
    """What of a configuration is harmless, in words that can be read in one way only; and the names
    of what is not."""
    values = repositories.settings(path)
    directory = os.path.dirname(path)
    dropped = [value for value in values if not repositories.is_harmless(value, directory)]
    kept = repositories.written([value for value in values if value not in dropped])
    names = {f"{section}.{name}" for section, _, name, _ in dropped}
    return kept.encode("utf-8", "surrogateescape"), sorted(names)


def _reads_as(path: str, content: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(content) + 1) == content


def _tame_configuration(path: str) -> list[str]:
    content, dropped = _harmless(path)
    kept = _replace(path, content)
    if not dropped:
        return []
    names = ", ".join(dropped)
    return [f"{path}: removed settings that could run programs outside: {names}; it was {kept}"]


def _replace(path: str, content: bytes) -> str:
    """Give a file new content; the old is kept beside it, in case a person wrote it meanwhile.
    Return where."""
    beside = _free_name(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(beside, flags, 0o644), "wb") as file:
        file.write(content)
    kept = _free_name(path)
    os.link(path, kept, follow_symlinks=False)
    os.replace(beside, path)
    return kept


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
