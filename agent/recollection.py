"""The seam to past sessions: what was said in them, found by words."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Recalled(Struct, frozen=True):
    """A passage of a past session."""

    session: str
    when: str
    """RFC 3339."""
    speaker: str
    """`person` or `model`."""
    text: str
    """An excerpt around what was found."""


class Recall(Protocol):
    """Past sessions of one project."""

    def search(self, query: str, limit: int) -> Sequence[Recalled]:
        """The passages that fit best, best first, at most `limit`. Blocks; reads only.

        Raises:
            StoreError: the sessions cannot be read.
        """
        ...
