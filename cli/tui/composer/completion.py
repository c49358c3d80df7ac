"""The list of proposals above the prompt."""

import asyncio
from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widgets.option_list import Option

from ..listing import Listing
from ..running import defect
from ..tasks import Tasks
from .sources import Candidate, InputMode, Source

_MOST = 50
"""Proposals of one source that are shown."""


class Word:
    """The part of a text that is being completed."""

    def __init__(self, start: int, text: str, sources: Sequence[Source]) -> None:
        self.start = start
        """Offset in the text."""
        self.text = text
        self.sources = sources

    @classmethod
    def at(
        cls, before: str, mode: InputMode, sources: Sequence[Source], *, asked: bool = False
    ) -> "Word | None":
        """The word before the cursor and who would complete it; `asked`: as in `Source`. Of those
        who see different words, the ones with the shortest are asked."""
        starts = [(place, source) for source in sources
                  if (place := source.start(before, mode, asked=asked)) is not None]  # fmt: skip
        if not starts:
            return None
        start = max(place for place, _ in starts)
        return cls(start, before[start:], [source for place, source in starts if place == start])


class Completion(Listing, can_focus=False):
    """Proposals for the word at the cursor. The composer keeps the focus and steers it."""

    DEFAULT_CSS = """
    Completion {
        display: none;
        height: auto;
        max-height: 8;
        width: 1fr;
        border: none;
        padding: 0 1;
        background: $surface;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    Completion.-shown { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False, compact=True)
        self._candidates: Sequence[Candidate] = ()
        self._tasks = Tasks(defect)
        self._asking: asyncio.Task[None] | None = None
        self.word: Word | None = None
        """What is being completed."""

    @property
    def shown(self) -> bool:
        """Whether there is something to choose."""
        return self.has_class("-shown")

    @property
    def chosen(self) -> Candidate | None:
        """What is highlighted; None if nothing is."""
        place = self.highlighted
        return None if place is None or not self.shown else self._candidates[place]

    @property
    def only(self) -> bool:
        """Whether there is a single proposal."""
        return self.shown and len(self._candidates) == 1

    def ask(self, word: Word) -> None:
        """Ask for proposals; those of an older word are not waited for."""
        self._stop()
        self.word = word
        self._asking = self._tasks.begin(self._fill(word))

    def close(self) -> None:
        """Propose nothing."""
        self._stop()
        self.word = None
        self.remove_class("-shown")

    def on_unmount(self) -> None:
        """The screen goes away."""
        self._stop()

    def _stop(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def settled(self) -> None:
        """Wait until what was asked for is there."""
        if self._asking is not None:
            await asyncio.wait([self._asking])

    def step(self, by: int) -> None:
        """Highlight another one; behind the last comes the first."""
        if self._candidates:
            place = -1 if self.highlighted is None and by > 0 else self.highlighted or 0
            self.highlighted = (place + by) % len(self._candidates)

    async def _fill(self, word: Word) -> None:
        found: list[Candidate] = []
        for source in word.sources:
            found += list(await source.offer(word.text))[:_MOST]
        if len(found) == 1 and found[0].text == word.text and not found[0].runs:
            found = []
        self._candidates = found
        self.clear_options()
        width = max((len(one.label) for one in found), default=0)
        self.add_options([Option(_row(one, min(width, 40))) for one in found])
        self.set_class(bool(found), "-shown")
        # With nothing typed yet, Enter is not to take something that nobody asked for.
        self.highlighted = 0 if found and word.text else None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line for each: none is ever wrapped."""
        return len(self._candidates)


def _row(candidate: Candidate, width: int) -> Content:
    label = Content(candidate.label)
    if not candidate.help:
        return label
    gap = " " * max(2, width + 2 - len(candidate.label))
    return label + Content(gap) + Content(candidate.help).stylize("dim")
