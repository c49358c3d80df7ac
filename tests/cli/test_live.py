"""The lines that are redrawn while something runs."""

from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.events import (
    ActionEnded,
    ActionOutput,
    ActionStarted,
    Body,
    Event,
    MessageAdded,
    ModelRequest,
    TextStreamed,
    TurnEnded,
)
from kedge.agent.messages import Text, ToolCall
from kedge.cli.live import MAX_LINES, Live

ASKED = ModelRequest("main", "m", 1)


def live(*bodies: Body) -> Live:
    """What follows these events; an action is called by its id."""
    live = Live(lambda id: f"bash {id}")
    for seq, body in enumerate(bodies, 1):
        live.see(Event(seq, "s", ("main",), 1, "t", body))
    return live


def lines(*bodies: Body) -> list[str]:
    """The lines on an ordinary terminal."""
    return live(*bodies).lines(80, 24)


def test_the_model_thinks_until_it_speaks() -> None:
    assert lines(ASKED) == ["thinking…"]
    assert lines(ASKED, TextStreamed("I")) == []


def test_what_follows_the_last_word_is_checking() -> None:
    said = MessageAdded("assistant", (Text("Done."),))
    assert lines(ASKED, said) == ["checking…"]
    assert lines(ASKED, said, TurnEnded("done")) == []
    assert lines(ASKED, MessageAdded("assistant", (ToolCall("1", "bash", "{}"),))) == []


def test_an_action_shows_the_end_of_its_output() -> None:
    said = "".join(f"line {number}\n\n" for number in range(9))
    shown = lines(ActionStarted("1", "bash"), ActionOutput("1", said), ActionOutput("1", "li"))
    assert shown == ["▸ bash 1", "  line 7", "  line 8", "  li"]


def test_several_actions_show_a_line_each_and_leave_one_by_one() -> None:
    both = (ActionStarted("1", "read"), ActionStarted("2", "read"))
    told = (ActionOutput("2", "b1\nb2\n"), ActionOutput("1", "a1\na2\n"))
    assert lines(*both, *told) == ["▸ bash 1", "  a2", "▸ bash 2", "  b2"]
    ended = ActionEnded("1", "read", "ok", ())
    assert lines(*both, *told, ended) == ["▸ bash 2", "  b1", "  b2"]
    assert lines(*both, *told, ended, ActionOutput("1", "late")) == lines(*both, *told, ended)


def test_many_actions_are_counted_instead() -> None:
    shown = lines(*(ActionStarted(str(number), "read") for number in range(20)))
    assert len(shown) == MAX_LINES
    assert shown[0] == "… 13 lines before" and shown[-1] == "▸ bash 19"


@given(st.text(), st.integers(2, 90), st.integers(1, 30))
def test_no_line_wraps_and_no_terminal_scrolls(said: str, columns: int, rows: int) -> None:
    shown = live(ActionStarted("1", "x"), ActionOutput("1", said)).lines(columns, rows)
    assert len(shown) <= max(1, rows - 1)
    for line in shown:
        assert sum(2 if character >= "\u1100" else 1 for character in line) < columns
        assert not {"\n", "\t", "\r", "\x1b"} & set(line)
