"""Which lines of a session are final, in the order in which they are printed, and which are not
yet: for a terminal whose scrollback is the transcript. What is printed is never taken back."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace
from rich.segment import Segment

from .blocks import Answer, Block, Card, Divider, Ended, Opened, ShellRun, Thought, Told
from .flow import BLANK, Line, flow
from .fold import View
from .lines import gap, render
from .look import Look
from .streamed import Streamed

KEPT_OF_PAST: Final = 40
"""Blocks of a session that is gone on with that are printed, its last."""
_VOID: Final = "(not kept: the answer above was cut off)"


class Printing:
    """The blocks of a view on their way to paper.

    Blocks of one agent are printed in order, a long answer piece by piece. Agents of agents do not
    wait for each other, nor does anything for a command of the person's own.
    """

    def __init__(self, view: View, look: Look, *, thinking: bool = False) -> None:
        """`thinking`: whether all that is thought is printed."""
        self._view = view
        self._look = look
        self._thinking = thinking
        self._waiting: dict[int, None] = {}
        self.newest = 0
        """The highest id that was taken."""
        self._closed = 0
        """Blocks with a lower id belong to a turn that is over."""
        self._streams: dict[int, Streamed] = {}
        self._last: Block | None = None
        """What was printed last."""

    def restyle(self, look: Look, *, thinking: bool) -> None:
        """What is not printed yet looks otherwise."""
        self._look, self._thinking = look, thinking
        for id, stream in self._streams.items():
            stream.restyle(self._of(self._view.block(id)))

    def skip(self, ids: Sequence[int]) -> list[Line]:
        """Take the blocks of a past session: what to print of it, besides what waits from now."""
        left = max(0, len(ids) - KEPT_OF_PAST)
        if not left:
            return []
        self.newest = ids[left - 1]
        words = f"{left} earlier blocks, not printed again"
        return self._printed(Divider(0, 0, ("main",), words))

    def take(self, ids: Iterable[int]) -> list[Line]:
        """What became final, the blocks with these ids included; it is printed by whoever asks."""
        for id in ids:
            if id > self.newest:
                self.newest = id
                self._adopt(id)
        lines: list[Line] = []
        held: set[tuple[str, ...]] = set()
        for id in list(self._waiting):
            if id not in self._view:
                lines += self._voided(id)
                continue
            block = self._view.block(id)
            if block.path in held:
                continue
            if self._is_final(block):
                lines += self._finished(block)
            elif isinstance(block, Answer):
                lines += self._streamed(block)
            if id in self._waiting and not isinstance(block, ShellRun):
                held.add(block.path)
        return lines

    def rest(self) -> list[Line]:
        """What may yet change, as it is now."""
        lines: list[Line] = []
        before = self._last
        for id in self._waiting:
            block = self._view.block(id)
            stream = self._streams.get(id)
            if stream is not None:
                lines += stream.rest if stream.taken else [BLANK, *stream.rest]
            else:
                drawn = render(block, self._of(block))
                lines += [BLANK] * gap(before, block) + drawn if drawn else []
            before = block
        return lines

    def _adopt(self, id: int) -> None:
        block = self._view.block(id)
        # Whose words follow is said anew here, since blocks come in another order.
        if isinstance(block, Divider) and block.seq == 0:
            return
        if isinstance(block, Ended | Opened) and len(block.path) == 1:
            self._closed = id
        self._waiting[id] = None

    def _is_final(self, block: Block) -> bool:
        match block:
            case ShellRun(done=done):
                return done
            case Answer(done=done) | Thought(done=done):
                return done or block.id < self._closed
            case Card():
                return block.over or block.id < self._closed
            case Told(code="retry"):
                return block.id < self._closed
            case Told(code="mode"):
                # The next switch may take its place.
                return block.id != self.newest
            case _:
                return True

    def _of(self, block: Block) -> Look:
        return replace(self._look, expanded=self._thinking and isinstance(block, Thought))

    def _printed(self, block: Block) -> list[Line]:
        drawn = render(block, self._of(block))
        return self._announced(block) + drawn if drawn else []

    def _announced(self, block: Block) -> list[Line]:
        """What comes before the first line of a block."""
        before, self._last = self._last, block
        lines = [BLANK] * gap(before, block)
        if len(block.path) > 1 and (before is None or before.path != block.path):
            name = Divider(0, 0, block.path, block.path[-1])
            return [BLANK, *render(name, self._look), *lines]
        return lines

    def _finished(self, block: Block) -> list[Line]:
        del self._waiting[block.id]
        stream = self._streams.pop(block.id, None)
        if stream is None or not isinstance(block, Answer) or not stream.taken:
            return self._printed(block)
        if block.text.startswith(stream.text):
            stream.read(block)
            stream.finish()
            return stream.take()
        return [*self._remark(_VOID), *self._printed(block)]

    def _streamed(self, answer: Answer) -> list[Line]:
        stream = self._streams.get(answer.id)
        if stream is None:
            stream = self._streams[answer.id] = Streamed(answer, self._of(answer))
        begun = stream.taken > 0
        stream.read(answer)
        lines = stream.take()
        return lines if begun or not lines else [*self._announced(answer), *lines]

    def _voided(self, id: int) -> list[Line]:
        del self._waiting[id]
        stream = self._streams.pop(id, None)
        return self._remark(_VOID) if stream is not None and stream.taken else []

    def _remark(self, words: str) -> list[Line]:
        return flow([Segment(words, self._look.ink("dim"))], self._look.width)
