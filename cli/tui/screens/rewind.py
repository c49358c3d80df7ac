"""The prompts that one can go back behind, with what their turns did to files."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from ....agent.kept import Reach
from ...ages import age_of
from ..desk.points import Point
from .picker import Act, Item, Picker


class Taken(Struct, frozen=True):
    """Where to go back to."""

    seq: int
    what: Reach = "both"


class RewindPicker(Picker[Taken]):
    """Gives where to go back to, and how far."""

    TAKE = "Enter goes back: files and conversation"

    def __init__(self, points: Sequence[Point]) -> None:
        acts = (
            Act[Taken]("ctrl+f", "files only", lambda item: self._only(item, "files")),
            Act[Taken]("ctrl+t", "talk only", lambda item: self._only(item, "conversation")),
        )
        self._points = {point.seq: point for point in points}
        now = datetime.now(UTC)
        items = [_item(point, now) for point in reversed(points)]
        super().__init__("go back to before …", items, acts=acts)

    async def _only(self, item: Item[Taken], what: Reach) -> str:
        self.dismiss(Taken(item.value.seq, what))
        return ""

    def preview(self, item: Item[Taken]) -> str:
        """All that would be undone: what this turn and those after it did."""
        later = [point for seq, point in self._points.items() if seq >= item.value.seq]
        lines = [" ".join(self._points[item.value.seq].words.split())[:300]]
        files = [change for point in later for change in point.files]
        lines += files or ["no file was changed since"]
        lines += [f"cannot be undone: {words}" for point in later for words in point.lasting]
        if files and not self._points[item.value.seq].restorable:
            lines.append("the files as they were then are not kept any more")
        return "\n".join(dict.fromkeys(lines))


def _item(point: Point, now: datetime) -> Item[Taken]:
    age = age_of(datetime.fromisoformat(point.when), now)
    count = len(point.files)
    changed = f"{count} file{'' if count == 1 else 's'}" if count else ""
    words = " ".join(point.words.split())[:120]
    return Item(Taken(point.seq), f"{age:>8}  {words}", changed)
