"""What a person does with the transcript besides reading it: seek, follow, copy."""

import time
from typing import TYPE_CHECKING, Final

from ..seated import Seated
from .following import has_browser, open_address, open_place
from .tail import Tail
from .transcript import Transcript

if TYPE_CHECKING:
    from .search_bar import SearchBar

_SHOWN: Final = 5.0
"""Seconds for which an address that was shown can be followed by another click."""


class Reading(Seated):
    """Panes that can be sought in, and from which one gets elsewhere."""

    _address = ("", 0.0)
    """The address that was shown last, and when."""

    def action_find(self) -> None:
        """Ask for words to find in the transcript."""
        if isinstance(self.transcript, Tail):
            self.say("what was printed is found by the terminal's own search")
        elif self.panels is not None:
            self.panels.search.open()

    def on_search_bar_sought(self, message: "SearchBar.Sought") -> None:
        """Show where the words are; from there on n and N go on."""
        count = self.transcript.find(message.words)
        if self.panels is not None:
            self.panels.search.found(count)
        if count:
            self.transcript.focus()

    def on_search_bar_left(self, message: "SearchBar.Left") -> None:
        """Back to the prompt."""
        self.leave_search()

    def leave_search(self) -> None:
        """Seek nothing, choose nothing, and write again."""
        if self.panels is None:
            return
        if self.panels.search.display or self.transcript.chosen is not None:
            self.panels.search.close()
            self.transcript.choose_none()
            self.composer.focus()

    def on_transcript_link_clicked(self, message: Transcript.LinkClicked) -> None:
        """Follow a link. The words of a link need not be its address: that is shown first."""
        if message.place:
            self.later(open_place(message.place, self.settings.editor, self.where.env))
            return
        shown, when = self._address
        self._address = message.url, time.monotonic()
        if not has_browser(self.where.env):
            self.copy_to_clipboard(message.url, message.url)
        elif shown == message.url and time.monotonic() - when < _SHOWN:
            self._address = "", 0.0
            self.later(open_address(message.url))
        else:
            self.say(f"leads to {message.url} (click again to open it)")

    def on_tail_read_asked(self, message: Tail.ReadAsked) -> None:
        """Show all that was said and done."""
        if isinstance(tail := self.transcript, Tail) and tail.reader is None:
            from .reader import Reader

            self.push_screen(Reader(tail, self.theme, message.step))
