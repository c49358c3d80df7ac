"""What lines mean in the session line by line, and how what happens becomes lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.bus import now
from kedge.agent.events import Event, Grant, MessageAdded, TextStreamed
from kedge.agent.messages import Text
from kedge.agent.ports import No, Yes
from kedge.cli.terminal import Style
from kedge.cli.tui.pages.page import Page, Row, head
from kedge.cli.tui.plain.pages import chosen, text_of
from kedge.cli.tui.plain.printing import Printing
from kedge.cli.tui.plain.questions import answer_of
from kedge.cli.tui.plain.typed import Typed

RULES = ("bash(make *)",)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("1", Yes()),
        ("y", Yes()),
        (" 1 ", Yes()),
        ("2", Yes(Grant("session", RULES))),
        ("4", Yes(Grant("user", RULES))),
        ("5", No("the person said no")),
        ("n", No("the person said no")),
        ("6", "why not"),
        ("6 run make", No("the person said no: run make")),
        ("e", "edit"),
        ("w", "voices"),
        ("7", "none"),
        ("1 and then", None),
        ("yes please", None),
        ("8", None),
        ("e bash(make)", None),
        ("", None),
    ],
)
def test_only_a_whole_line_that_is_an_answer_answers(line: str, answer: object) -> None:
    assert answer_of(line, RULES) == answer


@pytest.mark.parametrize("line", ["2", "3", "4", "e"])
def test_what_cannot_be_stored_is_not_offered(line: str) -> None:
    assert answer_of(line, ()) is None


@given(st.lists(st.text(st.characters(exclude_characters='\n"\\'), min_size=1), min_size=1))
def test_lines_between_fences_are_taken_as_they_are(lines: list[str]) -> None:
    typed = Typed()
    assert typed.add('"""') is None
    assert [typed.add(line) for line in lines] == [None] * len(lines)
    assert typed.goes_on
    assert typed.add('"""') == "\n".join(lines)
    assert not typed.goes_on


def test_a_backslash_joins_the_next_line() -> None:
    typed = Typed()
    assert [typed.add(line) for line in ("one\\", "two\\", "three")] == [
        *(None, None),
        "one\ntwo\nthree",
    ]


def test_a_page_says_in_words_what_the_screen_shows_by_place_and_colour() -> None:
    rows = (head("first"), Row("a", note="b", more="a\nmore of it"), Row("wrong", "bad"))
    assert text_of(Page("title", rows)).splitlines() == [
        *("title:", "", "first:", "  a: b", "    more of it", "  ! wrong")
    ]


@pytest.mark.parametrize(
    ("line", "place"), [("1", 0), ("3", 2), ("0", None), ("4", None), ("x", None), ("²", None)]
)
def test_a_number_names_a_choice(line: str, place: int | None) -> None:
    assert chosen(line, 3) == place


def event(body: TextStreamed | MessageAdded) -> Event:
    return Event(0, "session", ("main",), 1, now(), body)


@given(st.lists(st.text("ab\n", max_size=5)))
def test_what_streams_is_printed_in_whole_lines(pieces: list[str]) -> None:
    printed: list[str] = []
    printing = Printing(Style(colour=False), printed.append)
    for piece in pieces:
        printing.hear(event(TextStreamed(piece)))
    assert all(lines.endswith("\n") for lines in printed)
    printing.say("end")
    said = "".join(pieces).removeprefix("\n") if pieces else ""
    assert "".join(printed).replace("\n", "") == said.replace("\n", "") + "end"


def test_the_last_answer_is_known() -> None:
    printing = Printing(Style(colour=False), lambda text: None)
    printing.hear(event(MessageAdded("assistant", (Text("one"),))))
    assert printing.answer == "one"
