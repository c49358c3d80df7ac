"""All changes of the session, file by file; each can be put back, and that can be taken back."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from textual.content import Content

from ...counts import counted
from ..asking.question import content
from ..desk.reverting import FileDiff
from ..pages.page import Tone
from ..running import running_app
from ..themes import palette_of
from ..view.diff import drawn, rows
from ..view.look import Look
from .hints import Hint
from .picker import Act, Item, Picker

_SHOWN: Final = 400
"""Lines of a diff."""
_SIGNS: Final = {"created": "A", "modified": "M", "deleted": "D"}

Load = Callable[[], Awaitable[Sequence[FileDiff]]]
PutBack = Callable[[FileDiff, str], Awaitable[str]]
"""Puts a file back as it was when the session began, or at a checkpoint; gives the checkpoint from
just before."""


class DiffScreen(Picker[str]):
    """Nothing is taken: it is there to be read."""

    TAKE = ""
    ROOM = _SHOWN
    SHARE = 0.3

    def __init__(self, found: Sequence[FileDiff], load: Load, put_back: PutBack) -> None:
        """`load` looks again."""
        acts = (
            Act[str]("ctrl+r", "revert file", self._revert, sure=True),
            Act[str]("ctrl+t", "undo revert", self._again),
        )
        self._files = {one.path: one for one in found}
        self._load = load
        self._put_back = put_back
        self._undone: dict[str, tuple[FileDiff, str]] = {}
        super().__init__(_title(found), map(_item, found), acts=acts)

    @property
    def hints(self) -> list[Hint]:
        """See `Picker.hints`."""
        return [Hint("pgdn", "reads on"), *super().hints]

    def preview(self, item: Item[str]) -> Content:
        """The diff."""
        file = self._files[item.value]
        if not file.text:
            return Content.styled(file.why_none, "$text-muted")
        look = Look(self.content_width, palette_of(running_app().theme))
        lines = list(rows(file.text, file.shown, look))
        shown = [content(line) for line in drawn(lines[:_SHOWN], look)]
        if (more := len(lines) - _SHOWN) > 0:
            shown.append(Content.styled(f"… {more} lines more", "$text-muted"))
        return Content("\n").join(shown)

    def take(self, item: Item[str]) -> None:
        """See `Picker.take`: Enter has no meaning here."""

    async def _revert(self, item: Item[str]) -> str:
        file = self._files[item.value]
        self._undone[file.path] = file, await self._put_back(file, "")
        return f"{file.shown} is as it was when the session began"

    async def _again(self, item: Item[str]) -> str:
        if item.value not in self._undone:
            return "that file was not reverted here"
        file, before = self._undone.pop(item.value)
        await self._put_back(file, before)
        return f"{file.shown} has its changes again"

    async def renew(self) -> None:
        """See `Picker.renew`. What was put back stays in the list, to be taken back."""
        found = await self._load()
        there = {one.path for one in found}
        undone = [file for path, (file, _) in self._undone.items() if path not in there]
        self._files = {one.path: one for one in (*found, *undone)}
        self.replace([*map(_item, found), *(_item(one, put_back=True) for one in undone)])


def _title(found: Iterable[FileDiff]) -> str:
    files = list(found)
    added, removed = sum(one.added for one in files), sum(one.removed for one in files)
    return f"changes of this session: {counted(len(files), 'file')}, +{added} -{removed}"


def _item(file: FileDiff, *, put_back: bool = False) -> Item[str]:
    counts = f"+{file.added} -{file.removed}"
    sign, note = ("-", "reverted") if put_back else (_SIGNS[file.change], "")
    tone: Tone = "dim" if put_back else ""
    return Item(file.path, f"{sign} {counts:<12} {file.shown}", note, tone=tone)
