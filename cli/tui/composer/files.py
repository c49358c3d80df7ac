"""The files of a project that a person can mention, listed by git where there is git."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from heapq import nlargest
from pathlib import Path
from typing import Final

from ....agent.tools.ignore import in_repository, walk
from .fuzzy import Paths

MOST_FILES = 300_000
"""More are not listed: nobody has a repository of that size in view."""
_STALE_SECONDS = 5.0
"""After that the list is made anew when it is wanted."""
_AGAIN_SECONDS = 0.5
"""Before that nothing is listed anew because something was not found: a person types on."""
_GIT_SECONDS = 20.0
_RECENT = 24
"""Files that are kept in mind as those that changed last."""
_MOMENT = 60.0
"""Seconds within which files count as changed together, as they are by a checkout."""
MADE = frozenset({
    "__pycache__", ".venv", "venv", "node_modules", ".tox", ".nox", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".hypothesis", ".gradle", ".terraform", ".next", ".nuxt", ".cache",
})  # fmt: skip
"""Directories that programs make for themselves. Nobody mentions what is in them, whether or not a
project says so in an ignore file; unless git keeps it, which knows better."""
LEFTOVERS = ("*.pyc", "*.pyo", "*.class", "*.o", "*.swp", "*~", ".DS_Store", "Thumbs.db")
"""Files of the same kind."""
_REMEMBERED = 20
"""Mentions that come first again."""

_NOTHING: Final[tuple[Paths | None, frozenset[str]]] = (None, frozenset())
"""No list yet."""

# A repository is not ours: nothing that its configuration names may run only to list files.
_LIST = ("git", "-c", "core.fsmonitor=false", "ls-files", "-co", "--exclude-standard", "-z",
         "--deduplicate", *(f"--exclude={pattern}" for pattern in (*MADE, *LEFTOVERS)))  # fmt: skip


class FileIndex:
    """The paths below one directory. Belongs to one event loop; listing is done in threads."""

    def __init__(
        self,
        root: Path,
        *,
        env: Mapping[str, str] | None = None,
        hides: Callable[[Path], bool] = lambda path: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`hides` says which resolved paths nobody may read, `env` is what git runs with."""
        self.root = root
        self.hides = hides
        self._env = {**(os.environ if env is None else env), "GIT_OPTIONAL_LOCKS": "0"}
        self._clock = clock
        self._paths, self._known = _NOTHING
        self._listed_at = 0.0
        self._listing: asyncio.Task[None] | None = None
        self._used: list[str] = []

    def move(self, root: Path, hides: Callable[[Path], bool]) -> None:
        """List this directory from here on, and nothing of the one before."""
        self.hides = hides
        if root != self.root:
            self.root = root
            self._paths, self._known = _NOTHING
            self._used.clear()

    @property
    def ready(self) -> bool:
        """Whether there is a list."""
        return self._paths is not None

    def used(self, path: str) -> None:
        """A path was mentioned: it comes first from now on."""
        self._used = [path, *(one for one in self._used if one != path)][:_REMEMBERED]

    async def refresh(self, *, anew: bool = False) -> None:
        """List the files if there is no list, or if it is old or not wanted (`anew`).

        Waits only for the first list: a newer one is made meanwhile, and found the next time.
        """
        fresh = self.ready and self._clock() - self._listed_at < _STALE_SECONDS
        if self._listing is None and (anew or not fresh):
            self._listing = asyncio.create_task(self._list())
        if self._listing is not None and (anew or not self.ready):
            await asyncio.shield(self._listing)

    async def look_again(self) -> None:
        """List the files anew and wait for that, unless it was done just now: what is sought and
        not found may have been made since."""
        if self._clock() - self._listed_at >= _AGAIN_SECONDS:
            await self.refresh(anew=True)

    async def _list(self) -> None:
        try:
            root = None
            while root != self.root:  # else moved meanwhile
                root = self.root
                found = await asyncio.to_thread(_listed, root, self._env)
                self._paths, self._known = found if root == self.root else _NOTHING
            self._listed_at = self._clock()
        finally:
            self._listing = None

    async def close(self) -> None:
        """Wait for what is being listed; whether that succeeds is of no interest any more."""
        if self._listing is not None:
            await asyncio.wait([self._listing])

    def match(self, query: str, limit: int = 12) -> list[str]:
        """The paths that a query means most likely, those mentioned lately first; without a query
        those that changed lately come next. Directories end with a slash. Empty before the first
        list is there. Needs about 10 ms for 60,000 files."""
        if self._paths is None:
            return []
        low = query.lower()
        used = [path for path in self._used if low in path.lower() and path in self._known]
        # More than are wanted, because some may be hidden.
        found = [*used, *self._paths.match(query, limit + 20)]
        shown: list[str] = []
        for path in dict.fromkeys(found):
            if len(shown) == limit:
                break
            if not self.hides(self.root / path):
                shown.append(path)
        return shown


def _listed(root: Path, env: Mapping[str, str]) -> tuple[Paths, frozenset[str]]:
    files = _of_git(root, env)
    if files is None:
        files = _some(
            path
            for path in walk(str(root), hidden=False, without=MADE)
            if path.isprintable() and not _left(path)
        )
    folders = {f"{parent}/" for path in files for parent in _parents(path)}
    known = frozenset((*files, *folders))
    return Paths(known, _changed_last(root, files)), known


def _left(path: str) -> bool:
    return any(fnmatchcase(path.rpartition("/")[2], pattern) for pattern in LEFTOVERS)


def _changed_last(root: Path, files: Iterable[str]) -> list[str]:
    """The files that changed last; of those that changed at once, the likely ones."""

    def order(path: str) -> tuple[float, int, int]:
        try:
            changed = os.stat(f"{root}/{path}", follow_symlinks=False).st_mtime
        except (OSError, ValueError):
            changed = 0.0
        return changed // _MOMENT, -path.count("/"), -len(path)

    return nlargest(_RECENT, files, key=order)


def _of_git(root: Path, env: Mapping[str, str]) -> list[str] | None:
    if not in_repository(str(root)):
        return None
    try:
        listed = subprocess.run(
            _LIST, cwd=root, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdout=subprocess.PIPE, timeout=_GIT_SECONDS, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    names = listed.stdout.decode("utf-8", "surrogateescape").split("\0")
    return _some(name for name in names if name and name.isprintable())


def _some(names: Iterable[str]) -> list[str]:
    return [name for _, name in zip(range(MOST_FILES), names, strict=False)]


def _parents(path: str) -> Iterable[str]:
    end = path.find("/")
    while end > 0:
        yield path[:end]
        end = path.find("/", end + 1)
