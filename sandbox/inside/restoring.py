"""Puts back, after a command, what it must not have changed: for hosts without mounts of our own.

Between the change and its undoing something outside may act on it; the label says that this rung
is weaker.
"""

import os
import shutil

from . import repositories
from .holding import neutralise, set_aside
from .names import NEVER_WRITTEN, Names
from .placeholders import stands_at
from .plan import Plan
from .sparing import spares
from .walking import Walk

_LARGEST = 1 << 20
_REPOSITORY = (".git", "HEAD")

Picture = dict[str, "tuple[int, bytes] | None"]
"""Path to mode and content; `None` for a directory."""


class Restoring:
    """What is protected in the roots, as it was when first seen."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._names = Names(plan.rules)
        self._walks = [Walk(root, self._names) for root in plan.roots]
        self._pictures: dict[str, Picture] = {}
        self._git: set[str] = set()
        for walk in self._walks:
            for path in walk.news():
                self._take_in(path)

    def renew(self) -> None:
        """Take what was changed from outside for what has always been there."""
        for path in self._pictures:
            self._pictures[path] = _picture(path)
        for walk in self._walks:
            for path in walk.news():
                self._take_in(path)

    def settle(self) -> list[str]:
        """Undo what was changed and hold back what appeared; return what a person should read."""
        notes: list[str] = []
        for path, before in self._pictures.items():
            if _picture(path) != before and not spares(path, self._plan.may_write):
                _put_back(path, before)
                notes.append(f"{path} was changed, and has been put back")
        for walk in self._walks:
            for path in walk.news():
                if os.path.basename(path) in _REPOSITORY:
                    self._git.add(repositories.git_directory(path))
                elif self._judge(path) == NEVER_WRITTEN and not self._known(path):
                    notes += self._hold(path)
        for directory in sorted(self._git):
            for path in repositories.executing(directory):
                if not self._known(path):
                    notes += neutralise(path)
        return notes

    def _hold(self, path: str) -> list[str]:
        if not stands_at(path):
            return set_aside(path)
        # Of a session beside this one, which has namespaces: as good as nothing, as long as empty.
        self._pictures[path] = {}
        return []

    def _known(self, path: str) -> bool:
        return path in self._pictures or spares(path, self._plan.may_write)

    def _take_in(self, path: str) -> None:
        if os.path.basename(path) in _REPOSITORY:
            directory = repositories.git_directory(path)
            self._git.add(directory)
            if os.path.isfile(path) and os.path.basename(path) == ".git":
                self._pictures[path] = _picture(path)
            work = os.path.dirname(path)
            files = [f"{repositories.common_directory(directory)}/config"]
            for inner in (
                *repositories.executing(directory),
                *filter(self._is_within, repositories.pointed_to(work, files)),
            ):
                self._pictures[inner] = _picture(inner)
        elif self._judge(path) == NEVER_WRITTEN:
            self._pictures[path] = _picture(path)

    def _is_within(self, path: str) -> bool:
        """Whether it lies below a root, so that it is ours to put back."""
        return any(path.startswith(f"{root}/") for root in self._plan.roots)

    def _judge(self, path: str) -> str:
        root = next(root for root in self._plan.roots if path.startswith(f"{root}/"))
        return self._names.judge(path[len(root) + 1 :])


def _picture(path: str) -> Picture:
    found: Picture = {}
    waiting = [] if stands_at(path) else [path]
    while waiting:
        here = waiting.pop()
        try:
            status = os.lstat(here)
            if os.path.islink(here):
                found[here] = (status.st_mode, os.fsencode(os.readlink(here)))
            elif os.path.isdir(here):
                found[here] = None
                waiting += [f"{here}/{name}" for name in os.listdir(here)]
            else:
                text = repositories.read_text(here)[:_LARGEST]
                found[here] = (status.st_mode, text.encode("utf-8", "surrogateescape"))
        except OSError:
            continue
    return found


def _put_back(path: str, before: Picture) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)
    for place, what in before.items():
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if what is None:
            os.makedirs(place, exist_ok=True)
            continue
        mode, content = what
        if mode & 0o170000 == 0o120000:
            os.symlink(os.fsdecode(content), place)
            continue
        with open(place, "wb") as file:
            file.write(content)
        os.chmod(place, mode & 0o777)
