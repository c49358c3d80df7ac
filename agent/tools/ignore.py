"""Ignore files: which files of a tree count, by the rules of git and ripgrep.

Format: gitignore(5), https://git-scm.com/docs/gitignore. Besides `.gitignore` and
`.git/info/exclude` the files `.ignore` and `.rgignore` are read, which win over them; as ripgrep
does. A plain walk, because the library of the field (pathspec) needs three times as long for a
large repository, and knows neither nested files nor braces.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator

from ..plainfile import plain_bytes
from .patterns import glob_regex

REPOSITORIES = frozenset({".git", ".hg", ".svn", ".jj"})
"""Directories (or files, in a git worktree) that are never entered."""

_KINDS = (".rgignore", ".ignore", ".gitignore", ".git")
"""Strongest first; `.git` stands for its `info/exclude`."""
_GIT_KINDS = (".gitignore", ".git")
_MAGIC = frozenset("*?[\\")


class Rule:
    """One line of an ignore file."""

    def __init__(self, line: str) -> None:
        """Understand a line that is neither empty nor a comment.

        Raises:
            ValueError: it is not a valid pattern; git takes no notice of such a line.
        """
        self.negated = line.startswith("!")
        line = line.removeprefix("!")
        self.directories_only = line.endswith("/")
        self.glob = line.rstrip("/")
        self.by_name = "/" not in self.glob
        self.glob = self.glob.removeprefix("/")
        if not self.glob:
            raise ValueError(f"{line!r} names nothing")
        self.regex = glob_regex(self.glob, extended=False) + r"\Z"
        try:
            self._matches = re.compile(self.regex, re.DOTALL).match
        except re.error as error:
            raise ValueError(f"{line!r}: {error.msg}") from error

    def matches(self, relative: str, name: str, is_directory: bool) -> bool:
        """Whether the rule speaks of this entry; `relative` to the ignore file's directory."""
        if self.directories_only and not is_directory:
            return False
        return self._matches(name if self.by_name else relative) is not None


class Rules:
    """One ignore file, compiled."""

    def __init__(self, text: str, directory: str) -> None:
        self._skip = len(directory.rstrip("/")) + 1
        self._rules = tuple(_rules(text))[::-1]
        by_name = [rule for rule in self._rules if rule.by_name]
        self._names = frozenset(rule.glob for rule in by_name if _MAGIC.isdisjoint(rule.glob))
        self._endings = tuple(rule.glob[1:] for rule in by_name if _is_ending(rule.glob))
        self._odd_names = _any_of(
            rule.regex
            for rule in by_name
            if rule.glob not in self._names and not _is_ending(rule.glob)
        )
        self._paths = _any_of(rule.regex for rule in self._rules if not rule.by_name)

    def verdict(self, path: str, name: str, is_directory: bool) -> bool | None:
        """Whether an entry is ignored; None if no rule speaks of it.

        `path` is absolute and below the ignore file's directory, `name` its last part.
        """
        if not (
            name in self._names
            or name.endswith(self._endings)
            or (self._odd_names and self._odd_names(name))
            or (self._paths and self._paths(path[self._skip :]))
        ):
            return None
        relative = path[self._skip :]
        for rule in self._rules:
            if rule.matches(relative, name, is_directory):
                return not rule.negated
        return None


class Ignores:
    """What is ignored within one directory: the rules of it and of those above."""

    def __init__(self, rules: dict[str, tuple[Rules, ...]]) -> None:
        self._by_kind = rules
        """Nearest file first, per kind."""
        self._rules = tuple(file for kind in _KINDS for file in rules.get(kind, ()))

    @classmethod
    def above(cls, directory: str) -> "Ignores":
        """The rules of a directory's parents, if it is in a git repository; otherwise none.

        Outside of repositories the ignore files of strangers (a home directory's, say) could lie
        above.
        """
        ignores = cls({})
        if not in_repository(directory):
            return ignores
        *parents, _ = _lineage(directory)
        for parent in parents:
            ignores = ignores.within(parent, _present(parent))
        return ignores

    def within(self, directory: str, names: Collection[str]) -> "Ignores":
        """The rules in force in a directory directly below; `names` are its entries."""
        found = [kind for kind in _KINDS if kind in names]
        if not found:
            return self
        rules = dict(self._by_kind)
        if ".git" in names:
            for kind in _GIT_KINDS:
                rules.pop(kind, None)
        for kind in found:
            path = "/.git/info/exclude" if kind == ".git" else "/" + kind
            if text := _read(directory + path):
                rules[kind] = (Rules(text, directory), *rules.get(kind, ()))
        return Ignores(rules)

    def hide(self, path: str, name: str, is_directory: bool) -> bool:
        """Whether an entry is ignored: absolute path and its last part."""
        for rules in self._rules:
            verdict = rules.verdict(path, name, is_directory)
            if verdict is not None:
                return verdict
        return False


