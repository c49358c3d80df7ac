"""The sessions that can be gone on with: searched by everything that was said in them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct, structs
from textual.widgets import Input

from ....agent.stores.summary import EVERYWHERE, Said, Summary, Where, excerpt, terms
from ...ages import age_of
from ...catalogue import Catalogue
from ...counts import counted
from .picker import Act, Item, Picker

_FOUND: Final = 60
"""Passages of a search."""
_WIDEST: Final = 16
"""Cells of the column of folders."""
_LEAST: Final = 3
"""Letters from which on what was said is searched, too."""

_ELSE: Final = re.compile(r"(?:(?:^```.*?(?:^```|\Z)|^\|[^\n]*)\s*)+", re.DOTALL | re.MULTILINE)
"""What cannot be read in a line of an answer: code and tables of Markdown."""

Do = Callable[[str], Awaitable[str]]
"""Does something with the session of this id, and says what was done."""


class Taken(Struct, frozen=True):
    """What a person wants of a session."""

    id: str
    how: Literal["resume", "fork"] = "resume"


class SessionPicker(Picker[Taken]):
    """Gives the session to go on with, or to fork."""

    TAKE = "resumes"
    ROOM = 8

    def __init__(
        self,
        catalogue: Catalogue,
        rows: Sequence[Summary],
        *,
        open_now: str,
        place: Where = EVERYWHERE,
        rename: Do,
        delete: Do,
        query: str = "",
        now: datetime | None = None,
    ) -> None:
        """`open_now` is the session that is open; those of `place` come first, as in `rows`; `now`
        is what ages count from."""
        acts = (
            Act[Taken]("ctrl+f", "forks", self._fork),
            Act[Taken]("ctrl+r", "renames", lambda item: rename(item.value.id)),
            Act[Taken]("ctrl+d", "deletes", lambda item: delete(item.value.id), sure=True),
        )
        self._open_now = open_now
        self._place = place
        self._now = now or datetime.now(UTC)
        self._catalogue = catalogue
        self._rows = list(rows)
        self._passages: Mapping[str, Said] = {}
        self._wide = 0
        """Cells of the column of folders."""
        self._last: dict[str, list[str]] = {}
        super().__init__("sessions", self._made(), acts=acts, query=query)

    def _made(self) -> list[Item[Taken]]:
        rows = [row for row in self._rows if row.started]
        self._wide = min(_WIDEST, max((len(Path(row.cwd).name) for row in rows), default=0))
        return [self._item(row) for row in rows]

    def _item(self, row: Summary) -> Item[Taken]:
        passage = self._passages.get(row.id)
        about = f"[{row.name}] {row.prompt}" if row.name else row.prompt
        words = " ".join(about.split()) or "(nothing was said)"
        age = age_of(datetime.fromisoformat(row.updated), self._now)
        mark = "▸" if row.id == self._open_now else " "
        label = f"{mark}{age:>8}  {Path(row.cwd).name:<{self._wide}}  {words}"
        # What a search found is shown whatever the row itself says.
        searched = f"{row.id} {row.cwd} {row.model} {self.typed_words if passage else ''}"
        return Item(Taken(row.id), label[:200], words=searched)

    @property
    def typed_words(self) -> str:
        """What stands in the filter; empty before there is one."""
        return self.typed if self.is_mounted else ""

    def on_mount(self) -> None:
        """Search for what the filter begins with."""
        super().on_mount()
        if len(self.typed.strip()) >= _LEAST:
            self.begin(self._search(self.typed))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter at once, then search through what was said."""
        super().on_input_changed(event)
        if len(event.value.strip()) >= _LEAST:
            self.begin(self._search(event.value))

    async def _search(self, query: str) -> None:
        if not terms(query):
            return
        found = await asyncio.to_thread(self._catalogue.search, query, _FOUND)
        if query == self.typed:
            self._passages = {one.session: one for one in reversed(found)}
            self.replace(self._made())

    def preview(self, item: Item[Taken]) -> str:
        """The prompt it began with, and what was found in it."""
        row = next(row for row in self._rows if row.id == item.value.id)
        cost = "cost unknown" if row.cost_usd is None else f"${row.cost_usd:.2f}"
        model = row.model.rpartition("/")[2]
        prompts = counted(row.prompts, "prompt")
        lines = [f"{row.cwd}  {row.id}", f"{row.status} · {prompts} · {cost} · {model}"]
        lines.append(_line("you", row.prompt))
        if passage := self._passages.get(row.id):
            found = excerpt(passage.text, terms(self.typed), 200)
            lines.append(_said(structs.replace(passage, text=found)))
        else:
            lines += self._last.get(row.id, ())
        # The first words may be the last ones, too.
        return "\n".join(dict.fromkeys(lines))

    def show_preview(self) -> None:
        """See `Picker.show_preview`; what was said last is read meanwhile."""
        super().show_preview()
        if self.chosen is not None and self.chosen.value.id not in self._last:
            self.begin(self._read(self.chosen.value.id))

    async def _read(self, id: str) -> None:
        said = await asyncio.to_thread(self._catalogue.last_words, id)
        self._last[id] = [_said(one) for one in said]
        if self.chosen is not None and self.chosen.value.id == id:
            super().show_preview()

    async def _fork(self, item: Item[Taken]) -> str:
        self.dismiss(Taken(item.value.id, "fork"))
        return ""

    async def renew(self) -> None:
        """See `Picker.renew`."""
        self._rows = list(await asyncio.to_thread(self._catalogue.to_go_on_with, self._place))
        self.replace(self._made())


def _said(said: Said) -> str:
    return _line("you" if said.speaker == "person" else "kedge", said.text)


def _line(who: str, text: str) -> str:
    prose = _ELSE.sub(" … ", text)
    return f"{who}: {' '.join(prose.split())[:240]}"
