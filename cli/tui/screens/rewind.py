"""The prompts that one can go back behind, with what their turns did to files."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from textual.content import Content

from ....agent.checkpoint_facts import Reach
from ...ages import age_of
from ...counts import counted
from ...terminal import harmless
from ..desk.points import Point
from .hints import CLOSES, Hint
from .picker import Act, Item, Picker

_ROOMY: Final = 60
"""Cells from which on the keys are explained in whole words."""


class Taken(Struct, frozen=True):
    """Where to go back to."""

    seq: int
    what: Reach = "both"


class RewindPicker(Picker[Taken]):
    """Gives where to go back to, and how far."""

    TAKE = "files + conversation"
    ROOM = 8

    def __init__(self, points: Sequence[Point], *, now: datetime | None = None) -> None:
        """`now` is what ages count from."""
        acts = (
            Act[Taken]("ctrl+f", "files only", lambda item: self._only(item, "files")),
            Act[Taken](
                "ctrl+t", "conversation only", lambda item: self._only(item, "conversation")
            ),
        )
        self._points = {point.seq: point for point in points}
        items = [_item(point, now or datetime.now(UTC)) for point in reversed(points)]
        super().__init__("rewind to before …", items, acts=acts)

    @property
    def hints(self) -> list[Hint]:
        """See `Picker.hints`; in few words where more would hide what is undone."""
        if self.content_width >= _ROOMY:
            return super().hints
        few = (("enter", "both"), ("ctrl+f", "files"), ("ctrl+t", "conversation"))
        return [*(Hint(key, words) for key, words in few), CLOSES]

    async def _only(self, item: Item[Taken], what: Reach) -> str:
        self.dismiss(Taken(item.value.seq, what))
        return ""

    def preview(self, item: Item[Taken]) -> Content:
        """All that would be undone: what this turn and those after it did."""
        later = [point for seq, point in self._points.items() if seq >= item.value.seq]
        words = " ".join(self._points[item.value.seq].words.split())[:300]
        files = [change for point in later for change in point.files]
        lines = [f"undone: {file}" for file in files] or ["no files have changed since"]
        if files and not self._points[item.value.seq].restorable:
            lines = ["the files as they were then are not kept any more"]
        lasting = [f"stays: {words}" for point in later for words in point.lasting]
        return Content.assemble(
            f"{harmless(words)}\n",
            ("\n".join(map(harmless, dict.fromkeys(lines))), "$text-muted"),
            *(("\n" + harmless(words), "$text-warning") for words in dict.fromkeys(lasting)),
        )


def _item(point: Point, now: datetime) -> Item[Taken]:
    age = age_of(datetime.fromisoformat(point.when), now)
    files = counted(len(point.files), "file") if point.files else ""
    words = " ".join(point.words.split())[:120]
    return Item(Taken(point.seq), f"{age:>8}  {files:>8}  {words}")
