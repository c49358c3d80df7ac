"""A search through what was typed before."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ...terminal import harmless
from .history import Entry, search

_SHOWN = 100


class HistorySearch(ModalScreen[Entry | None]):
    """Gives the entry that was chosen, or None."""

    DEFAULT_CSS = """
    HistorySearch { align: center bottom; background: $background 40%; }
    HistorySearch > Vertical { height: 80%; border: round $primary; background: $surface; }
    HistorySearch Input { border: none; height: 1; padding: 0 1; }
    HistorySearch OptionList { height: 2fr; border: none; }
    HistorySearch Static { height: 1fr; padding: 0 1; border-top: solid $primary 40%; }
    """
    BINDINGS = [
        Binding("escape", "leave", "close", show=False),
        Binding("up,ctrl+p", "step(-1)", "newer", show=False),
        Binding("down,ctrl+n,ctrl+r", "step(1)", "older", show=False),
    ]

    def __init__(self, entries: Sequence[Entry], query: str = "") -> None:
        super().__init__()
        self._entries = entries
        self._found: list[Entry] = []
        self._query = query

    def compose(self) -> ComposeResult:
        """The search field, what was found, and all of the one that is chosen."""
        with Vertical() as box:
            box.border_title = "earlier prompts"
            yield Input(self._query, placeholder="search", compact=True)
            yield OptionList(markup=False)
            yield Static(markup=False)

    def on_mount(self) -> None:
        """Everything, until something is searched for."""
        self.query_one(Input).focus()
        self._fill(self._query)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search with every key."""
        self._fill(event.value)

    def _fill(self, query: str) -> None:
        self._found = search(self._entries, query)[:_SHOWN]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_row(entry)) for entry in self._found])
        options.highlighted = 0 if self._found else None
        self._preview()

    def on_option_list_option_highlighted(self) -> None:
        """Show all of it."""
        self._preview()

    def _preview(self) -> None:
        entry = self._chosen()
        words = harmless(entry.signed) if entry else "nothing was typed like that"
        self.query_one(Static).update(Content(words))

    def _chosen(self) -> Entry | None:
        place = self.query_one(OptionList).highlighted
        return None if place is None or place >= len(self._found) else self._found[place]

    def action_step(self, by: int) -> None:
        """Choose another one."""
        options = self.query_one(OptionList)
        if self._found:
            place = (options.highlighted or 0) + by
            options.highlighted = max(0, min(len(self._found) - 1, place))

    def on_input_submitted(self) -> None:
        """Take it."""
        self.dismiss(self._chosen())

    def on_option_list_option_selected(self) -> None:
        """Take what was clicked."""
        self.dismiss(self._chosen())

    def action_leave(self) -> None:
        """Take nothing."""
        self.dismiss(None)


def _row(entry: Entry) -> Content:
    return Content(harmless(" ".join(entry.signed.split()))[:300])
