"""Finds the rules that speak of a command or a path without trying each.

Commands are looked up by their words, paths by the directories above them; only what has a `*`
in an unusual place is tried one by one.
"""

import re
from collections.abc import Callable, Iterator

from ...config.command_pattern import CommandPattern
from ...config.path_pattern import PathPattern
from ...config.rules import Rule
from .territory import Territory

_Match = Callable[[str], object]


class CommandIndex:
    """The rules on commands of one list."""

    def __init__(self, joint: str) -> None:
        """`joint` stands between the words of what is looked up, and in every pattern."""
        self._joint = joint
        self._always: list[Rule] = []
        self._lines: dict[str, list[Rule]] = {}
        self._exact: dict[str, list[Rule]] = {}
        self._prefix: dict[str, list[Rule]] = {}
        self._globs: dict[str, list[tuple[str, _Match, Rule]]] = {}

    def add(self, rule: Rule, pattern: CommandPattern | None) -> None:
        """Take a rule in; without a pattern it speaks of every command."""
        if pattern is None:
            self._always.append(rule)
        elif pattern.kind == "exact":
            self._exact.setdefault(pattern.literal, []).append(rule)
            self._lines.setdefault(self._folded(rule.specifier), []).append(rule)
        elif pattern.kind == "prefix":
            self._prefix.setdefault(pattern.literal, []).append(rule)
        else:
            match = re.compile(pattern.regex, re.DOTALL).fullmatch
            first = pattern.literal.partition(self._joint)[0]
            self._globs.setdefault(first, []).append((pattern.needle, match, rule))

    def of_line(self, line: str) -> list[Rule]:
        """Rules without a `*` that are this whole command line."""
        return self._lines.get(self._folded(line), []) if self._lines else []

    def _folded(self, line: str) -> str:
        """A command line as rules compare it: strictly, or with each run of blanks as one."""
        return " ".join(line.split()) if self._joint == " " else line.strip()

    def find(self, joined: str) -> Iterator[Rule]:
        """Rules that speak of a command, its words joined."""
        yield from self._always
        yield from self._exact.get(joined, ())
        if self._prefix:
            end = joined.find(self._joint)
            while end >= 0:
                yield from self._prefix.get(joined[:end], ())
                end = joined.find(self._joint, end + 1)
            yield from self._prefix.get(joined, ())
        for first in dict.fromkeys((joined.partition(self._joint)[0], "")):
            for needle, match, rule in self._globs.get(first, ()):
                if needle in joined and match(joined):
                    yield rule


class PathIndex:
    """The rules on paths of one list and one kind of access."""

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        self._always: list[Rule] = []
        self._names: dict[str, list[Rule]] = {}
        self._places: dict[str, list[tuple[_Match | None, Rule]]] = {}
        self._anywhere: list[tuple[_Match, Rule]] = []

    def add(self, rule: Rule, pattern: PathPattern | None) -> None:
        """Take a rule in; without a pattern it speaks of every path."""
        if pattern is None:
            self._always.append(rule)
        elif pattern.anchor != "anywhere":
            self._add_place(rule, pattern)
        elif not pattern.regex and "/" not in pattern.base:
            self._names.setdefault(pattern.base, []).append(rule)
        else:
            regex = pattern.regex or f"{re.escape(pattern.base)}(?:/.*)?"
            match = re.compile(f"(?:.*/)?{regex}", re.DOTALL).fullmatch
            self._anywhere.append((match, rule))

    def _add_place(self, rule: Rule, pattern: PathPattern) -> None:
        start = {
            "project": self._territory.project,
            "home": self._territory.home or "/",
            "root": "/",
        }[pattern.anchor].rstrip("/")
        place = f"{start}/{pattern.base}".rstrip("/")
        regex = re.compile(f"{re.escape(start)}/{pattern.regex}", re.DOTALL)
        match = regex.fullmatch if pattern.regex else None
        self._places.setdefault(place, []).append((match, rule))

    def find(self, path: str) -> Iterator[Rule]:
        """Rules that speak of a path, absolute and without links."""
        yield from self._always
        if self._names:
            for name in dict.fromkeys(path.split("/")):
                yield from self._names.get(name, ())
        if self._places:
            for place in _upwards(path):
                for match, rule in self._places.get(place, ()):
                    if match is None or match(path):
                        yield rule
        for match, rule in self._anywhere:
            if match(path):
                yield rule

    def below(self, path: str) -> Iterator[tuple[Rule, bool]]:
        """Rules that may speak of something below a directory, though not of itself; with each,
        whether it names a place there."""
        start = f"{path.rstrip('/')}/"
        for place, tried in self._places.items():
            if place.startswith(start):
                yield from ((rule, True) for _, rule in tried)
        for rules in self._names.values():
            yield from ((rule, False) for rule in rules)
        yield from ((rule, False) for _, rule in self._anywhere)


def _upwards(path: str) -> Iterator[str]:
    """The path and every directory above it, the root as the empty text."""
    yield path
    while path:
        path = path.rpartition("/")[0]
        yield path
