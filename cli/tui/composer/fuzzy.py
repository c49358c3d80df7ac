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
_NEVER = (1 << 16, 0)
"""A spread worse than any."""

_Matches = Callable[[str], re.Match[str] | None]


class Paths:
    """A fixed set of paths, and what was found among them last."""

    def __init__(self, paths: Iterable[str], recent: Sequence[str] = ()) -> None:
        """Directories end with a slash; those that changed last are `recent`, the last one first.
        Takes about a second for 300,000 paths."""
        self.all = sorted(paths, key=_likelihood)
        self._recent = recent
        changed = {*recent}
        self._changed = {at for at, path in enumerate(self.all) if path in changed}
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
            return list(dict.fromkeys((*self._recent[: limit // 2], *self.all[:limit])))[:limit]
        if not (self._query and wanted.startswith(self._query)):
            self._found, self._apart = self._everything, False
            self._query = ""
        hits = [] if self._apart else self._together(wanted, limit)
        if len(hits) < limit and len(wanted) >= _SHORTEST_FUZZY:
            self._apart = self._apart or not hits
            hits += self._scattered(wanted, {*hits}, limit - len(hits))
        return [self.all[place] for place in hits[:limit]]

    def _together(self, wanted: str, limit: int) -> list[int]:
        low, names, places, changed = self._low, self._names, self._found, self._changed
        hits: list[int] = []
        if "/" not in wanted:
            named = list(islice((at for at in places if wanted in names[at]), _ENOUGH))
            hits = sorted(named, key=lambda at: (*self._of_name(at, wanted), at not in changed))
        if len(hits) < limit:
            known = {*hits}
            within = islice((at for at in places if wanted in low[at]), _ENOUGH)
            hits += sorted(
                (at for at in within if at not in known),
                key=lambda at: (*_of_path(low[at], wanted), at not in changed),
            )
        return hits

    def _scattered(self, wanted: str, known: set[int], limit: int) -> list[int]:
        low, places = self._low, self._found
        matches = _letters(wanted)
        new = sorted({*wanted} - {*self._query}, key=lambda letter: self._frequency[letter])
        for letter in new[:_RAREST]:
            places = [at for at in places if letter in low[at]]
        enough = _ENOUGH + len(known)
        matching = list(islice((at for at in places if matches(low[at])), enough))
        # With fewer they are all there are, and the next letter has to look at no others.
        self._query, self._found = wanted, matching if len(matching) < enough else places
        rest = (at for at in matching if at not in known)
        return sorted(rest, key=lambda at: self._scatter(at, wanted, matches))[:limit]

    def _of_name(self, at: int, wanted: str) -> tuple[bool, bool, bool]:
        """Smaller is better: the whole name, its stem, its beginning, the beginning of a word."""
        name = self._names[at]
        start = name.find(wanted)
        is_name = name == wanted or name.rpartition(".")[0] == wanted
        # Names are the last part of what is shown, in which capitals are still told apart.
        before = len(self.all[at].rstrip("/")) - len(name)
        return not is_name, start > 0, not _begins(self.all[at], before + start)

    def _scatter(self, at: int, wanted: str, matches: _Matches) -> tuple[bool, int, int, bool]:
        """Smaller is better: within the name, at beginnings of words, close together."""
        name, path = self._names[at], self.all[at].rstrip("/")
        in_name = matches(name) is not None
        text = path[len(path) - len(name) :] if in_name else path
        spread = min(_spread(text, wanted, by_words=True), _spread(text, wanted, by_words=False))
        return not in_name, *spread, at not in self._changed


def _likelihood(path: str) -> tuple[int, int, str]:
    return path.rstrip("/").count("/"), len(path), path


def _of_path(path: str, wanted: str) -> tuple[bool, bool]:
    start = path.find(wanted)
    whole = path.rstrip("/").endswith(wanted)
    return not whole, start > 0 and path[start - 1] != "/"


def _spread(text: str, wanted: str, *, by_words: bool) -> tuple[int, int]:
    """How often the letters are apart, twice as bad amid a word, and over how many characters they
    are spread. `by_words` prefers a letter that begins a word to one that comes before it."""
    low = text.lower()
    at, first, breaks = -1, -1, 0
    for letter in wanted:
        place = _place(text, low, letter, at + 1, by_words=by_words)
        if place < 0:
            return _NEVER
        if place != at + 1 or at < 0:
            breaks += 1 if _begins(text, place) else 2
        first = place if first < 0 else first
        at = place
    return breaks, at - first


def _place(text: str, low: str, letter: str, start: int, *, by_words: bool) -> int:
    """The next place of a letter; the present one if the letters go on together."""
    place = low.find(letter, start)
    if not by_words or place == start:
        return place
    begins = place
    while begins >= 0 and not _begins(text, begins):
        begins = low.find(letter, begins + 1)
    return begins if begins >= 0 else place


def _begins(text: str, place: int) -> bool:
    """Whether a word begins there: behind what is no letter, or with a capital behind a small
    letter."""
    if not 0 < place < len(text):
        # A few letters are longer when they are small, so that a place may be behind the end.
        return place < 1
    before, here = text[place - 1], text[place]
    return not before.isalnum() or (here.isupper() and not before.isupper())


def _letters(wanted: str) -> _Matches:
    """Tells whether a text has these letters in this order. Possessive: it never goes back."""
    steps = (f"[^{re.escape(letter)}]*+{re.escape(letter)}" for letter in wanted)
    return re.compile("".join(steps), re.DOTALL).match
