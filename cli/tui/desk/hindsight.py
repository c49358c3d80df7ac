"""What a person does with what happened: shortens it for the model, looks at it, goes back."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from ....agent.checkpoint_facts import Reach
from .points import Point
from .seat import Seat

if TYPE_CHECKING:
    from ...going_back import Announce
    from .returning import Returning
    from .reverting import FileDiff, Reverting

_Came = TypeVar("_Came")


class Hindsight:
    """What is past in the session of one seat.

    What changes anything raises `UsageError` while a turn runs.
    """

    def __init__(self, seat: Seat, busy: Callable[[str], AbstractContextManager[None]]) -> None:
        """`busy` says that something is being done, for as long as it is."""
        self._seat = seat
        self._session = seat.composed.session
        self._busy = busy

    async def compact(self, focus: str = "") -> str:
        """Summarise the conversation, keeping above all `focus`; what that gained, in words."""
        with self._busy("summarising"):
            self._seat.require_rest()
            done = await self._session.compact(focus)
        if done is None:
            return "the conversation is too short to be summarised"
        return f"about {done.tokens_before:,} tokens are {done.tokens_after:,} now"

    def undo_compaction(self) -> str:
        """Let the model see again what the last summary stands for; how it went, in words."""
        self._seat.require_rest()
        done = self._session.undo_compaction()
        return "nothing was summarised" if done is None else "the model sees it whole again"

    async def points(self) -> list[Point]:
        """The prompts that can be gone back behind, oldest first."""
        return await asyncio.to_thread(lambda: self._returning().points())

    async def rewind(self, seq: int, what: Reach) -> tuple[str, str]:
        """Go back behind a prompt: its words, to be changed, and what became of the files."""
        with self._busy("going back"):
            return await self._go_back(lambda known, put: known.rewind(seq, what, put))

    async def undo(self, count: int = 1, *, force: bool = False) -> str:
        """Undo what the last turns did to files, with `force` also where somebody else changed them
        since; in words what came of it."""
        with self._busy("undoing"):
            return await self._go_back(lambda known, put: known.undo(count, put, force=force))

    async def redo(self) -> str:
        """Take the last going back back; in words what came of it."""
        with self._busy("redoing"):
            return await self._go_back(lambda known, put: known.redo(put))

    async def changes(self) -> "list[FileDiff]":
        """What became of every file since the session began."""
        return await asyncio.to_thread(lambda: self._reverting().changes())

    async def put_back(self, file: "FileDiff", to: str = "") -> str:
        """Make a file as it was when the session began, or at a checkpoint; gives the checkpoint
        from just before. The model hears of it with the person's next words."""
        with self._busy("putting a file back"):
            before = await self._seat.held(
                lambda announce: self._reverting().put_back(file.path, announce, to)
            )
        how = "as I had it before that" if to else "as it was when the session began"
        self._seat.tell(f"I put the file {file.shown} back {how}.")
        return before

    async def _go_back(self, go: "Callable[[Returning, Announce], _Came]") -> _Came:
        return await self._seat.held(lambda announce: go(self._returning(), announce))

    def _returning(self) -> "Returning":
        # Checkpoints are loaded by who wants to go back.
        from .returning import Returning

        return Returning(self._seat.id, self._seat.composed.storage)

    def _reverting(self) -> "Reverting":
        from .reverting import Reverting

        return Reverting(self._seat.id, self._seat.composed.storage)
