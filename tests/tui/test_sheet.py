"""The transcript as one sheet of lines: places, estimates that become exact, what is kept."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tui.happening import Happening

from kedge.agent.events import TextStreamed, ThinkingStreamed
from kedge.agent.messages import Text, Thinking
from kedge.cli.tui.view.blocks import Card
from kedge.cli.tui.view.column import Column, Place
from kedge.cli.tui.view.fold import View
from kedge.cli.tui.view.look import Look
from kedge.cli.tui.view.palette import DARK, LIGHT
from kedge.cli.tui.view.sheet import KEPT_LINES, Sheet

LOOK = Look(60, DARK)


def session(turns: int) -> View:
    happens, view = Happening(), View()
    for _ in range(turns):
        for event in happens.turn_of_work("words and more words. " * 20):
            view.add(event)
    return view


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(1, 30), st.integers(0, 9)),
            st.integers(1, 30).map(lambda id: (id, -1)),
        ),
        max_size=60,
    )
)
def test_a_column_is_the_sum_of_its_blocks(changes: list[tuple[int, int]]) -> None:
    column, heights = Column(), dict[int, int]()
    for id, height in changes:
        if height < 0:
            column.remove(id)
            heights.pop(id, None)
        else:
            column.put(id, height)
            heights[id] = height
        ordered = sorted(heights)
        assert column.ids == ordered
        assert column.total == sum(heights.values())
        rows = [
            Place(index, line) for index, id in enumerate(ordered) for line in range(heights[id])
        ]
        assert [column.at(y) for y in range(column.total)] == rows
        assert column.at(column.total) is None and column.at(-1) is None


def test_settled_lines_are_those_that_are_drawn() -> None:
    sheet = Sheet(session(20), LOOK)
    sheet.settle(len(sheet.column), 10_000, 0)
    lines = [line.text for line in sheet.lines()]
    assert len(lines) == sheet.column.total
    assert [getattr(sheet.line(y), "text", None) for y in range(len(lines))] == lines


def test_making_heights_exact_below_moves_nothing_above() -> None:
    sheet = Sheet(session(20), LOOK)
    column = sheet.column
    tops = [column.top(index) for index in range(40)]
    sheet.settle(40, 0, 50)
    assert [column.top(index) for index in range(40)] == tops


def test_what_was_not_looked_at_for_long_is_forgotten() -> None:
    sheet = Sheet(session(600), LOOK)
    assert sum(1 for _ in sheet.lines()) > KEPT_LINES
    assert sheet.kept_lines <= KEPT_LINES


def test_a_growing_answer_keeps_the_lines_that_stay() -> None:
    happens, view = Happening(), View()
    sheet = Sheet(view, LOOK)
    sheet.touch(view.add(happens(TextStreamed("# Title\n\nOne.\n\nTw"))))
    first = list(sheet.lines())
    sheet.touch(view.add(happens(TextStreamed("o."))))
    second = list(sheet.lines())
    assert [line.text for line in second] == ["Title", "", "One.", "", "Two."]
    assert second[0] is first[0]
    sheet.touch(view.add(happens.message(Text("# Title\n\nOne.\n\nTwo."))))
    assert [line.text for line in sheet.lines()] == [line.text for line in second]


def test_addresses_that_are_named_at_the_end_are_links_in_the_end() -> None:
    happens, view = Happening(), View()
    sheet = Sheet(view, LOOK)
    text = "See [this][1].\n\nMore.\n\n[1]: https://example.org\n"
    for piece in text.split(" "):
        sheet.touch(view.add(happens(TextStreamed(f"{piece} "))))
        list(sheet.lines())
    sheet.touch(view.add(happens.message(Text(f"{text} "))))
    links = [part.style.link for line in sheet.lines() for part in line.segments if part.style]
    assert "https://example.org" in links


def test_a_block_opens_and_closes() -> None:
    view = session(1)
    sheet = Sheet(view, LOOK)
    card = next(block for block in view.blocks if isinstance(block, Card))
    before = len(list(sheet.lines()))
    assert sheet.toggle(card.id) and sheet.is_open(card.id)
    assert len(list(sheet.lines())) > before
    assert sheet.toggle(card.id) and len(list(sheet.lines())) == before
    assert not sheet.toggle(view.blocks[0].id)


def test_thoughts_can_be_shown_whole_in_one_line_or_not_at_all() -> None:
    happens, view = Happening(), View()
    view.add(happens(ThinkingStreamed("One.\nTwo.")))
    view.add(happens.message(Thinking("One.\nTwo."), Text("Done.")))
    sheet = Sheet(view, LOOK)
    heights: list[int] = []
    for thinking in ("collapsed", "shown", "hidden"):
        sheet.restyle(LOOK, thinking)
        heights.append(len(list(sheet.lines())))
    assert heights == [3, 5, 1]


def test_another_theme_changes_colours_and_no_line() -> None:
    sheet = Sheet(session(2), LOOK)
    dark = list(sheet.lines())
    sheet.restyle(replace(LOOK, palette=LIGHT), "collapsed")
    light = list(sheet.lines())
    assert [line.text for line in dark] == [line.text for line in light]
    assert dark[0].segments[0].style != light[0].segments[0].style
