"""Small choices: the mode, the theme, and everything that can be done."""

from collections.abc import Callable, Iterable
from typing import Final

from ....config.settings import MODES, Effort, Mode
from ..entry import Entry
from ..keys import ACTIONS, KeyTable
from ..pages.efforts import AS_PROVIDED, EFFORT_WORDS
from ..pages.modes import MODE_WORDS
from ..view.palette import AUTOMATIC, PALETTES
from .picker import Act, Item, Picker


class ModePicker(Picker[Mode]):
    """Gives the mode."""

    def __init__(self, mode: Mode) -> None:
        items = [Item[Mode](one, one, MODE_WORDS[one]) for one in MODES]
        super().__init__("how much may happen without asking", items, chosen=mode)


class EffortPicker(Picker[Effort]):
    """Gives the effort."""

    TAKE = "keeps it"

    def __init__(self, effort: Effort) -> None:
        items = [
            Item[Effort](one, one or AS_PROVIDED, words) for one, words in EFFORT_WORDS.items()
        ]
        acts = (Act[Effort]("ctrl+g", "only for now", self._for_now),)
        super().__init__("how hard it thinks", items, acts=acts, chosen=effort)
        self.now = False
        """Whether it was taken only until the person leaves."""

    async def _for_now(self, item: Item[Effort]) -> str:
        self.now = True
        self.take(item)
        return ""


_THEME_WORDS: Final = {
    "dark": "for a dark background",
    "light": "for a light background",
    "high-contrast": "as much contrast as there is",
    "colour-blind": "blue and orange instead of green and red",
    "ansi": "the terminal's own sixteen colours",
    "none": "no colours",
}


class ThemePicker(Picker[str]):
    """Gives the name of a theme; while one is highlighted, everything is shown in it."""

    TAKE = "keeps it"

    def __init__(self, theme: str, wear: Callable[[str], None]) -> None:
        """`wear` shows everything in a theme."""
        items = [Item(name, name, _THEME_WORDS.get(name, "")) for name in PALETTES]
        items.append(Item(AUTOMATIC, AUTOMATIC, "as the terminal says, from the next start on"))
        acts = (Act[str]("ctrl+t", "only for now", self._for_now),)
        super().__init__("themes", items, acts=acts, chosen=theme)
        self.now = False
        """Whether it was taken only until the person leaves."""
        self._wear = wear
        self._before = theme

    async def _for_now(self, item: Item[str]) -> str:
        self.now = True
        self.take(item)
        return ""

    def preview(self, item: Item[str]) -> str:
        """Everything is the preview."""
        self._wear(item.value)
        return ""

    def action_leave(self) -> None:
        """As it was."""
        self._wear(self._before)
        super().action_leave()


class CommandPalette(Picker[str]):
    """Gives `/name` of a command, or the name of an action of the keys."""

    TAKE = "does it"
    ROOM = 2

    def __init__(self, entries: Iterable[Entry], keys: KeyTable) -> None:
        items = [_command(entry) for entry in entries if entry.listed]
        items += [
            Item(one.name, one.help, ", ".join(keys.keys(one.name)), one.name)
            for one in ACTIONS
            if one.context == "global" and one.name not in ("palette", "interrupt")
        ]
        super().__init__("everything that can be done", items)

    def preview(self, item: Item[str]) -> str:
        """What there may be no room for in the list."""
        return item.note


def _command(entry: Entry) -> Item[str]:
    return Item(f"/{entry.name}", entry.shown, entry.help, " ".join(entry.aliases))
