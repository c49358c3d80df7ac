"""The transcript as one long sheet of lines, of which only what is looked at is drawn.

Blocks are drawn when their lines are asked for and forgotten when many others were since; the
heights of those that were never drawn are estimates. `settle` makes the heights around a place
exact, so that what is on the screen does not move.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from .blocks import Answer, Block, Thought
from .column import Column
from .flow import BLANK, Line
from .fold import View
from .lines import estimate, gap, opens, render
from .look import Look
from .streamed import Streamed

Thinking = Literal["collapsed", "shown", "hidden"]

KEPT_LINES: Final = 6_000
"""Lines of drawn blocks that are kept."""


class Sheet:
    """The blocks of a view, as lines for one look."""

    def __init__(self, view: View, look: Look, thinking: Thinking = "collapsed") -> None:
        self._view = view
        self._look = look
        self._thinking: Thinking = thinking
        self._column = Column()
        self._exact: set[int] = set()
        """Blocks whose heights are known."""
        self._drawn: OrderedDict[int, list[Line]] = OrderedDict()
        self._kept = 0
        self._streams: dict[int, Streamed] = {}
        """Answers that are being written."""
        self._toggled: set[int] = set()
        """Blocks that a person opened, or closed where they are open by themselves."""
        self.touch(view.ids)

    @property
    def look(self) -> Look:
        """How it looks."""
        return self._look

    @property
    def column(self) -> Column:
        """Where each block stands."""
        return self._column

    @property
    def kept_lines(self) -> int:
        """How many drawn lines are kept."""
        return self._kept

    def restyle(self, look: Look, thinking: Thinking) -> None:
        """Let everything look otherwise, from the next time it is looked at."""
        hidden = (thinking == "hidden") != (self._thinking == "hidden")
        self._look, self._thinking = look, thinking
        self._exact.clear()
        self._drawn.clear()
        self._streams.clear()
        self._kept = 0
        if hidden:
            self._column = Column()
        self.touch(self._view.ids)

    def touch(self, ids: Iterable[int]) -> None:
        """These blocks are not what they were."""
        for id in dict.fromkeys(ids):
            if not self._shows(id):
                self._forget(id)
                self._streams.pop(id, None)
                self._column.remove(id)
                continue
            self._forget(id)
            index = self._column.find(id)
            if index is None:
                self._column.put(id, 1 + estimate(self._view.block(id), self._look))

    def _shows(self, id: int) -> bool:
        if id not in self._view:
            return False
        return self._thinking != "hidden" or not isinstance(self._view.block(id), Thought)

    def _forget(self, id: int) -> None:
        self._exact.discard(id)
        if (lines := self._drawn.pop(id, None)) is not None:
            self._kept -= len(lines)

    def toggle(self, id: int) -> bool:
        """Open a block or close it; whether it is one that can be."""
        if id not in self._view or not opens(self._view.block(id)):
            return False
        self._toggled ^= {id}
        self._forget(id)
        return True

    def is_open(self, id: int) -> bool:
        """Whether all of a block is shown."""
        shown = self._thinking == "shown" and isinstance(self._view.block(id), Thought)
        return shown != (id in self._toggled)

    def settle(self, index: int, above: int, below: int) -> None:
        """Make heights exact: of the block, of the lines before it and from its first line on."""
        for place in range(index, len(self._column)):
            if below <= 0:
                break
            below -= self._height(place)
        for place in range(min(index, len(self._column)) - 1, -1, -1):
            if above <= 0:
                break
            above -= self._height(place)

    def _height(self, index: int) -> int:
        id = self._column.ids[index]
        if id not in self._exact:
            self._column.put(id, len(self._block_lines(index)))
            self._exact.add(id)
        return self._column.height(index)

    def line(self, y: int) -> Line | None:
        """The line at a height; None beyond the end, and where a height was a guess too high."""
        place = self._column.at(y)
        if place is None:
            return None
        lines = self._block_lines(place.index)
        return lines[place.line] if place.line < len(lines) else BLANK

    def lines(self) -> Iterator[Line]:
        """All lines, from the top."""
        for index in range(len(self._column)):
            yield from self._block_lines(index)

    def block_at(self, y: int) -> Block | None:
        """Whose line is at a height."""
        place = self._column.at(y)
        return None if place is None else self._view.block(self._column.ids[place.index])

    def _block_lines(self, index: int) -> Sequence[Line]:
        """A block's lines, those between it and the block before it included."""
        id = self._column.ids[index]
        if (lines := self._drawn.get(id)) is not None:
            self._drawn.move_to_end(id)
            return lines
        lines = self._draw(index)
        self._drawn[id] = lines
        self._kept += len(lines)
        while self._kept > KEPT_LINES and len(self._drawn) > 1:
            _, forgotten = self._drawn.popitem(last=False)
            self._kept -= len(forgotten)
        return lines

    def _draw(self, index: int) -> list[Line]:
        block = self._view.block(self._column.ids[index])
        look = replace(self._look, expanded=self.is_open(block.id))
        before = self._view.block(self._column.ids[index - 1]) if index else None
        if isinstance(block, Answer) and (not block.done or block.id in self._streams):
            lines = self._streamed(block, look)
        else:
            lines = render(block, look)
        return [BLANK] * gap(before, block) + lines if lines else []

    def _streamed(self, answer: Answer, look: Look) -> list[Line]:
        """An answer that is being written, or was until now."""
        stream = self._streams.get(answer.id)
        if stream is None or not answer.text.startswith(stream.text):
            stream = self._streams[answer.id] = Streamed(answer, look)
        stream.read(answer)
        if not answer.done:
            return stream.lines
        del self._streams[answer.id]
        if stream.names_addresses:
            return render(answer, look)
        stream.finish()
        return stream.lines
