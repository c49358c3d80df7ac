"""The policy as the file tools obey it: they run outside, where no mount stops them."""

import os
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from .compiling import protected_names
from .errors import Protected
from .inside import repositories
from .inside.names import FREE, NEVER_READ, NEVER_WRITTEN, Names
from .policy import Policy


class Guard:
    """Says which resolved paths may be read and written. Knows the paths as they are asked for;
    that a path still means the same when it is opened is up to `paths.open_beneath`."""

    def __init__(self, policy: Policy) -> None:
        self._roots = [str(root) for root in (*policy.roots.all, *policy.scratch)]
        self._writable = policy.level != "read-only"
        self._scratch = [str(path) for path in policy.scratch]
        names = protected_names(policy)
        self._names = Names(names.rules)
        self._signs_of_directories = dict[str, str]()
        self._may_read = [str(path) for path in policy.may_read]
        self._may_write = [str(path) for path in policy.may_write]
        self._once = frozenset[str]()
        secrets = _linked(policy, names.rules, NEVER_READ)
        obeyed = _linked(policy, names.rules, NEVER_WRITTEN)
        self._never_read = frozenset((*names.never_read, *secrets))
        self._never_written = frozenset((*names.never_write, *_pointed_to(policy), *obeyed))

    def hides(self, path: Path) -> bool:
        """Whether nobody may read what is at this resolved path, or below it."""
        text = str(path)
        allowed = any(_covers([one], text) and self._hides(one) for one in self._may_read)
        return self._hides(text) and not allowed

    def _hides(self, path: str) -> bool:
        sign = next(iter(self._signs(path)), "")
        return sign == NEVER_READ or _covers(self._never_read, path)

    def check_read(self, path: Path) -> None:
        """Return if this resolved path may be read.

        Raises:
            Protected: it may not.
        """
        if self.hides(path):
            raise Protected(path, "read")

    def check_write(self, path: Path) -> None:
        """Return if this resolved path may be written, made, renamed or removed.

        Raises:
            Protected: it may not.
        """
        if not self.lets_write(path):
            raise Protected(path, "write")

    def permit(self, paths: Iterable[Path]) -> None:
        """Let just these resolved paths be written until this is called again: a person's word."""
        self._once = frozenset(map(str, paths))

    def lets_write(self, path: Path) -> bool:
        """Whether this resolved path in a root may be written."""
        text = str(path)
        if text in self._once:
            return True
        if any(text == one or text.startswith(f"{one}/") for one in self._scratch):
            return True
        allowed = (one for one in self._may_write if _covers([one], text))
        return self._spares(path) or (
            self._writable and any(not self._spares(Path(one)) for one in allowed)
        )

    def _spares(self, path: Path) -> bool:
        text = str(path)
        in_git = ".git" in (part.casefold() for part in path.parts)
        signs = set(self._signs(text))
        return not (
            not self._writable
            or in_git
            or signs & {NEVER_READ, NEVER_WRITTEN}
            or _covers(self._never_read, text)
            or _covers(self._never_written, text)
            or _in_bare_repository(text, self._roots)
        )

    def _signs(self, path: str) -> Iterable[str]:
        for root in self._roots:
            if path.startswith(f"{root}/") and (sign := self._sign(path[len(root) + 1 :])):
                yield sign

    def _sign(self, relative: str) -> str:
        """As `Names.judge`, but also for what lies below something protected; remembers
        directories, because lists ask for all files in one."""
        above = relative.rpartition("/")[0]
        sign = self._signs_of_directories.get(above)
        if sign is None:
            sign = self._signs_of_directories[above] = self._sign(above) if above else ""
        found = sign or self._names.judge(relative)
        return "" if found == FREE else found


def _pointed_to(policy: Policy) -> list[str]:
    """The hook directories and included files that git's configuration names now."""
    found: list[str] = []
    home = str(policy.home)
    entries = [f"{root}/.git" for root in policy.roots.all]
    for entry in (*entries, *repositories.enclosing(str(policy.roots.workspace))):
        directory = repositories.git_directory(entry)
        files = [f"{home}/.gitconfig", f"{home}/.config/git/config"]
        if directory:
            files.append(f"{repositories.common_directory(directory)}/config")
        found += map(os.path.realpath, repositories.pointed_to(os.path.dirname(entry), files))
    return found


_PARTS = ("objects", "refs", "commondir", "config", "config.worktree", "hooks")
"""What beside a `HEAD` makes a directory a repository, or is obeyed there."""


def _in_bare_repository(path: str, roots: list[str]) -> bool:
    """Whether a path lies in a git directory that is not called `.git`, or would make one."""
    above, name = os.path.split(path)
    if name == "HEAD":
        return any(os.path.lexists(f"{above}/{part}") for part in _PARTS)
    while any(f"{above}/".startswith(f"{root}/") for root in roots):
        has_head = os.path.lexists(f"{above}/HEAD")
        if has_head and (name in _PARTS or os.path.isdir(f"{above}/objects")):
            return True
        above, name = os.path.split(above)
    return False


def _linked(policy: Policy, rules: list[str], sign: str) -> Iterator[str]:
    """What links of protected names lead to, at the top of the workspace."""
    top = policy.roots.workspace
    for rule in rules:
        entry = top / rule[1:]
        if rule[0] == sign and "*" not in rule and os.path.islink(entry):
            target = os.path.realpath(entry)
            if target.startswith(f"{top}/"):
                yield target


def _covers(places: Container[str], path: str) -> bool:
    """Whether a path is one of the places, or below one."""
    while path not in places:
        path = path.rpartition("/")[0]
        if not path:
            return False
    return True
