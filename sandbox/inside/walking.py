"""Finds what needs protection below a root, and later what has newly appeared.

A directory is read again only if its time of change says that names were added. That time cannot
be set from a program, unlike the time of modification.
"""

import os
import time

from .names import Names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

_SETTLED = 50_000_000
"""Nanoseconds after which a change of a directory cannot hide behind an earlier one: file systems
stamp with a clock that ticks every 4 to 10 ms."""


class Walk:
    """The directories below one root as they were last seen."""

    def __init__(self, root: str, names: Names, apart: "Container[str]" = ()) -> None:
        """`apart` are directories below that are not looked into."""
        self._root = root
        self._names = names
        self._apart = apart
        self._seen: dict[str, int] = {}

    def news(self) -> list[str]:
        """The protected names that appeared since the last call, with all at the first.

        `.git` counts as one, and so does a `HEAD` beside `objects` or `commondir`, which makes its
        directory a bare repository. In a git directory only repositories and links count. What
        lies below another protected directory is not looked at.
        """
        if not self._seen:
            return self._read([self._root])
        changed = [path for path, seen in list(self._seen.items()) if self._differs(path, seen)]
        return self._read(changed)

    def _differs(self, path: str, seen: int) -> bool:
        try:
            return os.lstat(path).st_ctime_ns != seen
        except OSError:
            del self._seen[path]
            return False

    def _read(self, waiting: list[str]) -> list[str]:
        found: list[str] = []
        while waiting:
            path = waiting.pop()
            try:
                self._remember(path)
                entries = os.scandir(path)
            except OSError:
                continue
            inside_git = in_git(path)
            with entries:
                for entry in entries:
                    matters = self._matters(path, entry, inside_git=inside_git)
                    if matters:
                        found.append(entry.path)
                    if entry.path in self._seen or entry.path in self._apart:
                        continue
                    if not entry.is_dir(follow_symlinks=False):
                        continue
                    if is_git(entry.name) or not (matters or _is_fan(path, entry.name)):
                        waiting.append(entry.path)
        return found

    def _matters(self, folder: str, entry: "os.DirEntry[str]", *, inside_git: bool) -> bool:
        name = entry.name
        if is_git(name) or (name == "HEAD" and _is_bare(folder)):
            return True
        if inside_git:
            return entry.is_symlink()
        relative = entry.path[len(self._root) + 1 :]
        return self._names.concerns(name) and bool(self._names.judge(relative))

    def _remember(self, path: str) -> None:
        changed = os.lstat(path).st_ctime_ns
        settled = time.time_ns() - changed > _SETTLED
        self._seen[path] = changed if settled else 0


def is_git(name: str) -> bool:
    """Whether git takes this name for that of a repository, on some file system."""
    return len(name) == 4 and name.casefold() == ".git"


def in_git(path: str) -> bool:
    """Whether a path is a git directory called so, or lies in one."""
    return "/.git/" in f"{path}/"


def _is_bare(path: str) -> bool:
    return os.path.isdir(f"{path}/objects") or os.path.lexists(f"{path}/commondir")


def _is_fan(folder: str, name: str) -> bool:
    """Whether this is one of the 256 directories that git's objects are spread over."""
    return len(name) == 2 and folder.endswith("/objects")
