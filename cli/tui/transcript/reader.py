"""The whole transcript on a screen of its own, for a terminal whose scrollback has it as well."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from ..themes import palette_of
from .tail import Tail
from .transcript import Transcript

_HINT = "esc back · pgup pgdn scroll · ctrl+up ctrl+down block · enter opens · ctrl+o details"


class Reader(Screen[None]):
    """To look things up while the work goes on."""

    DEFAULT_CSS = """
    Reader {
        layout: vertical; background: $background;
        #reader-hint { height: 1; padding: 0 1; color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", show=False),
        Binding("ctrl+o", "details", "Details", show=False),
    ]

    def __init__(self, tail: Tail, theme: str, step: str) -> None:
        """`step` is an action of the transcript to begin with; empty for none."""
        super().__init__()
        self._tail = tail
        self._step = step
        self._transcript = Transcript(palette=palette_of(theme), cwd=tail.sheet.look.cwd)

    def compose(self) -> ComposeResult:
        """The transcript, and how to leave it."""
        yield self._transcript
        yield Static(_HINT, id="reader-hint", markup=False)

    def on_mount(self) -> None:
        """Read from here on what the tail hears."""
        self._transcript.show_view(self._tail.view)
        self._tail.reader = self._transcript
        self._transcript.focus()
        if self._step:
            self.call_after_refresh(self._transcript.run_action, self._step)

    def on_unmount(self) -> None:
        """The tail goes on alone."""
        self._tail.reader = None

    def action_leave(self) -> None:
        """Back to the prompt."""
        self.dismiss()

    def action_details(self) -> None:
        """Open or close what is chosen, or the last in sight."""
        self._transcript.toggle_details()
