"""A search through what was typed before."""

from collections.abc import Sequence

from ..screens.picker import Item, Picker
from .history import Entry, search


class HistorySearch(Picker[Entry]):
    """Gives the entry that was chosen, or None."""

    TAKE = "selects"
    ROOM = 6

    def __init__(self, entries: Sequence[Entry], query: str = "") -> None:
        self._entries = entries
        super().__init__("earlier prompts", map(_item, entries), query=query)

    def matching(self, typed: str) -> Sequence[Item[Entry]]:
        """See `Picker.matching`."""
        return [_item(entry) for entry in search(self._entries, typed)]

    def preview(self, item: Item[Entry]) -> str:
        """All of it, where the row cannot show that."""
        signed = item.value.signed
        return signed if signed != item.label else ""

    def action_act(self, key: str) -> None:
        """The key that opened it goes on to older ones, as in a shell."""
        if key == "ctrl+r":
            self.action_step(1)


def _item(entry: Entry) -> Item[Entry]:
    return Item(entry, " ".join(entry.signed.split())[:300])
