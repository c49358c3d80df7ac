"""A terminal as a value, for tests of what stands in its scrollback and on its screen at last.

It does with a changed window what tmux does (`test_model_terminal.py` compares them); or like most
others drops blank rows below the cursor before it pushes rows into the scrollback; or cuts rows, as
xterm does. It knows the control sequences that the inline mode sends, and no others. Its
characters are one cell wide.
"""

import re

_TOKEN = re.compile(r"\x1b\[(?P<private>\??)(?P<number>\d*)(?P<final>[A-Za-z])|(?P<plain>[^\x1b])")


class _Row(list[str]):
    """Characters of a row as far as it was written."""

    wraps = False
    """Whether the next row goes on with it."""


class ModelTerminal:
    """A screen with a scrollback."""

    def __init__(
        self, columns: int, rows: int, *, reflows: bool = True, keeps_blanks: bool = True
    ) -> None:
        self.columns, self.rows = columns, rows
        self._reflows = reflows
        self._keeps_blanks = keeps_blanks
        self._lines = [_Row() for _ in range(rows)]
        """The scrollback, then the screen."""
        self._x = 0
        self._y = 0
        self._autowrap = True

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.columns, self.rows

    @property
    def past(self) -> int:
        """How many rows stand in the scrollback."""
        return len(self._lines) - self.rows

    @property
    def text(self) -> list[str]:
        """All that is and was on the screen, wrapped rows joined, without what nobody sees."""
        lines: list[str] = []
        glued = False
        for row in self._lines:
            piece = "".join(row)
            if glued:
                lines[-1] += piece
            else:
                lines.append(piece)
            glued = row.wraps
        lines = [line.rstrip() for line in lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def is_seen(self, line: int) -> bool:
        """Whether the beginning of that line of `text` is on the screen, not in the scrollback."""
        starts = [0, *(at + 1 for at, row in enumerate(self._lines) if not row.wraps)]
        return starts[line] >= self.past

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the screen; the column may be one too many, before a wrap."""
        return self._x, self._y

    def feed(self, sent: str) -> list[int]:
        """Obey; the columns that it answers when it is asked where the cursor is."""
        answers: list[int] = []
        for token in _TOKEN.finditer(sent):
            if token["plain"]:
                self._write(token["plain"])
            elif token["private"]:
                assert token["number"] == "7", token[0]
                self._autowrap = token["final"] == "h"
            elif token["final"] == "n":
                answers.append(min(self._x + 1, self.columns))
            else:
                self._control(token["final"], int(token["number"] or 0))
        return answers

    def _write(self, character: str) -> None:
        match character:
            case "\r":
                self._x = 0
            case "\n":
                self._down()
            case _:
                if self._x == self.columns:
                    self._wrap()
                row = self._lines[self.past + self._y]
                row += " " * (self._x + 1 - len(row))
                row[self._x] = character
                self._x += 1

    def _wrap(self) -> None:
        if not self._autowrap:
            self._x -= 1
            return
        self._lines[self.past + self._y].wraps = True
        self._down()
        self._x = 0

    def _down(self) -> None:
        if self._y == self.rows - 1:
            self._lines.append(_Row())
        else:
            self._y += 1

    def _control(self, final: str, number: int) -> None:
        by = max(1, number)
        self._x = min(self._x, self.columns - 1)
        match final:
            case "A":
                self._y = max(0, self._y - by)
            case "B":
                self._y = min(self.rows - 1, self._y + by)
            case "C":
                self._x = min(self.columns - 1, self._x + by)
            case "K":
                assert number == 2
                self._clear(self._y)
            case "J":
                assert number == 0 and self._x == 0
                self._clear_below()
            case _:
                raise AssertionError(f"no such sequence: {final}")

    def _clear_below(self) -> None:
        if self._y == 0:
            # Nothing is lost: what was on the screen goes into the scrollback.
            used = [y for y in range(self.rows) if self._lines[self.past + y]]
            self._lines += [_Row() for _ in range(used[-1] + 1 if used else 0)]
        for y in range(self._y, self.rows):
            self._clear(y)

    def _clear(self, y: int) -> None:
        place = self.past + y
        self._lines[place] = _Row()
        if place:
            self._lines[place - 1].wraps = False

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        self._be_as_high_as(rows)
        if columns != self.columns and not self._reflows:
            for row in self._lines:
                del row[columns:]
            self._x = min(self._x, columns - 1)
        elif columns != self.columns:
            self._reflow(columns)
        self.columns = columns

    def _be_as_high_as(self, rows: int) -> None:
        fewer = self.rows - rows
        if fewer > 0:
            # Rows below the cursor are dropped, then the first ones go into the scrollback.
            dropped = min(fewer, self.rows - 1 - self._y)
            del self._lines[len(self._lines) - dropped :]
            self._y -= fewer - dropped
        else:
            pulled = min(-fewer, self.past)
            self._y += pulled
            self._lines += [_Row() for _ in range(-fewer - pulled)]
        self.rows = rows

    def _reflow(self, columns: int) -> None:
        """Wrap everything anew; the cursor stays at its character, or at the end of its line."""
        at, x = self.past + self._y, self._x
        new: list[_Row] = []
        cursor = (0, 0)
        line: list[str] = []
        place: int | None = None
        for number, row in enumerate(self._lines):
            if number == at:
                place = len(line) + x if x < len(row) else -1
            line += row
            if row.wraps and number < len(self._lines) - 1:
                continue
            pieces = [_Row(line[start : start + columns]) for start in range(0, len(line), columns)]
            pieces = pieces or [_Row()]
            for piece in pieces[:-1]:
                piece.wraps = True
            if place is not None:
                down = len(pieces) - 1 if place < 0 else place // columns
                cursor = (len(pieces[-1]) if place < 0 else place % columns, len(new) + down)
            new += pieces
            line, place = [], None
        while not (self._keeps_blanks or new[-1]) and cursor[1] < len(new) - 1 >= self.rows:
            new.pop()
        self._lines = new + [_Row() for _ in range(self.rows - len(new))]
        self._x, self._y = cursor[0], cursor[1] - self.past
        if self._y < 0:
            self._x, self._y = 0, 0
