"""The draft that folds an answer, and what eyes are shown of repeated attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.deltas import (
    CallDelta,
    Draft,
    Finished,
    PartDone,
    Restarted,
    Shown,
    TextDelta,
    ThinkingDelta,
)
from kedge.agent.messages import Message, Text, Thinking, ToolCall, Usage

END = Finished("end", Usage())


def drafted(*deltas):
    draft = Draft()
    for delta in deltas:
        draft.add(delta)
    return draft


def test_a_message_is_its_finished_parts_in_order():
    parts = (Thinking("hm", "sig"), Text("hello"), ToolCall("1", "read", "{}"), Text("bye"))
    draft = drafted(
        ThinkingDelta("hm"),
        PartDone(parts[0]),
        TextDelta("hel"),
        TextDelta("lo"),
        PartDone(parts[1]),
        CallDelta("read", 2),
        PartDone(parts[2]),
        TextDelta("bye"),
        PartDone(parts[3]),
        END,
    )
    assert draft.message() == Message("assistant", parts)
    assert draft.finished == END


def test_an_attempt_that_failed_leaves_nothing():
    draft = drafted(
        PartDone(Text("a")), TextDelta("b"), Restarted(2, 0.0, ""), PartDone(Text("c")), END
    )
    assert draft.message().parts == (Text("c"),)


@pytest.mark.parametrize("ids", [("", ""), ("x", "x"), ("x", "x", "", "x")])
def test_calls_without_an_id_of_their_own_get_one(ids):
    draft = drafted(*(PartDone(ToolCall(id, "read", "{}")) for id in ids))
    given = [call.id for call in draft.message().calls]
    assert len(set(given)) == len(ids)
    assert all(given)


def test_ids_that_are_distinct_are_kept():
    draft = drafted(*(PartDone(ToolCall(id, "read", "{}")) for id in "ba"))
    assert [call.id for call in draft.message().calls] == ["b", "a"]


@pytest.mark.parametrize(
    ("deltas", "spoken"),
    [
        ([], None),
        ([ThinkingDelta("hm")], None),
        ([PartDone(Thinking("hm"))], None),
        ([PartDone(ToolCall("1", "read", "{}"))], None),
        ([TextDelta("I "), TextDelta("w")], (Text("I w"),)),
        ([PartDone(Text("I.")), PartDone(Thinking("hm"))], (Text("I."),)),
        ([PartDone(Thinking("hm")), TextDelta("I")], (Thinking("hm"), Text("I"))),
        ([PartDone(Text("a")), PartDone(ToolCall("1", "r", "{}")), TextDelta("b")],
         (Text("a"), Text("b"))),
        ([TextDelta("a"), Restarted(2, 0.0, ""), TextDelta("b")], (Text("b"),)),
        ([TextDelta("a"), Restarted(2, 0.0, "")], None),
    ],
)  # fmt: skip
def test_of_an_interrupted_answer_the_words_and_finished_thinking_are_kept(deltas, spoken):
    message = drafted(*deltas).spoken()
    assert (message and message.parts) == spoken


def test_an_answer_interrupted_after_its_end_is_whole():
    draft = drafted(PartDone(Text("a")), PartDone(ToolCall("1", "r", "{}")), END)
    assert draft.spoken() == draft.message()


PIECES = st.lists(st.text("ab", min_size=1, max_size=4), max_size=6)


@given(st.lists(PIECES, min_size=1, max_size=4))
def test_however_often_an_answer_is_repeated_the_screen_ends_with_the_last_attempt(attempts):
    """Screens append what they are told and begin anew when it is void."""
    shown, screen = Shown(), ""
    for number, pieces in enumerate(attempts):
        if number:
            shown.restart()
        for piece in pieces:
            before = screen
            fresh, void = shown.text(piece)
            screen = fresh if void else screen + fresh
            assert void or screen.startswith(before)
    fresh, void = shown.end()
    screen = fresh if void else screen + fresh
    assert screen == "".join(attempts[-1])


@given(PIECES, PIECES)
def test_an_attempt_that_repeats_and_goes_on_voids_nothing(first, more):
    shown = Shown()
    told = [shown.text(piece) for piece in first]
    shown.restart()
    told += [shown.text(piece) for piece in (*first, *more)]
    told.append(shown.end())
    assert not any(void for _, void in told)
    assert "".join(fresh for fresh, _ in told) == "".join((*first, *more))


@given(PIECES)
def test_without_a_restart_everything_is_shown_as_it_comes(pieces):
    shown = Shown()
    assert [shown.text(piece) for piece in pieces] == [(piece, False) for piece in pieces]
    assert shown.end() == ("", False)


def test_an_answer_that_says_less_than_was_shown_voids_it():
    shown = Shown()
    shown.text("hello world")
    shown.restart()
    assert shown.text("hello") == ("", False)
    assert shown.end() == ("hello", True)
