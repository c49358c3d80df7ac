"""Which names below the roots are protected, whoever made them and however deep they lie.

A rule is a sign and a pattern. `-` names what is never read, `=` what is never written, `+` what
is neither after all. A pattern is a name or several joined by slashes, as the end of a path; `*`
stands for any part of a name. Capitals count as small letters: some file systems see it that way.
"""

NEVER_READ, NEVER_WRITTEN, FREE = "-", "=", "+"

_Pattern = tuple[str, ...]


class Names:
    """The rules, made ready."""

    def __init__(self, rules: list[str]) -> None:
        self._exact: dict[str, list[tuple[str, _Pattern]]] = {}
        self._globs: list[tuple[str, _Pattern]] = []
        for rule in rules:
            pattern = tuple(rule[1:].casefold().split("/"))
            if "*" in pattern[-1]:
                self._globs.append((rule[0], pattern))
            else:
                self._exact.setdefault(pattern[-1], []).append((rule[0], pattern))

    def judge(self, path: str) -> str:
        """The sign of the rule for what is at `path` (relative, without links or dots); or ''.

        Free beats never read, which beats never written.
        """
        parts = path.casefold().split("/")
        signs = [sign for sign, pattern in self._candidates(parts[-1]) if _ends(parts, pattern)]
        return next((sign for sign in (FREE, NEVER_READ, NEVER_WRITTEN) if sign in signs), "")

    def depth(self, path: str) -> int:
        """How many names at the end of `path` it takes to know its sign; 0 if it has none."""
        parts = path.casefold().split("/")
        fitting = (one for _, one in self._candidates(parts[-1]) if _ends(parts, one))
        return max(map(len, fitting), default=0)

    def concerns(self, name: str) -> bool:
        """Whether any rule could be about an entry of this name; cheap, for walks."""
        folded = name.casefold()
        return folded in self._exact or any(fits(folded, one[-1]) for _, one in self._globs)

    def _candidates(self, name: str) -> list[tuple[str, _Pattern]]:
        return self._exact.get(name, []) + self._globs


def fits(name: str, pattern: str) -> bool:
    """Whether a name is what a pattern with `*` describes."""
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    if not name.startswith(first):
        return False
    *middle, last = rest
    at = len(first)
    for part in middle:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) - at >= len(last) and name.endswith(last)


def _ends(parts: list[str], pattern: _Pattern) -> bool:
    tail = parts[-len(pattern) :]
    return len(tail) == len(pattern) and all(map(fits, tail, pattern))
