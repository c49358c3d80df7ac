"""A text area with the keys of readline and of vi, in which a placeholder is one unit."""

from typing import Literal

from textual import events
from textual.document._document import EditResult, Location, Selection
from textual.document._edit import Edit
from textual.geometry import Offset
from textual.widgets import TextArea

from ...terminal import harmless
from ..keys import KeyTable
from ..running import running_app
from ..terminal.legacy_keys import hear_legacy_keys
from ..vim.machine import Reply, Vim
from .kills import Kills
from .pastes import Pastes, is_long

_OF_VIM = frozenset({"escape", "backspace", "left", "right", "home", "end", "ctrl+r"})
"""Keys that are no characters, and yet vi's own in its normal mode."""
_LONGEST_LINE = 2_000
"""A longer line in what is put in is collapsed: wrapping it with every key is slow."""


class PromptArea(TextArea, inherit_bindings=False):
    """Edits words. What is done with them is up to `Composer`.

    Has no bindings: it looks its keys up itself, in their order.
    """

    def __init__(self, keys: KeyTable, *, placeholder: str = "", id: str | None = None) -> None:
        self._keys = keys
        self.pastes = Pastes()
        """What stands behind the placeholders in the text."""
        self.vim: Vim | None = None
        """The state of vi's keys; None: they are off."""
        self._visual_cursor: int | None = None
        """Where vi's cursor is while it selects: on the last character, not behind it."""
        self._kills = Kills()
        self._chain: Literal["", "kill", "yank"] = ""
        self._chain_before: Literal["", "kill", "yank"] = ""
        self._yanked: tuple[Location, Location] = (0, 0), (0, 0)
        super().__init__(placeholder=placeholder, id=id, compact=True, highlight_cursor_line=False)
        self.match_cursor_bracket = False

    def on_mount(self) -> None:
        """Ready to be typed in."""
        hear_legacy_keys()

    # Offsets: vi and completion count characters, Textual lines and columns.

    @property
    def offset_of_cursor(self) -> int:
        """Where the cursor is in `text`."""
        return self._offset(self.cursor_location)

    def _offset(self, location: Location) -> int:
        row, column = location
        return sum(len(self.document.get_line(at)) + 1 for at in range(row)) + column

    def location_of(self, offset: int) -> Location:
        """Where an offset of `text` is."""
        before = self.text[:offset]
        return before.count("\n"), len(before) - before.rfind("\n") - 1

    def replace_all(self, text: str, cursor: int) -> None:
        """Make the text another one, so that one undo brings the old one back."""
        old = self.text
        if text != old:
            most = min(len(old), len(text))
            head = next((at for at in range(most) if old[at] != text[at]), most)
            most -= head
            tail = next((at for at in range(most) if old[-1 - at] != text[-1 - at]), most)
            start, end = self.location_of(head), self.location_of(len(old) - tail)
            self.replace(text[head : len(text) - tail], start, end)
        self.move_cursor(self.location_of(cursor))

    # Placeholders

    def edit(self, edit: Edit) -> EditResult:
        """See `TextArea.edit`; of a placeholder never only a part is changed."""
        start, end = self._widened(edit.top, before=True), self._widened(edit.bottom, before=False)
        if (start, end) != (edit.top, edit.bottom):
            edit = Edit(edit.text, start, end, edit.maintain_selection_offset)
        return super().edit(edit)

    def validate_selection(self, selection: Selection) -> Selection:
        """The cursor does not stop within a placeholder."""
        start, end = selection
        goes_back = end < self.selection.end
        new_end = self._widened(end, before=goes_back)
        if start == end:
            return Selection.cursor(new_end)
        return Selection(self._widened(start, before=start < end), new_end)

    def _widened(self, location: Location, *, before: bool) -> Location:
        row, column = location
        if row >= self.document.line_count:
            return location
        for placeholder in self.pastes.placeholders(self.document.get_line(row)):
            if placeholder.start < column < placeholder.end:
                return row, placeholder.start if before else placeholder.end
        return location

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """See `TextArea.scroll_cursor_visible`. Textual 8.2 asks for it in the middle of undoing,
        when the cursor may still be behind the text's end."""
        if self.cursor_location[0] >= self.document.line_count:
            return Offset()
        return super().scroll_cursor_visible(center, animate)

    # Putting in

    def put_in(self, text: str) -> None:
        """Put text at the cursor, instead of what is selected; a long one as a placeholder."""
        clean = harmless(text.replace("\r\n", "\n").replace("\r", "\n"))
        if is_long(clean) or max(map(len, clean.split("\n"))) > _LONGEST_LINE:
            clean = self.pastes.add_text(clean)
        if result := self._replace_via_keyboard(clean, *self.selection):
            self.move_cursor(result.end_location)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.put_in(event.text)

    def action_newline(self) -> None:
        """A new line."""
        self._replace_via_keyboard("\n", *self.selection)

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        self._chain_before, self._chain = self._chain, ""
        if self.vim is not None and self._is_for_vim(self.vim, event):
            event.stop()
            event.prevent_default()
            key = event.character if event.is_printable and event.character else event.key
            cursor = self._visual_cursor
            if cursor is None:
                cursor = self.offset_of_cursor
            self._show(self.vim, self.vim.press(key, self.text, cursor))
        elif call := self._keys.call("composer", event.key):
            # Not through bindings: those are looked up where the event has bubbled to, and the
            # next character would be there first.
            event.prevent_default()
            if await running_app().run_action(call, self):
                event.stop()
        elif event.key == "enter":
            event.prevent_default()

    @staticmethod
    def _is_for_vim(vim: Vim, event: events.Key) -> bool:
        if vim.mode == "insert":
            return event.key == "escape"
        if event.key == "escape":
            # At rest it has nothing to leave: then it is the application's.
            return vim.mode != "normal" or bool(vim.pending)
        return event.is_printable or event.key in _OF_VIM

    def _show(self, vim: Vim, reply: Reply) -> None:
        self.replace_all(reply.text, reply.cursor)
        self._visual_cursor = None
        if reply.selection is not None:
            start = self.location_of(reply.selection.start)
            end = self.location_of(reply.selection.end)
            forward = reply.cursor >= reply.selection.end - 1
            self.selection = Selection(start, end) if forward else Selection(end, start)
            self._visual_cursor = reply.cursor
        self.vim_changed(vim)
        if reply.beyond:
            self.go_beyond(back=reply.beyond == "previous")

    def vim_changed(self, vim: Vim) -> None:
        """The mode of vi, or what is pending, may be another."""

    def go_beyond(self, *, back: bool) -> None:
        """The cursor wanted to go up from the first line, or down from the last."""

    # Cutting, as readline does: what is cut in a row belongs together

    def _kill(self, end: Location) -> None:
        start = self.selection.end
        if not self.selection.is_empty:
            start, end = self.selection
        front = end < start
        killed = self.get_text_range(*sorted((start, end)))
        if self._delete_via_keyboard(start, end) is not None:
            joins = self._chain_before == "kill"
            self._kills.add(killed, joins=joins, front=front)
        self._chain = "kill"

    def action_kill_word_left(self) -> None:
        """Cut the word before the cursor."""
        self._kill(self.get_cursor_word_left_location())

    def action_kill_word_right(self) -> None:
        """Cut the word behind the cursor."""
        self._kill(self.get_cursor_word_right_location())

    def action_kill_to_start(self) -> None:
        """Cut to the start of the line; at the start, the line before is joined."""
        row, column = self.cursor_location
        self._kill((row, 0) if column else self.get_cursor_left_location())

    def action_kill_to_end(self) -> None:
        """Cut to the end of the line; at the end, the next line is joined."""
        end = self.get_cursor_line_end_location()
        self._kill(self.get_cursor_right_location() if end == self.cursor_location else end)

    def action_cut(self) -> None:
        """Cut what is selected."""
        if not self.selection.is_empty:
            self._kills.add(self.selected_text, joins=False, front=False)
            super().action_cut()

    def action_yank(self) -> None:
        """Put in what was cut last."""
        self._yank(self._kills.newest())

    def action_yank_pop(self) -> None:
        """Instead of what was just put in, what was cut before it."""
        if self._chain_before == "yank":
            self.selection = Selection(*self._yanked)
            self._yank(self._kills.older())

    def _yank(self, text: str) -> None:
        start = min(self.selection)
        result = self._replace_via_keyboard(text, *self.selection)
        if result is not None:
            self._yanked = start, result.end_location
        self._chain = "yank"

    def action_text_start(self) -> None:
        """To the start of the text."""
        self.move_cursor((0, 0))

    def action_text_end(self) -> None:
        """To the end of the text."""
        self.move_cursor(self.document.end)
