"""Finds what needs protection below a root, and later what has newly appeared.

A directory is read again only if its time of change says that names were added. That time cannot
be set from a program, unlike the time of modification.
"""

import os
import time

from .names import Names

_SETTLED = 50_000_000
"""Nanoseconds after which a change of a directory cannot hide behind an earlier one: file systems
stamp with a clock that ticks every 4 to 10 ms."""


class Walk:
    """The directories below one root as they were last seen."""

    def __init__(self, root: str, names: Names) -> None:
        self._root = root
        self._names = names
        self._seen: dict[str, int] = {}

    def news(self) -> list[str]:
        """The protected names that appeared since the last call, with all at the first.

        `.git` counts as one, and so does a `HEAD` beside `objects`, which makes its directory a
        bare repository. What lies below a protected directory is not looked at.
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
        start = len(self._root) + 1
        while waiting:
            path = waiting.pop()
            try:
                self._remember(path)
                entries = os.scandir(path)
            except OSError:
                continue
            with entries:
                for entry in entries:
                    name = entry.name
                    if self._matters(path, name, entry.path[start:]):
                        found.append(entry.path)
                    elif entry.is_dir(follow_symlinks=False) and entry.path not in self._seen:
                        waiting.append(entry.path)
        return found

    def _matters(self, folder: str, name: str, relative: str) -> bool:
        if name == ".git" or (name == "HEAD" and _is_bare(folder)):
            return True
        return self._names.concerns(name) and bool(self._names.judge(relative))

    def _remember(self, path: str) -> None:
        changed = os.lstat(path).st_ctime_ns
        settled = time.time_ns() - changed > _SETTLED
        self._seen[path] = changed if settled else 0


def _is_bare(path: str) -> bool:
    return os.path.isdir(f"{path}/objects")
