"""The bottom of the screen: proposals, the sign of the mode, and the composer."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from .completion import Completion
from .composer import Composer
from .draft_area import Desktop
from .messages import StateChanged
from .sources import InputMode

_SIGNS: dict[InputMode, str] = {"prompt": ">", "shell": "!", "note": "#"}
_TITLES: dict[InputMode, str] = {
    "prompt": "",
    "shell": "your shell; the output is shared with the model; Esc leaves",
    "note": "a note for this project (## for all of yours); Esc leaves",
}


class ComposerBar(Vertical):
    """The composer and what belongs to it."""

    DEFAULT_CSS = """
    ComposerBar { height: auto; }
    ComposerBar > Horizontal {
        height: auto;
        border: round $primary 60%;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
    }
    ComposerBar.-shell > Horizontal { border: round $warning; }
    ComposerBar.-note > Horizontal { border: round $success; }
    ComposerBar Static { width: 2; height: 1; color: $primary; text-style: bold; }
    ComposerBar.-shell Static { color: $warning; }
    ComposerBar.-note Static { color: $success; }
    """

    def __init__(self, desktop: Desktop, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._completion = Completion()
        self.composer = Composer(desktop, self._completion)

    def compose(self) -> ComposeResult:
        """The proposals above the words."""
        yield self._completion
        with Horizontal():
            yield Static(_SIGNS["prompt"], markup=False)
            yield self.composer

    def on_mount(self) -> None:
        """The sign is that of the composer from the start."""
        vim = self.composer.vim
        self._show(self.composer.mode, vim.mode if vim else "")

    def on_state_changed(self, event: StateChanged) -> None:
        """Show what the words are."""
        self._show(event.mode, event.vim)

    async def on_option_list_option_selected(self) -> None:
        """A proposal was clicked."""
        await self.composer.take_proposal()

    def _show(self, mode: InputMode, vim: str) -> None:
        self.query_one(Static).update(_SIGNS[mode])
        for other in _SIGNS:
            self.set_class(other == mode, f"-{other}")
        box = self.query_one(Horizontal)
        box.border_title = Content(_TITLES[mode])
        box.border_subtitle = Content("" if vim in ("", "insert") else vim)
