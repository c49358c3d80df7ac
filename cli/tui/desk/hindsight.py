"""What a person does with what happened: shortens it for the model, looks at it, goes back."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ....agent.checkpoint_facts import Reach
from .points import Point
from .seat import Seat

if TYPE_CHECKING:
    from .reverting import FileDiff


class Hindsight(ABC):
    """A desk, as far as it is about what is past."""

    @property
    @abstractmethod
    def seat(self) -> Seat:
        """The session that is open; raises `UsageError` where none is."""

    @abstractmethod
    def _busy(self, doing: str) -> AbstractContextManager[None]:
        """Say that this is being done."""

    async def compact(self, focus: str = "") -> str:
        """Summarise the conversation, keeping above all `focus`; what that gained, in words."""
        with self._busy("summarising"):
            return await self.seat.compact(focus)

    def undo_compaction(self) -> str:
        """Let the model see again what the last summary stands for; how it went, in words."""
        return self.seat.undo_compaction()

    async def points(self) -> list[Point]:
        """The prompts that can be gone back behind, oldest first."""
        return await self.seat.points()

    async def rewind(self, seq: int, what: Reach) -> tuple[str, str]:
        """Go back behind a prompt: its words, to be changed, and what became of the files."""
        with self._busy("going back"):
            return await self.seat.rewind(seq, what)

    async def undo(self, count: int = 1, *, force: bool = False) -> str:
        """Undo what the last turns did to files, with `force` also where somebody else changed them
        since; in words what came of it."""
        with self._busy("undoing"):
            return await self.seat.undo(count, force=force)

    async def redo(self) -> str:
        """Take the last going back back; in words what came of it."""
        with self._busy("redoing"):
            return await self.seat.redo()

    async def changes(self) -> "list[FileDiff]":
        """What became of every file since the session began."""
        return await self.seat.changes()

    async def put_back(self, file: "FileDiff", to: str = "") -> str:
        """Make a file as it was when the session began, or at a checkpoint; gives the checkpoint
        from just before."""
        with self._busy("putting a file back"):
            return await self.seat.put_back(file, to)
