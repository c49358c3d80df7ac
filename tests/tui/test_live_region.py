"""What is sent to a terminal for the rows below its scrollback."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from kedge.cli.tui.terminal.live_region import LiveRegion, Row, seen

ROWS = [Row("one", 3), Row("-" * 80, 80), Row("three", 5)]


def test_only_rows_that_changed_are_sent() -> None:
    region = LiveRegion()
    region.paint(ROWS, (0, 2), (80, 24))
    sent = region.paint([ROWS[0], Row("two", 3), ROWS[2]], (0, 2), (80, 24))
    assert "two" in sent and "one" not in sent and "three" not in sent


def test_nothing_is_sent_where_nothing_changed() -> None:
    region = LiveRegion()
    region.paint(ROWS, (0, 2), (80, 24))
    assert region.paint(ROWS, (0, 2), (80, 24)) == ""


def test_rows_that_the_terminal_wrapped_are_gone_up_over() -> None:
    region = LiveRegion()
    region.paint(ROWS, (0, 2), (80, 24))
    assert region.paint([Row("one", 3)], (0, 0), (40, 24)).startswith("\x1b[3A\r")


def test_rows_that_a_terminal_cuts_are_counted_once() -> None:
    region = LiveRegion(reflows=False)
    region.paint(ROWS, (0, 2), (80, 24))
    assert region.paint([Row("one", 3)], (0, 0), (40, 24)).startswith("\x1b[2A\r")


def test_rows_painted_when_it_was_narrower_already_were_not_wrapped() -> None:
    region = LiveRegion()
    region.paint(ROWS, (0, 2), (80, 24))
    region.told(40)
    assert region.paint([Row("one", 3)], (0, 0), (40, 24)).startswith("\x1b[2A\r")


def test_blanks_at_the_end_are_not_sent_unless_they_are_seen() -> None:
    marked = Style(bgcolor="red")
    assert seen(Strip([Segment("a  "), Segment("   ")])).text == "a"
    assert seen(Strip([Segment("a"), Segment("  ", marked)])).text == "a  "
