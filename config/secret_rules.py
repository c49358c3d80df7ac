"""The shapes of tokens: data in `defaults/secrets.json`, made by `bench/secret_rules.py`."""

import re
from collections.abc import Iterator
from functools import cache, cached_property

import msgspec
from msgspec import Struct

from .sections import DEFAULTS

_WORD_BEFORE = re.compile(
    r"[0-9A-Za-z_](?<!\\[abfnrtv0])(?<!%[0-9A-Fa-f]{2})|(?<=[0-9A-Za-z_/+-])(?<!\\n)[+-]"
)
"""A character of a word: not the end of an escape, and not the mark of a line in a diff."""


class Rule(Struct, frozen=True, dict=True):
    """One kind of token."""

    kind: str
    keys: tuple[str, ...]
    """One of these is part of every such token; none if there is no such part."""
    pattern: str
    """A regular expression; its group `value`, if it has one, is the secret."""
    bounded: bool
    """Whether it must not be the end of a longer word."""

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        """Compiled when a text may hold one: to compile all takes longer than kedge's start."""
        return re.compile(self.pattern)

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth while to look at the text such a token would be from."""
        if self.keys and not any(key in text for key in self.keys):
            return False
        return self._regex.search(text) is not None

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of every such token."""
        group = "value" if "value" in self._regex.groupindex else 0
        for match in self._regex.finditer(text):
            # Not a look-behind: patterns that begin with a word are found many times as fast.
            begins = match.start() - 1
            if not (self.bounded and begins >= 0 and _WORD_BEFORE.match(text, begins)):
                yield match.span(group)


class _File(Struct, frozen=True):
    rules: tuple[Rule, ...]


@cache
def rules() -> tuple[Rule, ...]:
    """All of them. JSON, because TOML of this size takes 2 ms to read, and this 0.1."""
    return msgspec.json.decode((DEFAULTS / "secrets.json").read_bytes(), type=_File).rules
