"""Blocks one below the other: which lines are whose, also while most heights are only estimates."""

from bisect import bisect_left, bisect_right
from itertools import accumulate

from msgspec import Struct


class Place(Struct, frozen=True):
    """A line of the column."""

    index: int
    """Of the block, from 0."""
    line: int
    """Of the block's lines."""


class Column:
    """The heights of blocks by their ids, which rise from top to bottom."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._heights: list[int] = []
        self._tops: list[int] = [0]
        self._dirty = 0
        """The first index from which `_tops` is not what the heights say."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def total(self) -> int:
        """The height of all."""
        return self._ordered()[-1]

    def find(self, id: int) -> int | None:
        """The index of a block."""
        index = bisect_left(self.ids, id)
        return index if index < len(self.ids) and self.ids[index] == id else None

    def put(self, id: int, height: int) -> None:
        """Give a block a height, also one that is not there yet."""
        index = bisect_left(self.ids, id)
        if index == len(self.ids) or self.ids[index] != id:
            self.ids.insert(index, id)
            self._heights.insert(index, height)
        elif self._heights[index] == height:
            return
        self._heights[index] = height
        self._dirty = min(self._dirty, index)

    def remove(self, id: int) -> None:
        """Take a block out, if it is there."""
        if (index := self.find(id)) is not None:
            del self.ids[index], self._heights[index]
            self._dirty = min(self._dirty, index)

    def height(self, index: int) -> int:
        """The height of a block."""
        return self._heights[index]

    def top(self, index: int) -> int:
        """The first line of a block, counted from the top of all."""
        return self._ordered()[index]

    def at(self, y: int) -> Place | None:
        """Whose line is the one at `y`; None below the last and where there are none."""
        if not 0 <= y < self.total:
            return None
        index = bisect_right(self._tops, y) - 1
        return Place(index, y - self._tops[index])

    def _ordered(self) -> list[int]:
        size = len(self._heights)
        if self._dirty < size or len(self._tops) != size + 1:
            start = min(self._dirty, len(self._tops) - 1)
            sums = accumulate(self._heights[start:], initial=self._tops[start])
            self._tops[start:] = sums
        self._dirty = size
        return self._tops
