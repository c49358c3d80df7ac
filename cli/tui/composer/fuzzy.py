"""Finds paths by a few of their letters, among tens of thousands, within one key press.

Everything that looks at all paths is one pass of a C function over them; Python looks only at
what is left. bench/tui_files.py says how long that takes.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

_ENOUGH = 600
"""Of so many hits the best are shown; with more, a pass ends early. Paths are sorted, the likely
ones first, so that these come before the end."""
_RAREST = 2
"""How many letters are looked for one by one before all of them in their order."""
_SHORTEST_FUZZY = 3
"""Letters that may have others between them; fewer would match nearly everything."""


class Paths:
    """A fixed set of paths, and what was found among them last."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Directories end with a slash. Takes about a second for 300,000 paths."""
        self.all = sorted(paths, key=_likelihood)
        self._low = [path.lower() for path in self.all]
        self._names = [path.rstrip("/").rpartition("/")[2] for path in self._low]
        self._frequency = Counter("".join(self._low[:: 1 + len(self._low) // 2_000]))
        self._everything = range(len(self.all))
        self._query = ""
        self._found: Sequence[int] = self._everything
        """At least every path that has the letters of `_query` in their order."""
        self._apart = False
        """Whether no path has them together."""

    def __len__(self) -> int:
        return len(self.all)

    def match(self, query: str, limit: int) -> list[str]:
        """The paths that a query means most likely, best first.

        A query is letters in their order, whatever their case, from anywhere in the path; those
        that stand together, in the name, at its beginning are better.
        """
        wanted = query.lower().removeprefix("./")
        if not wanted:
            return self.all[:limit]
        if not (self._query and wanted.startswith(self._query)):
            self._found, self._apart = self._everything, False
            self._query = ""
        hits = [] if self._apart else self._together(wanted, limit)
        if len(hits) < limit and len(wanted) >= _SHORTEST_FUZZY:
            self._apart = self._apart or not hits
            hits += self._scattered(wanted, {*hits}, limit - len(hits))
        return [self.all[place] for place in hits[:limit]]

    def _together(self, wanted: str, limit: int) -> list[int]:
        low, names, places = self._low, self._names, self._found
        hits: list[int] = []
        if "/" not in wanted:
            named = list(islice((at for at in places if wanted in names[at]), _ENOUGH))
            hits = sorted(named, key=lambda at: _of_name(names[at], wanted))
        if len(hits) < limit:
            known = {*hits}
            within = islice((at for at in places if wanted in low[at]), _ENOUGH)
            hits += sorted(
                (at for at in within if at not in known),
                key=lambda at: _of_path(low[at], wanted),
            )
        return hits

    def _scattered(self, wanted: str, known: set[int], limit: int) -> list[int]:
        low, names, places = self._low, self._names, self._found
        matches = _letters(wanted)
        new = sorted({*wanted} - {*self._query}, key=lambda letter: self._frequency[letter])
        for letter in new[:_RAREST]:
            places = [at for at in places if letter in low[at]]
        enough = _ENOUGH + len(known)
        matching = list(islice((at for at in places if matches(low[at])), enough))
        # With fewer they are all there are, and the next letter has to look at no others.
        self._query, self._found = wanted, matching if len(matching) < enough else places
        rest = (at for at in matching if at not in known)
        return sorted(rest, key=lambda at: _scatter(low[at], names[at], wanted, matches))[:limit]


def _likelihood(path: str) -> tuple[int, int, str]:
    return path.rstrip("/").count("/"), len(path), path


def _of_name(name: str, wanted: str) -> tuple[bool, bool, bool]:
    """Smaller is better: the whole name, its stem, its beginning, the beginning of a word."""
    start = name.find(wanted)
    is_name = name == wanted or name.rpartition(".")[0] == wanted
    return not is_name, start > 0, start > 0 and name[start - 1].isalnum()


def _of_path(path: str, wanted: str) -> tuple[bool, bool]:
    start = path.find(wanted)
    whole = path.rstrip("/").endswith(wanted)
    return not whole, start > 0 and path[start - 1] != "/"


def _scatter(
    path: str, name: str, wanted: str, matches: Callable[[str], re.Match[str] | None]
) -> tuple[bool, int, int]:
    """Smaller is better: within the name, at beginnings of words, close together."""
    in_name = matches(name) is not None
    text = name if in_name else path
    at, first, breaks, before = -1, -1, 0, ""
    for letter in wanted:
        place = _word_place(text, letter, at + 1)
        if place != at + 1 or at < 0:
            before = text[place - 1] if place > 0 else ""
            breaks += 2 if before.isalnum() else 1
        first = place if first < 0 else first
        at = place
    return not in_name, breaks, at - first


def _word_place(text: str, letter: str, start: int) -> int:
    """The next place of a letter; the present one if the letters go on together."""
    return start if text.startswith(letter, start) else max(text.find(letter, start), 0)


def _letters(wanted: str) -> Callable[[str], re.Match[str] | None]:
    """Tells whether a text has these letters in this order. Possessive: it never goes back."""
    steps = (f"[^{re.escape(letter)}]*+{re.escape(letter)}" for letter in wanted)
    return re.compile("".join(steps), re.DOTALL).match
