"""The law of the inline mode: whatever happens, the scrollback and the screen hold what was
printed, in order and once, and below it the live region, and nothing else.

One thing no terminal lets anybody take back: rows of the region that it has pushed into its
scrollback, since they did not fit on the screen when it was made narrower. Then they stay there,
and all else holds.
"""

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tui.model_terminal import ModelTerminal

from kedge.cli.tui.terminal.live_region import LiveRegion, Row

_BEFORE = ["$ kedge --inline"]
"""What stood there before."""


def _row(text: str) -> Row:
    return Row(text, len(text))


class _Inline(RuleBasedStateMachine):
    """A terminal, the region on it, and what ought to be seen."""

    reflows = True
    keeps_blanks = True

    def __init__(self) -> None:
        super().__init__()
        self.terminal = ModelTerminal(80, 24, reflows=self.reflows, keeps_blanks=self.keeps_blanks)
        self.terminal.feed("\r\n".join([*_BEFORE, ""]))
        self.region = LiveRegion(reflows=self.reflows)
        self.printed = list(_BEFORE)
        self.widths = [1.0]
        self.cursor = (0, 0)
        self.number = 0
        self.pushed = False
        """Whether the terminal has pushed rows of the region into its scrollback."""
        self.paint()

    @property
    def rows(self) -> list[Row]:
        """The region as it is laid out for the width."""
        columns = self.terminal.columns
        sizes = [round(share * columns) for share in self.widths]
        return [
            _row(f"{self.number}.{at}|".ljust(size, "-")[:size]) for at, size in enumerate(sizes)
        ]

    def paint(self, above: list[str] | None = None) -> None:
        rows = self.rows
        at = min(self.cursor[1], len(rows) - 1)
        self.cursor = (min(self.cursor[0], self.terminal.columns - 1), at)
        lines = [_row(line) for line in above or []]
        self.send(self.region.paint(rows, self.cursor, self.terminal.size, lines))

    def send(self, sent: str) -> None:
        for answer in self.terminal.feed(sent):
            self.region.told(answer)

    @rule(data=st.data())
    def something_is_printed(self, data: st.DataObject) -> None:
        sizes = data.draw(st.lists(st.integers(0, self.terminal.columns), min_size=1, max_size=30))
        lines: list[str] = []
        for size in sizes:
            self.number += 1
            lines.append(f"printed {self.number} ".ljust(size, "x")[:size])
        self.paint(lines)
        self.printed += [line.rstrip() for line in lines]

    @precondition(lambda self: self.reflows)
    @rule(wide=st.integers(81, 200))
    def something_is_printed_that_was_drawn_for_a_wider_window(self, wide: int) -> None:
        self.number += 1
        line = f"printed {self.number} ".ljust(wide, "x")
        self.paint([line])
        self.printed.append(line)

    @rule(widths=st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=1, max_size=20))
    def the_region_is_another(self, widths: list[float]) -> None:
        assume(len(widths) < self.terminal.rows)
        self.number += 1
        self.widths = widths
        self.paint()

    @rule(x=st.integers(0, 199), y=st.integers(0, 19))
    def the_cursor_moves(self, x: int, y: int) -> None:
        self.cursor = (x, y)
        self.paint()

    @rule(columns=st.integers(10, 200), rows=st.integers(4, 60), twice=st.booleans())
    def the_window_is_another(self, columns: int, rows: int, twice: bool) -> None:
        assume(len(self.widths) < rows)
        if twice:
            self.resize(columns, rows)
            columns, rows = 80, 24
        self.resize(columns, rows)
        self.paint()

    def resize(self, columns: int, rows: int) -> None:
        self.terminal.resize(columns, rows)
        self.region.doubt()
        self.pushed |= not self.terminal.is_seen(len(self.printed))
        if not self.reflows:
            self.printed = [line[:columns].rstrip() for line in self.printed]

    @invariant()
    def what_is_seen_is_what_was_said(self) -> None:
        text, region = self.terminal.text, [row.text for row in self.rows]
        wanted = self.printed + region
        while not wanted[-1]:
            wanted.pop()
        if not self.pushed:
            assert text == wanted
            return
        last = len(region) - (len(self.printed) + len(region) - len(wanted))
        assert last <= 0 or text[-last:] == region[:last]
        assert [line for line in text if said(line)] == [line for line in wanted if said(line)]


def said(line: str) -> bool:
    return line.startswith("printed")


class _InlineThatDropsBlanks(_Inline):
    keeps_blanks = False


class _InlineThatCuts(_Inline):
    reflows = False


_Inline.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestInline = _Inline.TestCase
TestInlineWhereBlanksAreDropped = _InlineThatDropsBlanks.TestCase
TestInlineWhereRowsAreCut = _InlineThatCuts.TestCase
