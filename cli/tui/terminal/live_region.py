"""The rows below the scrollback that are painted again and again: which control sequences do it.

No screen is erased as a whole and nothing above the region is ever touched. What a terminal that
becomes narrower pushes into its scrollback is therefore out of reach: rows of a region that no
longer fits; in tmux also of one below which there are blank rows, since it keeps those.
Sequences: ECMA-48 (CUU, CUD, CUF, EL, ED, CPR), and DEC's for wrapping (DECAWM).
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_ERASE_ROW = "\x1b[2K"
_ERASE_BELOW = "\x1b[J"
_ASK_WIDTH = "\x1b[9999C\x1b[6n"
"""To the end of the row, and where is that? (CPR)"""
_WRAP = "\x1b[?7h"
_DO_NOT_WRAP = "\x1b[?7l"


class Row(Struct, frozen=True):
    """One row as it is sent."""

    text: str
    """With control sequences, without line end."""
    cells: int
    """How wide it is."""


_NOTHING = (Row("", 0),)


def seen(strip: Strip) -> Strip:
    """A strip without what nobody sees at its end: a terminal that becomes narrower has less to
    wrap, and a slow line less to carry."""
    segments = list(strip)
    while segments:
        text, style, _ = segments[-1]
        if not _is_plain(style):
            break
        rest = text.rstrip(" ")
        segments.pop()
        if rest:
            segments.append(Segment(rest, style))
            break
    return Strip(segments)


def _is_plain(style: Style | None) -> bool:
    """Whether blanks of this style look like nothing."""
    if style is None:
        return True
    drawn = style.underline or style.underline2 or style.reverse or style.strike or style.overline
    return not drawn and (style.bgcolor is None or style.bgcolor.is_default)


class LiveRegion:
    """What stands on a terminal below its scrollback. Makes sequences, sends none."""

    def __init__(self, *, reflows: bool = True) -> None:
        """`reflows`: whether the terminal wraps rows anew when it becomes narrower."""
        self._reflows = reflows
        self._rows: Sequence[Row] = ()
        self._cursor: tuple[int, int] = (0, 0)
        """Column and row."""
        self._width = 0
        """Of the terminal, when the rows were painted."""
        self._height: int = 0
        self._doubted: bool = False
        """Whether what stands there may not be what was painted."""
        self._asked = 0
        """How many answers to `_ASK_WIDTH` are to come."""

    def paint(
        self,
        rows: Sequence[Row],
        cursor: tuple[int, int],
        size: tuple[int, int],
        above: Sequence[Row] = (),
    ) -> str:
        """Make the region these rows, with the cursor in it; `above` goes into the scrollback
        before them. Empty if nothing is to be done. `size` is columns and rows of the terminal."""
        rows = rows or _NOTHING
        before = self._rows
        width, height = size
        # One that became less high has dropped the rows below the cursor.
        resized = self._doubted or width != self._width or height != self._height
        self._doubted = False
        if above or resized or len(rows) != len(before):
            sent = self._anew(rows, width, above) + _ASK_WIDTH
            self._asked += 1
            at = len(rows) - 1
        else:
            sent, at = self._differing(rows)
        if not sent and cursor == self._cursor:
            return ""
        self._rows, self._cursor, self._width, self._height = rows, cursor, width, height
        return sent + _vertically(cursor[1] - at) + "\r" + _right(cursor[0])

    def doubt(self) -> None:
        """Hear that the window was another meanwhile, even if it is the same again: a terminal that
        cuts rows has cut them."""
        self._doubted = True

    def told(self, width: int) -> None:
        """Hear how wide the terminal was when it painted: it may have changed while the rows were
        on their way, which its size does not tell."""
        self._asked -= 1
        if not self._asked:
            self._width = width

    def erase(self, size: tuple[int, int]) -> str:
        """Leave the rows of the region blank, and the cursor at the first."""
        return self.paint((), (0, 0), size)

    def _anew(self, rows: Sequence[Row], width: int, above: Sequence[Row]) -> str:
        # Row by row: to erase all below makes some terminals (tmux) keep a copy in the scrollback
        # where the region begins in the first row.
        # What is printed may have been drawn for a wider terminal, and must not be cut.
        printed = "".join(f"{_ERASE_ROW}{line.text}\r\n" for line in above)
        printed = f"{_WRAP}{printed}{_DO_NOT_WRAP}" if printed else ""
        painted = "\r\n".join(f"{_ERASE_ROW}{row.text}" for row in rows)
        wide = any(line.cells > width for line in above)
        sent = f"{self._home(width)}{self._cleared(width) if wide else ''}{printed}{painted}"
        if self._taken(width) > len(above) + len(rows):
            return f"{sent}\r\n{_ERASE_BELOW}{_vertically(-1)}"
        return sent

    def _cleared(self, width: int) -> str:
        """Blank rows, and back: a line that is wrapped does not erase the rest of where it ends."""
        taken = self._taken(width)
        return "\r\n".join([_ERASE_ROW] * taken) + _vertically(1 - taken) + "\r"

    def _differing(self, rows: Sequence[Row]) -> tuple[str, int]:
        """Only the rows that changed; and in which row the cursor is then."""
        sent: list[str] = []
        at = self._cursor[1]
        for place, (row, before) in enumerate(zip(rows, self._rows, strict=True)):
            if row.text != before.text:
                sent.append(f"{_vertically(place - at)}\r{_ERASE_ROW}{row.text}")
                at = place
        return "".join(sent), at

    def _home(self, width: int) -> str:
        """To the beginning of the first row."""
        if not self._rows:
            return "\r"
        up = self._taken(width, self._rows[: self._cursor[1]])
        if self._wraps(width):
            # Behind the end of what is written the cursor stays at the end.
            written = self._cells(self._rows[self._cursor[1]])
            up += min(self._cursor[0], max(0, written - 1)) // width
        return f"{_vertically(-up)}\r"

    def _taken(self, width: int, rows: Iterable[Row] | None = None) -> int:
        """How many rows of the terminal rows of ours take, now that it is so wide."""
        rows = self._rows if rows is None else rows
        wraps = self._wraps(width)
        return sum(max(1, -(-self._cells(row) // width)) if wraps else 1 for row in rows)

    def _cells(self, row: Row) -> int:
        return min(row.cells, self._width)

    def _wraps(self, width: int) -> bool:
        return self._reflows and 0 < width < self._width


def _vertically(by: int) -> str:
    return "" if not by else f"\x1b[{by}B" if by > 0 else f"\x1b[{-by}A"


def _right(by: int) -> str:
    return f"\x1b[{by}C" if by else ""
