"""A session: stopping at any moment, resuming, and what is promised to whoever drives it."""

import asyncio
import gc
import json
import re
import warnings
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from kedge.agent.errors import StoreError
from kedge.agent.events import (
    ActionEnded,
    ActionStarted,
    CheckEnded,
    MessageAdded,
    Notice,
    Result,
    SessionStarted,
    TextStreamed,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.messages import Text
from kedge.agent.ports import Approval, CheckOutcome, No, Yes
from kedge.agent.session import new_session_id
from kedge.agent.stores.jsonl import JsonlStore
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.transcript import Rest, RunActions


async def a_few_steps(arguments, emit):
    for _ in range(3):
        emit("working")
        await asyncio.sleep(0)
    return "ok"


async def stubborn(arguments, emit):
    """Does not let itself be cancelled."""
    for _ in range(3):
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            emit("no")
    return "ok"


class SlowDesk:
    async def decide(self, question):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        said_no = question.action.call.id == "no"
        return Approval(No("said so") if said_no else Yes(), "person")


class SlowCheck:
    async def run(self, answer):
        await asyncio.sleep(0)
        return CheckOutcome(CheckEnded("check", True))


class QuickCheck:
    async def run(self, answer):
        return CheckOutcome(CheckEnded("check", True))


def busy(core, store):
    """A session whose next prompt takes parallel reads, changes, questions and a check; every tool
    call that runs is in the returned list."""
    model = core.Model(
        core.says("I look around.", core.call("a"), core.call("b", "stubborn"), core.call("c")),
        core.says(core.call("w", "write"), core.call("d"), core.call("no", "write")),
        core.says(core.call("x", "write"), core.call("y", "nothing"), core.call("z", "stubborn")),
        core.says("Done it is."),
        *[core.says("Second.")] * 3,
    )
    tools = [
        core.Tool("read", "read", a_few_steps),
        core.Tool("stubborn", "read", stubborn),
        core.Tool("write", "write", a_few_steps),
    ]
    session = core.session(
        model, *tools, store=store, mode="ask", approver=SlowDesk(), checks=[SlowCheck()]
    )
    return session, model, tools


async def still_good(core, session, model, store):
    """After whatever happened, the history is well-formed, and the session works and resumes."""
    facts = list(store.read(session.id))
    core.lawful_brackets(facts)
    tail = core.folded(store, session.id)
    core.well_formed(tail.messages, whole=False)
    assert not isinstance(tail.next_step(), RunActions), "every call has its result"
    begun = {body.id for body in core.bodies(facts, ActionStarted)}
    ended = {body.id for body in core.bodies(facts, ActionEnded)}
    assert begun <= ended

    model.answers = [core.says("Second.")]
    events = await core.all_of(session, "And now?", facts)
    assert core.result(events).status == "done"
    assert core.result(events).text == "Second."
    await session.close()
    after = core.folded(store, session.id)
    core.well_formed(after.messages, whole=False)
    assert after.next_step() == Rest()


@given(moment=st.integers(0, 90), status=st.sampled_from(["interrupted", "terminated", "budget"]))
@settings(max_examples=40)
async def test_a_stop_at_any_event_leaves_a_well_formed_history(core, moment, status):
    store = MemoryStore()
    session, model, _ = busy(core, store)
    events = []
    async for event in session.run("Go."):
        events.append(event)
        if len(events) == moment:
            session.stop(status)
    core.lawful(events)
    assert core.result(events).status in (status, "done")
    assert core.bodies(events, TurnEnded)[-1].status == core.result(events).status
    await still_good(core, session, model, store)


@given(steps=st.integers(0, 70), status=st.sampled_from(["interrupted", "terminated"]))
@settings(max_examples=40)
async def test_a_stop_after_any_number_of_steps_leaves_a_well_formed_history(core, steps, status):
    store = MemoryStore()
    session, model, _ = busy(core, store)
    events = []

    async def read():
        events.extend([event async for event in session.run("Go.")])

    task = asyncio.create_task(read())
    for _ in range(steps):
        await asyncio.sleep(0)
    session.stop(status)
    session.stop("budget")
    await task
    core.lawful(events)
    if steps > 0:
        assert core.result(events).status in (status, "done")
    await still_good(core, session, model, store)


@given(steps=st.integers(0, 70))
@settings(max_examples=40)
async def test_cancelling_whoever_reads_stops_the_turn_and_leaves_a_well_formed_history(
    core, steps
):
    store = MemoryStore()
    session, model, _ = busy(core, store)

    async def read():
        async with aclosing(session.run("Go.")) as events:
            async for _ in events:
                pass

    task = asyncio.create_task(read())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    if facts := list(_stored(store, session.id)):
        assert isinstance(facts[-1].body, Result)
    await still_good(core, session, model, store)


def _stored(store, id):
    return store.read(id) if id in store.sessions() else ()


@given(moment=st.integers(1, 60))
@settings(max_examples=40)
async def test_closing_the_stream_early_stops_the_turn(core, moment):
    store = MemoryStore()
    session, model, tools = busy(core, store)
    async with aclosing(session.run("Go.")) as events:
        count = 0
        async for _ in events:
            count += 1
            if count == moment:
                break
    runs = [len(tool.runs) for tool in tools]
    facts = list(store.read(session.id))
    assert isinstance(facts[-1].body, Result)
    for _ in range(20):
        await asyncio.sleep(0)
    assert [len(tool.runs) for tool in tools] == runs, "nothing goes on behind our back"
    await still_good(core, session, model, store)


@given(steps=st.integers(1, 70))
@settings(max_examples=40)
async def test_cancelling_every_task_as_a_closing_event_loop_does_closes_all_brackets(core, steps):
    store = MemoryStore()
    session, model, _ = busy(core, store)
    events = []

    async def read():
        async for event in session.run("Go."):
            events.append(event)

    task = asyncio.create_task(read())
    for _ in range(steps):
        await asyncio.sleep(0)
    for one in asyncio.all_tasks() - {asyncio.current_task()}:
        one.cancel()
    await asyncio.wait([task])
    facts = list(store.read(session.id))
    if core.bodies(facts, TurnStarted):
        assert isinstance(facts[-1].body, Result)
        assert facts[-1].body.status in ("interrupted", "done")
    await still_good(core, session, model, store)


async def test_a_stop_that_comes_before_the_turn_has_begun_is_not_lost(core):
    model = core.Model(core.says("Never."))
    session = core.session(model)
    events = session.run("Go.")
    first = asyncio.ensure_future(anext(events))
    asyncio.get_running_loop().call_soon(session.stop, "terminated")
    await first
    rest = [event async for event in events]
    assert core.result(rest).status == "terminated"
    assert model.requests == []


async def test_a_stop_without_a_turn_does_nothing(core):
    model = core.Model(core.says("One."), core.says("Two."))
    session = core.session(model)
    session.stop("interrupted")
    assert core.result(await core.all_of(session)).status == "done"
    session.stop("interrupted")
    assert core.result(await core.all_of(session)).status == "done"


@pytest.mark.parametrize(
    "kind", [TextStreamed, ActionStarted, ActionEnded, MessageAdded, CheckEnded]
)
async def test_a_tool_or_watcher_that_stops_its_own_turn_ends_it(core, kind):
    """A stop from within the turn's own task takes effect at its next step."""
    model = core.Model(core.says("I look.", core.call("a")), *[core.says("Done.")] * 2)
    session = core.session(model, checks=[QuickCheck()])
    stops = ["terminated"]

    def stop(event):
        if isinstance(event.body, kind) and stops:
            session.stop(stops.pop())

    session._bus.watch(stop)
    events = await core.all_of(session)
    assert core.result(events).status == "terminated"
    assert core.result(await core.all_of(session)).status == "done"


@pytest.mark.parametrize("kind", [TurnEnded, Result])
async def test_a_stop_at_the_very_end_is_too_late_and_does_not_reach_the_next_turn(core, kind):
    model = core.Model(core.says("One."), core.says("Two."))
    session = core.session(model)

    def stop(event):
        if isinstance(event.body, kind):
            session.stop("terminated")

    session._bus.watch(stop)
    for _ in range(2):
        assert core.result(await core.all_of(session)).status == "done"


async def test_a_turn_that_was_stopped_by_its_first_stop_keeps_that_status(core):
    async def forever(arguments, emit):
        await asyncio.Event().wait()

    model = core.Model(core.says(core.call("a")))
    session = core.session(model, core.Tool(work=forever))
    events = []
    async for event in session.run("Go."):
        events.append(event)
        if isinstance(event.body, ActionStarted):
            session.stop("terminated")
            session.stop("interrupted")
    assert core.result(events).status == "terminated"
    assert core.result(events).exit_code == 143


async def test_partial_words_are_kept_when_the_model_is_interrupted(core):
    never = asyncio.get_running_loop().create_future()
    model = core.Model((*core.says("I was about")[:2], never), core.says("Yes."))
    session = core.session(model)
    events = []
    async for event in session.run("Go."):
        events.append(event)
        if isinstance(event.body, TextStreamed) and event.body.text == "was ":
            session.stop("interrupted")
    assert core.result(events).text == "I was "
    assert model.closed_streams == 1
    await core.all_of(session, "Go on.")
    assert [message.role for message in model.requests[1].messages] == ["user", "assistant", "user"]


async def test_only_one_prompt_runs_at_a_time(core):
    session = core.session(core.Model(core.says("One."), core.says("Two.")))
    async with aclosing(session.run("Go.")) as events:
        await anext(events)
        with pytest.raises(RuntimeError, match="working on another prompt"):
            await anext(session.run("And go."))
        rest = [event async for event in events]
    assert core.result(rest).text == "One."


async def test_closing_a_session_in_mid_turn_stops_it_first(core, tmp_path):
    async def forever(arguments, emit):
        await asyncio.Event().wait()

    store = JsonlStore(tmp_path)
    model = core.Model(core.says(core.call("a")))
    session = core.session(model, core.Tool(work=forever), store=store)
    events = session.run("Go.")
    async for event in events:
        if isinstance(event.body, ActionStarted):
            break
    await session.close()
    assert model.closed
    facts = list(store.read(session.id))
    assert isinstance(facts[-1].body, Result)
    assert facts[-1].body.status == "interrupted"
    await events.aclose()


async def test_the_log_is_let_go_of_even_if_the_provider_cannot_be_closed(core, tmp_path):
    class Stuck(core.Model):
        async def close(self):
            raise OSError("stuck")

    store = JsonlStore(tmp_path)
    session = core.session(Stuck(core.says("Hi.")), store=store)
    await core.all_of(session)
    with pytest.raises(OSError, match="stuck"):
        await session.close()
    store.open(session.id).close()


async def test_nothing_is_left_behind(core):
    session = core.session(core.Model(core.says("I look.", core.call("a")), core.says("Done.")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await core.all_of(session)
        await session.close()
        gc.collect()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_is_on_disk_is_what_was_told(core, tmp_path):
    store = JsonlStore(tmp_path)
    session = core.session(
        core.Model(core.says("I look.", core.call("a")), core.says("Done.")), store=store
    )
    events = await core.all_of(session)
    lines = store.path(session.id).read_bytes().splitlines()
    assert lines == [core.encode(event) for event in events if event.prev is not None]


async def test_a_resumed_session_goes_on_with_numbers_turns_and_words(core, tmp_path):
    store = JsonlStore(tmp_path)
    first = core.session(core.Model(core.says("One.")), store=store)
    before = await core.all_of(first)
    await first.close()

    model = core.Model(core.says("Two."))
    second = core.session(model, store=store, resume=first.id)
    assert not second.unfinished
    events = await core.all_of(second, "More.")
    assert events[0].seq == before[-1].seq + 1
    assert events[0].body == structs.replace(core.started, resumed_after=before[-1].seq)
    assert {event.turn for event in core.of(events, TurnStarted)} == {2}
    texts = [message.text for message in model.requests[0].messages]
    assert texts == ["Linux.Do it.", "One.", "More."]
    assert model.requests[0].session == first.id
    chain = [json.loads(line) for line in store.path(first.id).read_bytes().splitlines()]
    core.chained(store.path(first.id).read_bytes().splitlines())
    assert [line["seq"] for line in chain] == sorted({line["seq"] for line in chain})


async def test_the_first_line_of_the_record_of_a_process_is_its_start_and_only_once(core):
    session = core.session(core.Model(core.says("One."), core.says("Two.")))
    first, second = await core.all_of(session), await core.all_of(session)
    assert isinstance(first[0].body, SessionStarted)
    assert core.bodies(second, SessionStarted) == []
    assert isinstance(second[0].body, TurnStarted)


async def test_the_system_text_is_frozen_for_the_life_of_the_session(core):
    store = MemoryStore()
    first = core.session(core.Model(core.says("One.")), store=store)
    await core.all_of(first)
    await first.close()
    other = structs.replace(core.started, system="Be bad.", environment="BSD.", cwd="/elsewhere")
    model = core.Model(core.says("Two."))
    second = core.session(model, store=store, resume=first.id, started=other)
    events = await core.all_of(second)
    assert model.requests[0].system == "Be good."
    assert model.requests[0].messages[0].parts[0] == Text("Linux.")
    assert model.requests[0].messages[-1].parts[0] == Text("BSD.")
    codes = [notice.code for notice in core.bodies(events, Notice)]
    assert codes == ["tools_changed", "directory_changed", "system_changed"]


async def test_a_session_that_does_not_exist_is_not_made_by_resuming_it(core, tmp_path):
    store = JsonlStore(tmp_path)
    with pytest.raises(StoreError, match="there is no session 'nope'"):
        core.session(core.Model(), store=store, resume="nope")
    assert store.sessions() == ()


async def test_a_session_in_use_cannot_be_resumed(core, tmp_path):
    store = JsonlStore(tmp_path)
    session = core.session(core.Model(), store=store)
    with pytest.raises(StoreError, match="in use"):
        core.session(core.Model(), store=store, resume=session.id)


async def test_a_damaged_session_is_refused_and_not_kept_locked(core, tmp_path):
    store = JsonlStore(tmp_path)
    store.path("s").write_bytes(b"{}\n")
    with pytest.raises(StoreError):
        core.session(core.Model(), store=store, resume="s")
    store.open("s").close()


def test_ids_sort_by_time_and_differ():
    assert re.fullmatch(r"20010909-014640-[0-9a-f]{6}", new_session_id(lambda: 1e9))
    assert new_session_id(lambda: 0.0) < new_session_id()
    assert new_session_id() != new_session_id()
