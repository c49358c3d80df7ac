"""Finds the rules that speak of a command or a path without trying each.

Commands are looked up by their words, paths by the directories above them and by what their names
begin or end with, hosts by the domains above them; only what has a `*` in an unusual place is tried
one by one.
"""

import re
from collections.abc import Callable, Iterator

from ...config.command_pattern import CommandPattern
from ...config.host_pattern import HostPattern, split_port
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


_TOKENS = re.compile(
    r"(?P<any>\(\?:\.\+/\)\?|\.\+)|(?P<within>\[\^/\]\*?)|\\(?P<escaped>.)|(?P<plain>.)", re.DOTALL
)
_ANY, _WITHIN = "\0", "\1"
_Hit = tuple[_Match, Rule]


def _names(regex: str) -> list[str]:
    """The names in the pattern of a path, its stars as `_ANY` and `_WITHIN`; none where it has
    sets of characters."""
    if "(?!/)[" in regex:
        return []
    text = "".join(
        f"{_ANY}/" if token["any"] else _WITHIN if token["within"] else token["escaped"] or token[0]
        for token in _TOKENS.finditer(regex.removesuffix("(?:/.*)?"))
    )
    return [name for name in text.split("/") if _ANY not in name]


class _Globs:
    """Patterns with a `*` in them, looked up by what one of their names begins or ends with."""

    def __init__(self) -> None:
        self._heads: dict[int, dict[str, list[_Hit]]] = {}
        self._tails: dict[int, dict[str, list[_Hit]]] = {}
        self._tried: list[_Hit] = []

    def add(self, regex: str, match: _Match, rule: Rule) -> None:
        """Take a pattern in."""
        names = _names(regex)
        head = max((name.partition(_WITHIN)[0] for name in names), key=len, default="")
        tail = max((name.rpartition(_WITHIN)[2] for name in names), key=len, default="")
        if not head and not tail:
            self._tried.append((match, rule))
        elif len(head) > len(tail):
            self._heads.setdefault(len(head), {}).setdefault(head, []).append((match, rule))
        else:
            self._tails.setdefault(len(tail), {}).setdefault(tail, []).append((match, rule))

    def find(self, path: str) -> Iterator[Rule]:
        """The rules whose pattern matches a path."""
        hits = dict.fromkeys(self._tried)
        names = path.split("/") if self._heads or self._tails else ()
        for length, table in self._heads.items():
            for name in names:
                hits.update(dict.fromkeys(table.get(name[:length], ())))
        for length, table in self._tails.items():
            for name in names:
                hits.update(dict.fromkeys(table.get(name[-length:], ())))
        yield from (rule for match, rule in hits if match(path))

    def __iter__(self) -> Iterator[Rule]:
        """All of the rules."""
        tables = (*self._heads.values(), *self._tails.values())
        yield from (rule for table in tables for hits in table.values() for _, rule in hits)
        yield from (rule for _, rule in self._tried)


class PathIndex:
    """The rules on paths of one list and one kind of access."""

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        self._always: list[Rule] = []
        self._names: dict[str, list[Rule]] = {}
        self._places: dict[str, tuple[list[Rule], _Globs]] = {}
        self._anywhere = _Globs()

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
            self._anywhere.add(regex, match, rule)

    def _add_place(self, rule: Rule, pattern: PathPattern) -> None:
        start = {
            "project": self._territory.project,
            "home": self._territory.home or "/",
            "root": "/",
        }[pattern.anchor].rstrip("/")
        place = f"{start}/{pattern.base}".rstrip("/")
        whole, globs = self._places.setdefault(place, ([], _Globs()))
        if pattern.regex:
            match = re.compile(f"{re.escape(start)}/{pattern.regex}", re.DOTALL).fullmatch
            globs.add(pattern.regex, match, rule)
        else:
            whole.append(rule)

    def find(self, path: str) -> Iterator[Rule]:
        """Rules that speak of a path, absolute and without links."""
        yield from self._always
        if self._names:
            for name in dict.fromkeys(path.split("/")):
                yield from self._names.get(name, ())
        if self._places:
            for place in _upwards(path):
                if place in self._places:
                    whole, globs = self._places[place]
                    yield from whole
                    yield from globs.find(path)
        yield from self._anywhere.find(path)

    def below(self, path: str) -> Iterator[tuple[Rule, bool]]:
        """Rules that may speak of something below a directory, though not of itself; with each,
        whether it names a place there."""
        start = f"{path.rstrip('/')}/"
        for place, (whole, globs) in self._places.items():
            if place.startswith(start):
                yield from ((rule, True) for rule in (*whole, *globs))
        for rules in self._names.values():
            yield from ((rule, False) for rule in rules)
        yield from ((rule, False) for rule in self._anywhere)


class HostIndex:
    """The rules on hosts of one list."""

    def __init__(self) -> None:
        self._always: list[Rule] = []
        self._names: dict[str, list[tuple[HostPattern, Rule]]] = {}

    def add(self, rule: Rule, pattern: HostPattern | None) -> None:
        """Take a rule in; without a pattern it speaks of every host."""
        if pattern is None:
            self._always.append(rule)
        else:
            self._names.setdefault(pattern.name, []).append((pattern, rule))

    def find(self, target: str, *, any_port: bool) -> Iterator[Rule]:
        """Rules that speak of a host; `any_port`: see `HostPattern.matches`."""
        yield from self._always
        name = split_port(target)[0]
        labels = name.split(".")
        domains = (".".join(("*", *labels[start:])) for start in range(1, len(labels) + 1))
        for key in dict.fromkeys((name, *domains)):
            for pattern, rule in self._names.get(key, ()):
                if pattern.matches(target, any_port=any_port):
                    yield rule


def _upwards(path: str) -> Iterator[str]:
    """The path and every directory above it, the root as the empty text."""
    yield path
    while path:
        path = path.rpartition("/")[0]
        yield path
