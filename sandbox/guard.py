"""The policy as the file tools obey it: they run outside, where no mount stops them."""

import os
from collections.abc import Iterable
from pathlib import Path

from .compiling import protected_names
from .errors import Protected
from .inside import repositories
from .inside.names import NEVER_READ, NEVER_WRITTEN, Names
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
        self._never_read = names.never_read
        self._never_written = [*names.never_write, *_pointed_to(policy)]

    def hides(self, path: Path) -> bool:
        """Whether nobody may read what is at this resolved path, or below it."""
        text = str(path)
        sign = next(iter(self._signs(text)), "")
        return sign == NEVER_READ or _covers(self._never_read, text)

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

    def lets_write(self, path: Path) -> bool:
        """Whether this resolved path in a root may be written."""
        text = str(path)
        if any(text.startswith(f"{one}/") for one in self._scratch):
            return True
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
            if path.startswith(f"{root}/") and (
                sign := self._names.judge_all(path[len(root) + 1 :])
            ):
                yield sign


def _pointed_to(policy: Policy) -> list[str]:
    """The hook directories and included files that git's configuration names now."""
    found: list[str] = []
    home = str(policy.home)
    for root in policy.roots.all:
        directory = repositories.git_directory(f"{root}/.git")
        files = [f"{home}/.gitconfig", f"{home}/.config/git/config"]
        if directory:
            files.append(f"{repositories.common_directory(directory)}/config")
        found += repositories.pointed_to(str(root), files)
    return found


def _in_bare_repository(path: str, roots: list[str]) -> bool:
    """Whether a path lies in a git directory that is not called `.git`."""
    above = os.path.dirname(path)
    while any(above.startswith(f"{root}/") for root in roots):
        if os.path.isfile(f"{above}/HEAD") and os.path.isdir(f"{above}/objects"):
            return True
        above = os.path.dirname(above)
    return False


def _covers(places: Iterable[str], path: str) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)
