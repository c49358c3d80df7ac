"""Keeps the protected parts of the roots as they are, and holds back what appears anew.

What is there is made read-only, or hidden, by a mount. What is not there yet, but would be obeyed
by programs outside, is made before a command (`placeholders`): as an empty directory, also where a
file is expected, because git takes no notice of empty directories. Whatever else appears is found
after each command.
"""

import contextlib
import os

from . import mounts, repositories
from .holding import is_tame, neutralise, set_aside
from .names import NEVER_READ, NEVER_WRITTEN, Names
from .plan import Plan
from .sockets import HostSockets
from .sparing import but_for, spares
from .tracked import Index
from .walking import Walk, in_git, is_git
from .wanted import is_below, pointed_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SYSTEM = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/dev", "/proc", "/sys", "/opt")
"""Where no link in a workspace makes us hide anything: what is secret there the policy names, and
everything needs the rest."""
_MOST_NOTES = 100
"""Of one command."""


class Islands:
    """The protected parts of all roots."""

    def __init__(self, plan: Plan, sockets: HostSockets) -> None:
        self._plan = plan
        self._sockets = sockets
        self._names = Names(plan.rules)
        self._walks = [Walk(root, self._names) for root in plan.roots]
        self._standing: dict[str, tuple[int, int]] = {}
        """Protected path to device and inode of what was protected."""
        self._hidden: dict[str, tuple[int, int] | None] = {}
        self._covers: dict[str, str] = {}
        """Hidden path to what lies over it."""
        self._pinned: set[str] = set()
        self._git: set[str] = set()
        """Every git directory that is known."""
        self._indexes: dict[str, Index] = {}
        """By work tree."""
        self._entries: set[str] = set()
        """Every `.git` that is known and no directory: where it leads can change."""
        self._named: set[str] = set()
        """What the configuration of git named at the start, as it is written there."""
        self._links: dict[str, str] = {}
        """Protected names, and names in git directories, that are links; and to what."""
        self._empty: set[str] = set()
        """Protected names at which an empty directory was left. That something is put into it, the
        directory above does not tell."""

    def raise_all(self) -> None:
        """Protect everything that is there now."""
        for path in self._plan.never_read:
            self._pin_above(path)
            self._hide(path)
        self._hide_sockets()
        if "islands" not in self._plan.without:
            for path in self._plan.never_write:
                self._pin_above(path)
                self._protect(path)
        for walk in self._walks:
            for path in walk.news():
                self._take_in(path)
        self._protect_around()
        self._tell_git()

    def _tell_git(self) -> None:
        for work, index in self._indexes.items():
            index.remember(work, self._covers)

    def _protect_around(self) -> None:
        """Protect what the repositories name in whose work trees the workspace lies, and hide what
        the nearest holds. Nothing else can be changed there."""
        around = self._plan.around
        for entry in repositories.enclosing(self._plan.workspace):
            if os.path.dirname(entry) == around:
                self._protect_git(entry)
            elif self._plan.writable and "islands" not in self._plan.without:
                self._protect_named(entry)
        if around:
            for path in Walk(around, self._names, self._plan.roots).news():
                if not in_git(path) and self._names.judge(path[len(around) + 1 :]) == NEVER_READ:
                    self._hide(path)

    def accept(self, paths: list[str]) -> None:
        """Take what a person allowed to appear for what has always been there, and protect it."""
        for path in paths:
            while self._below_roots(path):
                if self._judge(path) == NEVER_WRITTEN and not self._stands(path):
                    self._protect(path)
                path = os.path.dirname(path)

    def renew(self, taken: list[str]) -> None:
        """Protect again what was replaced from outside, which takes the mount off it; and what has
        these names."""
        for path in {*self._standing, *taken}:
            if not self._stands(path):
                self._protect(path)
        for path, was in list(self._hidden.items()):
            if _identity(path) != was:
                del self._hidden[path]
                self._hide(path)
        self._hide_sockets()
        self._tell_git()

    def ignored(self) -> list[str]:
        """What git in the workspace shall not see, as patterns: it cannot be read, or is not there
        outside."""
        workspace = self._plan.workspace
        top = f"{self._plan.around or workspace}/"
        made = (f"{workspace}/{name}/" for name in self._plan.placeholders)
        names = [path[len(top) :] for path in (*self._hidden, *made) if path.startswith(top)]
        escaped = ("".join(f"\\{c}" if c in "\\*?[ #!" else c for c in name) for name in names)
        return [f"/{name}" for name in escaped if "\n" not in name]

    def welcome(self) -> None:
        """Protect what appeared while nothing ran: commands did not make it, so it is a person's.

        To be called while nothing runs, `settle` having been called when the last command ended.
        """
        if self._keeps():
            for walk in self._walks:
                for path in self._strange(walk.news(), self._welcome_git):
                    self._protect(path)
            for path in (*self._strange_targets(), *self._strange_in_git()):
                self._protect(path)

    def _welcome_git(self, entry: str) -> None:
        # One that a command made stays open to commands.
        known = repositories.git_directory(entry) in self._git
        (self._know if known else self._protect_git)(entry)

    def settle(self) -> list[str]:
        """Hold back what appeared; return a sentence for each that a person should read."""
        notes: list[str] = []
        if self._keeps():
            for walk in self._walks:
                for path in self._strange(walk.news(), self._know):
                    notes += set_aside(path)
            for path in self._strange_targets():
                notes += set_aside(path)
            for path in self._strange_in_git():
                notes += neutralise(path)
        return notes[:_MOST_NOTES]

    def _keeps(self) -> bool:
        return self._plan.writable and "islands" not in self._plan.without

    def _take_in(self, path: str) -> None:
        if os.path.islink(path):
            self._links[path] = os.readlink(path)
        if _is_repository(path):
            self._protect_git(path)
            return
        sign = "" if in_git(path) else self._judge(path)
        if sign == NEVER_READ:
            self._pin_above(path, self._names.depth(self._relative(path)) - 1)
            self._hide(path)
        elif sign == NEVER_WRITTEN and "islands" not in self._plan.without:
            self._protect(path)

    def _judge(self, path: str) -> str:
        return self._names.judge(self._relative(path))

    def _relative(self, path: str) -> str:
        root = next(root for root in self._plan.roots if path.startswith(f"{root}/"))
        return path[len(root) + 1 :]

    def _protect_git(self, entry: str) -> None:
        if "islands" in self._plan.without or not self._plan.writable:
            return
        directory = self._know(entry)
        if not os.path.isdir(directory):
            # A file that git does not understand may be replaced by one that it does.
            self._protect(entry)
            return
        if os.path.isdir(entry):
            mounts.protect(directory, below=False)
        elif is_git(os.path.basename(entry)):
            self._protect(entry)
        for path in repositories.executing(directory):
            self._protect(path)
        self._protect_named(entry)

    def _protect_named(self, entry: str) -> None:
        for target in pointed_to(entry):
            if self._below_roots(os.path.realpath(target)):
                self._named.add(target)
                self._protect(target)

    def _know(self, entry: str) -> str:
        """Remember a repository; return its git directory."""
        directory = repositories.git_directory(entry)
        self._git.add(directory)
        if os.path.islink(entry) or not os.path.isdir(entry):
            self._entries.add(entry)
        if is_git(os.path.basename(entry)) and self._below_roots(f"{directory}/"):
            self._indexes[os.path.dirname(entry)] = Index(directory)
        return directory

    def _below_roots(self, path: str) -> bool:
        return is_below(path, self._plan.roots)

    def _protect(self, path: str) -> None:
        if os.path.islink(path):
            self._links[path] = os.readlink(path)
            real = os.path.realpath(path)
            path = real if self._below_roots(real) else path
        for part in but_for(path, self._plan.may_write):
            was = _identity(part)
            if was is not None and not os.path.islink(part):
                # Another session in the same workspace may be taking away what it made.
                with contextlib.suppress(FileNotFoundError):
                    mounts.protect(part)
                    self._standing[part] = was

    def _pin_above(self, path: str, levels: int = -1) -> None:
        """Keep directories between a root and a path from being renamed: the nearest, or all."""
        above = os.path.dirname(path)
        if levels and self._below_roots(above) and above not in self._pinned:
            self._pin_above(above, levels - 1)
            mounts.protect(above, below=False)
            self._pinned.add(above)

    def _hide(self, path: str) -> None:
        if "secrets" in self._plan.without:
            return
        real = os.path.realpath(path)
        if os.path.islink(path):
            if self._holds_more(real):
                return
            self._pin_above(real)
        for part in but_for(real, self._plan.may_read):
            if os.path.exists(part) and part not in self._hidden:
                with contextlib.suppress(FileNotFoundError):
                    self._covers[part] = mounts.hide(part)
                    self._hidden[part] = _identity(part)

    def _hide_sockets(self) -> None:
        for path in self._sockets.paths():
            self._hidden.pop(path, None)
            self._hide(path)

    def _holds_more(self, path: str) -> bool:
        """Whether hiding what a link leads to would take away what is no secret."""
        above = (*self._plan.roots, self._plan.home)
        within = any(f"{path}/".startswith(f"{one}/") for one in _SYSTEM)
        return within or any(f"{one}/".startswith(f"{path.rstrip('/')}/") for one in above)

    def _strange(self, news: list[str], meet: "Callable[[str], object]") -> "Iterator[str]":
        """Which of these are not protected although they should be. Repositories are met: what
        matters lies in them."""
        waiting = [path for path in self._empty if os.path.lexists(path)]
        self._empty.clear()
        for path in dict.fromkeys((*waiting, *news)):
            if _is_repository(path):
                meet(path)
            if self._is_strange(path):
                yield path

    def _is_strange(self, path: str) -> bool:
        if os.path.islink(path):
            if self._links.get(path) == os.readlink(path):
                return False
            if in_git(path):
                # Git writes through links: to logs and messages, in words that others choose.
                return not self._below_roots(f"{os.path.realpath(path)}/")
        if _is_repository(path) or in_git(path):
            return False
        stands = self._stands(path) or path in self._hidden
        if stands or spares(path, self._plan.may_write) or self._judge(path) != NEVER_WRITTEN:
            return False
        if _is_empty(path):
            # Nobody obeys an empty directory: it may be a placeholder of a session beside this one.
            self._empty.add(path)
            return False
        return True

    def _strange_targets(self) -> "Iterator[str]":
        """What took the place of something that is protected under another name."""
        for path in sorted(self._named.union(self._links)):
            real = os.path.realpath(path)
            if not self._below_roots(real) or not os.path.lexists(real) or self._stands(real):
                continue
            if _is_empty(real):
                continue
            if path in self._named or not (in_git(path) or self._judge(path) == NEVER_READ):
                same = os.path.islink(path) and self._links.get(path) == os.readlink(path)
                yield real if same else path

    def _strange_in_git(self) -> "Iterator[str]":
        self._git.update(map(repositories.git_directory, self._entries))
        for directory in sorted(self._git):
            if self._below_roots(f"{directory}/"):
                for path in repositories.executing(directory):
                    spared = self._stands(path) or spares(path, self._plan.may_write)
                    if not spared and not is_tame(path):
                        yield path

    def _stands(self, path: str) -> bool:
        same = path in self._standing and self._standing[path] == _identity(path)
        # What was removed and made again outside may have got the same inode, but not the mount.
        return same and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def _is_empty(path: str) -> bool:
    try:
        return not os.path.islink(path) and not os.listdir(path)
    except OSError:
        return False


def _is_repository(path: str) -> bool:
    name = os.path.basename(path)
    return name == "HEAD" or is_git(name)
