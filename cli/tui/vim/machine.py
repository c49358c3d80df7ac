"""The keys of vi for one text: a state machine that knows no screen.

It is told of each key with the text and the cursor as they are, and answers with how they should
be. In insert mode only Escape is its business: what was typed it sees when that is pressed. Law:
vim's help (https://vimhelp.org), of which this is the part that a prompt needs.
"""

from typing import Literal

from msgspec import Struct

from .commands import Command, parse
from .edits import Edited, Register, deleted, emptied, joined, opened, put, recased, replaced, taken
from .motions import FINDS, MOTIONS, Span, first_word, line_end, line_start, resting, text_object
from .targets import Sight, rows_down

Mode = Literal["insert", "normal", "visual", "visual-line"]

_UNDOS = 500
"""Changes that can be undone; the oldest are forgotten."""
_FAR = 1 << 30
"""A column beyond the end of any line."""


class Reply(Struct, frozen=True):
    """How the text should be."""

    text: str
    cursor: int
    selection: Span | None = None
    """What is selected, in the visual modes."""
    beyond: Literal["", "previous", "next"] = ""
    """j or k where there is no further line: the prompt before or after is meant."""


class Vim:
    """The state between two keys."""

    def __init__(self) -> None:
        self._sight = Sight()
        self.reset()
        self._register = Register()
        self._last: Command | None = None
        self._typed = ""

    def reset(self, text: str = "", mode: Mode = "insert") -> None:
        """Another text: begin anew with it. Registers and what `.` repeats are kept."""
        self.mode: Mode = mode
        self._keys: list[str] = []
        self._sight.column = -1
        self._anchor = 0
        self._before = Edited(text, 0)
        self._inserting: Command | None = None
        self._undos: list[Edited] = []
        self._redos: list[Edited] = []

    @property
    def pending(self) -> str:
        """What was pressed of a command that is not complete."""
        return "".join(self._keys)

    def press(self, key: str, text: str, cursor: int) -> Reply:
        """Answer a key: a printable character, or Textual's name of another key."""
        if self.mode == "insert":
            return self._leave_insert(text, cursor) if key == "escape" else Reply(text, cursor)
        if key == "escape":
            idle = not self._keys
            self._keys.clear()
            if idle:
                self.mode = "normal"
            return self._reply(text, resting(text, cursor))
        self._keys.append(key)
        visual = self.mode != "normal"
        command = parse(self._keys, visual=visual)
        if command == "incomplete":
            return self._reply(text, cursor)
        self._keys.clear()
        if command is None:
            return self._reply(text, cursor)
        if command.name not in ("j", "k"):
            self._sight.column = -1
        return (
            self._in_visual(command, text, cursor)
            if visual
            else self._in_normal(command, text, cursor)
        )

    def _reply(self, text: str, cursor: int) -> Reply:
        selection = None if self.mode in ("normal", "insert") else self._selected(text, cursor)
        return Reply(text, cursor, selection)

    # Insert mode

    def _insert(self, command: Command, before: Edited, edited: Edited) -> Reply:
        self.mode = "insert"
        self._inserting = command
        self._before = before
        self._start = edited
        return Reply(edited.text, edited.cursor)

    def _leave_insert(self, text: str, cursor: int) -> Reply:
        command, self._inserting = self._inserting, None
        if command is not None:
            self._typed = _inserted(self._start, text, cursor)
            if command.times > 1 and command.name in "iaIA" and not command.operator:
                more = self._typed * (command.times - 1)
                text = text[:cursor] + more + text[cursor:]
                cursor += len(more)
        self.mode = "normal"
        self._changed(self._before, text)
        back = cursor - 1 if cursor > line_start(text, cursor) else cursor
        return Reply(text, resting(text, back))

    def _changed(self, before: Edited, text: str) -> None:
        if before.text != text:
            self._undos = [*self._undos[-_UNDOS:], before]
            self._redos.clear()

    # Normal mode

    def _in_normal(self, command: Command, text: str, cursor: int) -> Reply:
        if command.operator:
            return self._operate(command, text, cursor)
        if command.name in MOTIONS or command.name in FINDS:
            return self._move(command, text, cursor)
        match command.name:
            case "u" | "ctrl+r":
                return self._travel(command, text, cursor)
            case ".":
                return self._repeat(command, text, cursor)
            case "v" | "V":
                self.mode = "visual" if command.name == "v" else "visual-line"
                self._anchor = cursor
                return self._reply(text, cursor)
            case _:
                self._last = command
                return self._change(command, text, cursor)

    def _move(self, command: Command, text: str, cursor: int) -> Reply:
        target = self._sight.target(command, text, cursor)
        if target is None:
            if self.mode == "normal" and command.name in "jk":
                return Reply(text, cursor, beyond="next" if command.name == "j" else "previous")
            return self._reply(text, cursor)
        if command.name == "$":
            self._sight.column = _FAR
        return self._reply(text, resting(text, target.at))

    def _change(self, command: Command, text: str, cursor: int) -> Reply:
        start, end, count = line_start(text, cursor), line_end(text, cursor), command.times
        before = Edited(text, cursor)
        if command.name in "iaIAoO":
            return self._insert(command, before, _insertion(command.name, text, cursor))
        match command.name:
            case "x" | "s":
                span = Span(cursor, min(cursor + count, end))
            case "X":
                span = Span(max(start, cursor - count), cursor)
            case "D" | "C":
                span = Span(cursor, line_end(text, rows_down(text, cursor, count - 1)))
            case "S" | "Y":
                span = Span(cursor, rows_down(text, cursor, count - 1), True)
            case _:
                return self._finish(before, self._small_change(command, before))
        operator = {"s": "c", "C": "c", "S": "c", "Y": "y"}.get(command.name, "d")
        return self._apply(operator, command, span, text, cursor)

    def _small_change(self, command: Command, before: Edited) -> Edited:
        text, cursor, count = before.text, before.cursor, command.times
        end = line_end(text, cursor)
        span = Span(cursor, min(cursor + count, end))
        match command.name:
            case "p" | "P":
                return put(text, cursor, self._register, count, before=command.name == "P")
            case "J":
                return joined(text, cursor, count)
            case "r" if cursor + count <= end:
                return Edited(replaced(text, span, command.argument), span.end - 1)
            case "~":
                return Edited(recased(text, span, "~"), span.end)
            case _:
                return before

    def _finish(self, before: Edited, after: Edited) -> Reply:
        self._changed(before, after.text)
        return self._reply(after.text, resting(after.text, after.cursor))

    def _travel(self, command: Command, text: str, cursor: int) -> Reply:
        """Undo, or redo."""
        back, on = self._undos, self._redos
        if command.name == "ctrl+r":
            back, on = on, back
        for _ in range(command.times):
            if not back:
                break
            on.append(Edited(text, cursor))
            state = back.pop()
            text, cursor = state.text, state.cursor
        return Reply(text, resting(text, cursor))

    def _repeat(self, command: Command, text: str, cursor: int) -> Reply:
        last = self._last
        if last is None:
            return Reply(text, cursor)
        if command.count:
            last = Command(last.name, command.count, last.operator, last.argument)
        typed = self._typed
        before = Edited(text, cursor)
        reply = self._in_normal(last, text, cursor)
        if self.mode != "insert":
            return reply
        at = reply.cursor
        text = reply.text[:at] + typed + reply.text[at:]
        reply = self._leave_insert(text, at + len(typed))
        self._typed = typed
        self._before = before
        return reply

    # Operators

    def _operate(self, command: Command, text: str, cursor: int) -> Reply:
        span = self._sight.span(command, text, cursor)
        if span is None or (span.start == span.end and not span.lines and command.operator != "c"):
            return Reply(text, cursor)
        if command.operator != "y":
            self._last = command
        return self._apply(command.operator, command, span, text, cursor)

    def _apply(self, operator: str, command: Command, span: Span, text: str, cursor: int) -> Reply:
        before = Edited(text, cursor)
        if span.end > span.start or span.lines:
            self._register = taken(text, span)
        if operator == "y":
            stays = span.lines and command.name in ("line", "j", "G", "Y")
            self.mode = "normal"
            return Reply(text, resting(text, cursor if stays else span.start))
        if operator == "c":
            return self._insert(command, before, emptied(text, span))
        self.mode = "normal"
        return self._finish(before, deleted(text, span))

    # Visual modes

    def _selected(self, text: str, cursor: int) -> Span:
        low, high = sorted((min(self._anchor, len(text)), cursor))
        if self.mode == "visual-line":
            return Span(line_start(text, low), line_end(text, high), True)
        return Span(low, min(high + 1, len(text)))

    def _in_visual(self, command: Command, text: str, cursor: int) -> Reply:
        name = command.name
        if name in MOTIONS or name in FINDS:
            return self._move(command, text, cursor)
        if len(name) == 2:
            if (span := text_object(text, cursor, name, command.times)) is not None:
                self._anchor, cursor = span.start, max(span.start, span.end - 1)
            return self._reply(text, cursor)
        if name == "o":
            self._anchor, cursor = cursor, self._anchor
            return self._reply(text, cursor)
        if name in "vV":
            wanted: Mode = "visual" if name == "v" else "visual-line"
            self.mode = "normal" if self.mode == wanted else wanted
            return self._reply(text, cursor)
        return self._on_selection(command, text, cursor)

    def _on_selection(self, command: Command, text: str, cursor: int) -> Reply:
        span, before = self._selected(text, cursor), Edited(text, cursor)
        name = command.name
        if name in "DXCSY":
            span = Span(span.start, max(span.start, span.end - 1), True)
        self.mode = "normal"
        match name:
            case "~" | "u" | "U":
                after = Edited(recased(text, span, name), span.start)
            case "r":
                after = Edited(replaced(text, span, command.argument), span.start)
            case "J":
                after = joined(text, span.start, 1 + text.count("\n", span.start, span.end - 1))
            case "p" | "P":
                after = _put_over(text, span, self._register, command.times)
                self._register = taken(text, span)
            case _:
                operator = {"s": "c", "S": "c", "C": "c", "c": "c", "y": "y", "Y": "y"}
                return self._apply(operator.get(name, "d"), command, span, text, cursor)
        return self._finish(before, after)


def _insertion(name: str, text: str, cursor: int) -> Edited:
    """Where to insert."""
    if name in "oO":
        return opened(text, cursor, above=name == "O")
    end = line_end(text, cursor)
    places = {
        "i": cursor,
        "a": min(cursor + 1, end),
        "I": first_word(text, cursor),
        "A": end,
    }
    return Edited(text, places[name])


def _inserted(start: Edited, text: str, cursor: int) -> str:
    """What was typed since insert mode was entered, as far as it stands at one place."""
    head, tail = start.text[: start.cursor], start.text[start.cursor :]
    if not (text.startswith(head) and text.endswith(tail)):
        return ""
    return text[len(head) : len(text) - len(tail)]


def _put_over(text: str, span: Span, register: Register, count: int) -> Edited:
    """The register instead of a selection."""
    chunk = "\n".join([register.text] * count) if register.lines else register.text * count
    if register.lines and not span.lines:
        chunk = f"\n{chunk}\n"
    changed = text[: span.start] + chunk + text[span.end :]
    last = span.start if "\n" in chunk else span.start + max(0, len(chunk) - 1)
    return Edited(changed, last)
