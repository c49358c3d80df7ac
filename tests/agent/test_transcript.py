"""The fold of facts into a conversation, and what follows from its tail."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.codec import decode
from kedge.agent.events import (
    ActionEnded,
    ActionOutput,
    ActionProposed,
    ActionStarted,
    Event,
    MessageAdded,
    SessionStarted,
    TextStreamed,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.messages import Message, Text, Thinking, ToolCall, ToolResult
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.transcript import (
    CallModel,
    LostCall,
    Rest,
    RunActions,
    Transcript,
    transcript,
)

A, B, C = (ToolCall(id, "read", "{}") for id in "abc")


def events(*bodies: object, path: tuple[str, ...] = ("main",), turn: int = 1) -> list[Event]:
    return [
        Event(seq, "s", path, turn, "2026-01-01T00:00:00.000000+00:00", body)
        for seq, body in enumerate(bodies, 1)
    ]


def ended(id: str, text: str = "ok", status: str = "ok") -> ActionEnded:
    return ActionEnded(id, "read", status, (Text(text),))


PROMPT = TurnStarted((Text("hello"),))
CALLS = MessageAdded("assistant", (Text("I look."), A, B, C), stop_reason="tool_use")


@pytest.mark.parametrize("order", list(itertools.permutations("abc")), ids="".join)
def test_results_stand_in_the_models_order_however_they_arrive(order):
    folded = transcript(events(PROMPT, CALLS, *(ended(id, id) for id in order)))
    assert folded.messages[-1] == Message(
        "tool", tuple(ToolResult(id, (Text(id),)) for id in "abc")
    )


def test_only_a_status_of_ok_makes_a_result_that_did_not_fail():
    folded = transcript(
        events(PROMPT, CALLS, ended("a"), ended("b", status="denied"), ended("c", status="unknown"))
    )
    assert [part.failed for part in folded.messages[-1].parts] == [False, True, True]


def test_results_reach_the_conversation_only_when_all_are_there():
    folded = transcript(events(PROMPT, CALLS, ended("a"), ended("c")))
    assert [message.role for message in folded.messages] == ["user", "assistant"]
    assert folded.next_step() == RunActions((B,))


def test_progress_changes_nothing():
    with_progress = transcript(
        events(TextStreamed("x"), PROMPT, CALLS, ActionOutput("a", "x"), ended("a"))
    )
    assert with_progress.messages == transcript(events(PROMPT, CALLS, ended("a"))).messages


def test_the_facts_of_other_agents_change_nothing():
    folded = Transcript()
    for event in events(PROMPT, CALLS, ended("a"), path=("main", "search")):
        folded.add(event)
    assert folded.messages == []
    assert not folded.turn_open
    assert transcript(events(PROMPT, path=("main", "search")), ("main", "search")).turn_open


def test_the_end_of_a_call_that_nobody_made_is_passed_over():
    folded = transcript(events(PROMPT, CALLS, ended("zzz"), ended("a")))
    assert folded.next_step() == RunActions((B, C))


def test_the_surroundings_open_the_first_prompt_and_no_other(core):
    said = MessageAdded("assistant", (Text("yes"),))
    folded = transcript(events(core.started, PROMPT, said, TurnEnded("done"), PROMPT))
    assert folded.messages[0].parts == (Text("Linux."), Text("hello"))
    assert folded.messages[2].parts == (Text("hello"),)


def test_what_the_first_start_fixed_stays_when_the_session_is_opened_again(core):
    again = SessionStarted(**{**_fields(core.started), "system": "Be bad."})
    assert transcript(events(core.started, again)).started == core.started


def _fields(value):
    return {name: getattr(value, name) for name in value.__struct_fields__}


@pytest.mark.parametrize(
    ("bodies", "step"),
    [
        ([], Rest()),
        ([PROMPT], CallModel()),
        ([PROMPT, CALLS], RunActions((A, B, C))),
        ([PROMPT, CALLS, ended("b")], RunActions((A, C))),
        ([PROMPT, CALLS, ended("a"), ended("b"), ended("c")], CallModel()),
        ([PROMPT, MessageAdded("assistant", (Text("done"),))], Rest()),
        ([PROMPT, MessageAdded("assistant", (Text("x"),), stop_reason="pause")], CallModel()),
        ([PROMPT, MessageAdded("assistant", (A,), stop_reason="end")], RunActions((A,))),
        ([PROMPT, MessageAdded("assistant", (), stop_reason="refusal")], Rest()),
        ([PROMPT, MessageAdded("assistant", (Text("x"),), stop_reason="interrupted")], Rest()),
        (
            [
                PROMPT,
                MessageAdded("assistant", (Text("done"),)),
                MessageAdded("user", (Text("more"),), origin="person"),
            ],
            CallModel(),
        ),
    ],
)
def test_the_next_step_follows_from_the_tail(bodies, step):
    assert transcript(events(*bodies)).next_step() == step


def test_a_lost_call_counts_as_begun_only_if_it_was_announced():
    proposed = ActionProposed("a", "read", {}, ())
    folded = transcript(events(PROMPT, CALLS, ended("c"), proposed, ActionStarted("a", "read")))
    assert folded.lost() == (LostCall(A, True), LostCall(B, False))
    assert folded.proposed("a")
    assert not folded.proposed("b")


def test_a_repeated_id_in_a_later_message_is_a_call_of_its_own():
    one = MessageAdded("assistant", (A,), stop_reason="tool_use")
    begun = [ActionProposed("a", "read", {}, ()), ActionStarted("a", "read")]
    folded = transcript(events(PROMPT, one, *begun, ended("a"), one))
    assert folded.lost() == (LostCall(A, False),)
    assert not folded.proposed("a")


def test_an_answer_that_broke_off_is_known_as_such():
    cut = MessageAdded("assistant", (Text("I was"),), stop_reason="interrupted")
    assert transcript(events(PROMPT, cut)).broken_off
    assert not transcript(events(PROMPT, cut, PROMPT)).broken_off
    assert not transcript(events(PROMPT)).broken_off


def test_everything_said_counts_towards_the_size():
    folded = transcript(
        events(PROMPT, MessageAdded("assistant", (Thinking("hm"), ToolCall("a", "read", "{}"))))
    )
    assert folded.characters == len("hello") + len("hm") + len("read{}")


@given(st.permutations([ended("a"), ended("b"), ended("c"), TextStreamed("x"), ended("a", "2")]))
def test_the_conversation_stays_well_formed_in_every_order_of_ends(core, order):
    folded = transcript(events(PROMPT, CALLS, *order))
    core.well_formed(folded.messages, whole=True)


async def _recorded(core, store) -> str:
    """A session with parallel reads, a change, a refusal, prompts of two turns and an error."""
    model = core.Model(
        core.says("I look.", core.call("a"), core.call("b", n=1), core.call("w", "write")),
        core.says(core.call("x", "nothing"), ToolCall("y", "read", "{")),
        core.says("Done."),
        core.says(core.call("a", n=2)),
        core.says("Done again."),
    )
    tools = core.Tool(), core.Tool("write", "write")
    session = core.session(model, *tools, store=store)
    await core.all_of(session)
    await core.all_of(session, "And more.")
    await session.close()
    return session.id


async def test_a_session_resumes_after_a_crash_at_every_line_of_its_log(core):
    store = MemoryStore()
    id = await _recorded(core, store)
    lines = [bytes(line) for line in store._sessions[id]]
    assert len(lines) > 30
    for length in range(1, len(lines) + 1):
        await _resumes(core, id, lines[:length])


async def _resumes(core, id, lines):
    store = MemoryStore()
    log = store.open(id)
    for line in lines:
        log.append(line)
    log.close()
    before = core.folded(store, id)
    core.well_formed(before.messages, whole=False)
    begun = {lost.call.id for lost in before.lost() if lost.begun}

    model = core.Model(*[core.says("Finished.")] * 2)
    tools = core.Tool(), core.Tool("write", "write")
    session = core.session(model, *tools, store=store, resume=id)
    words = None if session.unfinished else "Go on."
    events = await core.all_of(session, words, list(store.read(id)))
    assert core.result(events).status == "done"
    assert events[0].seq == json.loads(lines[-1])["seq"] + 1
    assert events[0].body.resumed_after == events[0].seq - 1
    ends = {end.id: end.status for end in core.bodies(events, ActionEnded)}
    assert all(ends[id] == "unknown" for id in begun)
    assert set(ends) == {lost.call.id for lost in before.lost()}
    assert [tool.runs for tool in tools] == [[], []], "what may have happened is not done again"

    await session.close()
    after = core.folded(store, id)
    core.well_formed(after.messages, whole=False)
    assert after.next_step() == Rest()
    assert after.messages[: len(before.messages)] == before.messages
    assert all(decode(line) for line in store._sessions[id])


def test_what_only_the_model_is_told_counts_as_nobody_s_words(core):
    told = Transcript()
    context = (Text("<context>\nA command is gone.\n</context>"),)
    told.add(Event(1, "s", ("main",), 1, "", MessageAdded("user", context, origin="person")))
    assert [one.words for one in told.said] == [""]
