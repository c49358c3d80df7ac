"""Keeps the protected parts of the roots as they are, and holds back what appears anew.

What is there is made read-only, or hidden, by a mount. What is not there yet, but would be obeyed
by programs outside, is made first: as an empty directory, also where a file is expected, because
git takes no notice of empty directories. Whatever else appears is found after each command.
"""

import contextlib
import os

from . import mounts, repositories
from .holding import neutralise, set_aside
from .names import NEVER_READ, NEVER_WRITTEN, Names
from .plan import Plan
from .walking import Walk

_REPOSITORY = (".git", "HEAD")
_MOST_NOTES = 100
"""Of one command: they travel as one message."""


class Islands:
    """The protected parts of all roots."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._names = Names(plan.rules)
        self._walks = [Walk(root, self._names) for root in plan.roots]
        self._standing: dict[str, tuple[int, int]] = {}
        """Protected path to device and inode of what was protected."""
        self._hidden: set[str] = set()
        self._git: set[str] = set()
        """Every git directory that is known."""
        self.made: list[str] = []
        """What was made first, to be taken away again if it is still empty at the end."""

    def prepare(self) -> None:
        """Make what is missing. To be called while the roots can still be written as outside."""
        if not self._plan.writable or "islands" in self._plan.without:
            return
        workspace = self._plan.workspace
        wanted = [f"{workspace}/{name}/" for name in self._plan.placeholders]
        entry = f"{workspace}/.git"
        if os.path.isdir(entry):
            wanted += repositories.missing(os.path.realpath(entry))
        for target in self._pointed_to(entry):
            if self._below_roots(target) and not os.path.lexists(target):
                wanted.append(f"{target}/")
        for path in wanted:
            self._make(path)

    def raise_all(self) -> None:
        """Protect everything that is there now."""
        for path in self._plan.never_read:
            self._hide(path)
        if "islands" not in self._plan.without:
            for path in self._plan.never_write:
                self._protect(path)
        for walk in self._walks:
            for path in walk.news():
                self._take_in(path)

    def renew(self) -> None:
        """Protect again what was replaced from outside, which takes the mount off it."""
        for path, was in list(self._standing.items()):
            now = _identity(path)
            if now is not None and now != was:
                with contextlib.suppress(FileNotFoundError):
                    self._protect(path)

    def settle(self) -> list[str]:
        """Hold back what appeared; return a sentence for each that a person should read."""
        if not self._plan.writable or "islands" in self._plan.without:
            return []
        notes: list[str] = []
        for walk in self._walks:
            for path in walk.news():
                notes += self._hold(path)
        for directory in sorted(self._git):
            if self._below_roots(directory):
                fresh = [p for p in repositories.executing(directory) if not self._stands(p)]
                for path in fresh:
                    notes += neutralise(path)
        return notes[:_MOST_NOTES]

    def _make(self, path: str) -> None:
        name = path.rstrip("/")
        if os.path.lexists(name):
            return
        try:
            if path.endswith("/"):
                os.makedirs(name)
            else:
                os.makedirs(os.path.dirname(name), exist_ok=True)
                os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        except OSError:
            # A root that we may not write: nobody inside may either.
            return
        self.made.append(name)

    def _take_in(self, path: str) -> None:
        name = os.path.basename(path)
        if name in _REPOSITORY:
            self._protect_git(path)
            return
        sign = self._judge(path)
        if sign == NEVER_READ:
            self._hide(path)
        elif sign == NEVER_WRITTEN and "islands" not in self._plan.without:
            self._protect(path)

    def _judge(self, path: str) -> str:
        root = next(root for root in self._plan.roots if path.startswith(f"{root}/"))
        return self._names.judge(path[len(root) + 1 :])

    def _protect_git(self, entry: str) -> None:
        if "islands" in self._plan.without or not self._plan.writable:
            return
        directory = repositories.git_directory(entry)
        if not os.path.isdir(directory):
            # A file that git does not understand may be replaced by one that it does.
            self._protect(entry)
            return
        if os.path.isdir(entry):
            mounts.protect(directory, below=False)
        elif os.path.basename(entry) == ".git":
            self._protect(entry)
        for path in repositories.executing(directory):
            self._protect(path)
        for target in self._pointed_to(entry):
            if self._below_roots(target):
                self._protect(target)
        self._git.add(directory)

    def _pointed_to(self, entry: str) -> list[str]:
        directory = repositories.git_directory(entry)
        home = os.path.expanduser("~")
        files = [f"{home}/.gitconfig", f"{home}/.config/git/config"]
        if directory:
            shared = repositories.common_directory(directory)
            files += [f"{shared}/config", f"{directory}/config.worktree"]
        return repositories.pointed_to(os.path.dirname(entry), files)

    def _below_roots(self, path: str) -> bool:
        return any(path.startswith(f"{root}/") for root in self._plan.roots)

    def _protect(self, path: str) -> None:
        real = os.path.realpath(path)
        if os.path.islink(path) and self._below_roots(real):
            path = real
        was = _identity(path)
        if was is None or os.path.islink(path):
            return
        mounts.protect(path)
        self._standing[path] = was

    def _hide(self, path: str) -> None:
        if "secrets" in self._plan.without:
            return
        real = os.path.realpath(path)
        if os.path.exists(real) and real not in self._hidden:
            mounts.hide(real)
            self._hidden.add(real)

    def _hold(self, path: str) -> list[str]:
        if os.path.basename(path) in _REPOSITORY:
            self._git.add(repositories.git_directory(path))
            return []
        stands = self._stands(path) or path in self._hidden
        if stands or self._judge(path) != NEVER_WRITTEN:
            return []
        return set_aside(path)

    def _stands(self, path: str) -> bool:
        return path in self._standing and self._standing[path] == _identity(path)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