def walk(top: str, *, hidden: bool, without: Collection[str] = ()) -> Iterator[str]:
    """Yield the files below a directory that are not ignored, as paths relative to it.

    Links are neither followed nor yielded, unreadable directories are left out; no order. With
    `hidden`, names that begin with a dot count too, except those of version control. Entries with
    a name of `without` are left out.
    """
    top = top.rstrip("/")
    pending = [("", Ignores.above(top))]
    while pending:
        prefix, ignores = pending.pop()
        here = f"{top}/{prefix}"
        try:
            with os.scandir(here) as entries:
                found = {entry.name: entry for entry in entries}
        except OSError:
            continue
        ignores = ignores.within(here.rstrip("/"), found)
        for name, entry in found.items():
            if name in REPOSITORIES or (not hidden and name.startswith(".")) or name in without:
                continue
            is_directory = entry.is_dir(follow_symlinks=False)
            if not is_directory and not entry.is_file(follow_symlinks=False):
                continue
            if ignores.hide(here + name, name, is_directory):
                continue
            if is_directory:
                pending.append((f"{prefix}{name}/", ignores))
            else:
                yield prefix + name


def is_hidden_from(base: str, directory: str) -> bool:
    """Whether a directory below `base`, or one between them, is ignored or of version control."""
    ignores = Ignores.above(base)
    here = base.rstrip("/")
    for name in os.path.relpath(directory, base).split("/"):
        if name in (".", ".."):
            return False
        ignores = ignores.within(here, _present(here))
        here = f"{here}/{name}"
        if name in REPOSITORIES or ignores.hide(here, name, True):
            return True
    return False


def in_repository(directory: str) -> bool:
    """Whether the directory is in a git repository."""
    return any(os.path.lexists(f"{parent}/.git") for parent in _lineage(directory))


def under_version_control(path: str) -> bool:
    """Whether an absolute path is in a repository and not ignored there, as far as can be told
    without asking git."""
    directory, name = os.path.split(path)
    if not in_repository(directory):
        return False
    top = next((one for one in _lineage(directory) if os.path.exists(f"{one}/.git")), directory)
    hidden = is_hidden_from(top, directory)
    return not hidden and not Ignores.above(path).hide(path, name, False)


def _lineage(directory: str) -> list[str]:
    """The directory's ancestors from the root on, and itself; the root as the empty text."""
    parts = directory.rstrip("/").split("/")
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _present(directory: str) -> list[str]:
    return [kind for kind in _KINDS if os.path.lexists(f"{directory}/{kind}")]


def _read(path: str) -> str:
    return (plain_bytes(path) or b"").decode("utf-8-sig", "surrogateescape")


def _rules(text: str) -> Iterator[Rule]:
    for line in text.split("\n"):
        line = line.removesuffix("\r")
        if not line.endswith("\\ "):
            line = line.rstrip(" \t")
        if line and not line.startswith("#"):
            try:
                yield Rule(line)
            except ValueError:
                continue


def _is_ending(glob: str) -> bool:
    return glob.startswith("*") and len(glob) > 1 and _MAGIC.isdisjoint(glob[1:])


def _any_of(regexes: Iterator[str]) -> Callable[[str], re.Match[str] | None] | None:
    joined = "|".join(regexes)
    return re.compile(joined, re.DOTALL).match if joined else None
