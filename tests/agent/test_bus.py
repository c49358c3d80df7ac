"""The stream: numbers, the chain, slow readers, and a log that has ended."""

import asyncio
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.bus import MAX_LAG, Bus, Subscription, now
from kedge.agent.codec import decode
from kedge.agent.errors import StoreError
from kedge.agent.events import Notice, Progress, TextStreamed, TurnEnded
from kedge.agent.stores.memory import MemoryLog

FACT = Notice("x", "y")
PROGRESS = TextStreamed("z")
KINDS = st.lists(st.sampled_from([FACT, PROGRESS]), max_size=30)


async def drained(reader):
    reader.end()
    return [event async for event in reader]


@given(KINDS)
async def test_numbers_rise_by_one_over_facts_and_progress_alike(some):
    bus = Bus("s", MemoryLog([]))
    assert [bus.emit(body).seq for body in some] == list(range(1, len(some) + 1))
    assert bus.last_seq == len(some)


@given(KINDS)
async def test_only_facts_are_stored_and_their_chain_is_that_of_the_stored_lines(some):
    lines = []
    bus = Bus("s", MemoryLog(lines))
    told = [bus.emit(body) for body in some]
    assert [decode(line) for line in lines] == [event for event in told if event.body is FACT]
    prev = ""
    for line in lines:
        assert json.loads(line)["prev"] == prev
        prev = sha256(line).hexdigest()
    assert all(event.prev is None for event in told if event.body is PROGRESS)


@given(KINDS, KINDS)
async def test_a_stream_that_is_resumed_goes_on_as_if_nothing_had_happened(before, after):
    whole, parts = [], []
    bus = Bus("s", MemoryLog(whole), clock=lambda: "t")
    for body in (*before, FACT, *after):
        bus.emit(body)
    first = Bus("s", MemoryLog(parts), clock=lambda: "t")
    for body in (*before, FACT):
        first.emit(body)
    second = Bus("s", MemoryLog(parts), clock=lambda: "t")
    for body in after:
        second.emit(body)
    assert parts == whole


async def test_a_line_of_a_later_kedge_is_the_head_of_the_chain_though_its_kind_is_unknown():
    line = (
        b'{"later": 1,  "v":1, "seq":41, "session":"s", "path":["main"], "turn":1, '
        b'"ts":"t", "prev":"", "kind":"dreamt"}'
    )
    lines = [line]
    event = Bus("s", MemoryLog(lines)).emit(FACT)
    assert event.seq == 42
    assert event.prev == sha256(line).hexdigest()


def test_a_damaged_last_line_is_an_error():
    with pytest.raises(StoreError):
        Bus("s", MemoryLog([b"{"]))


async def test_a_slow_reader_loses_progress_and_never_facts():
    bus = Bus("s", MemoryLog([]))
    slow = bus.subscribe()
    for _ in range(MAX_LAG):
        bus.emit(PROGRESS)
        bus.emit(FACT)
    events = await drained(slow)
    assert sum(event.body is FACT for event in events) == MAX_LAG
    assert sum(event.body is PROGRESS for event in events) == MAX_LAG // 2
    assert [event.seq for event in events] == sorted(event.seq for event in events)


async def test_a_reader_that_keeps_up_loses_nothing():
    bus = Bus("s", MemoryLog([]))
    reader = bus.subscribe()
    seen = []

    async def read():
        async for event in reader:
            seen.append(event.seq)

    task = asyncio.create_task(read())
    for _ in range(3 * MAX_LAG):
        bus.emit(PROGRESS)
        await asyncio.sleep(0)
    reader.end()
    await task
    assert seen == list(range(1, 3 * MAX_LAG + 1))


async def test_readers_do_not_disturb_each_other_and_see_what_came_after_they_did():
    bus = Bus("s", MemoryLog([]))
    first = bus.subscribe()
    bus.emit(FACT)
    second = bus.subscribe()
    bus.emit(FACT)
    bus.unsubscribe(first)
    bus.unsubscribe(first)
    bus.emit(FACT)
    assert [event.seq for event in await drained(first)] == [1, 2]
    assert [event.seq for event in await drained(second)] == [2, 3]


async def test_reading_waits_for_what_has_not_happened_yet():
    reader = Subscription()
    bus = Bus("s", MemoryLog([]))
    task = asyncio.create_task(anext(aiter(reader)))
    await asyncio.sleep(0)
    assert not task.done()
    event = bus.emit(FACT)
    reader.push(event)
    assert await task == event


async def test_a_watcher_sees_an_event_before_emit_returns_and_after_it_is_stored():
    lines, seen = [], []
    bus = Bus("s", MemoryLog(lines))
    bus.watch(lambda event: seen.append((event.seq, len(lines))))
    bus.emit(FACT)
    bus.emit(PROGRESS)
    assert seen == [(1, 1), (2, 1)]


async def test_when_the_log_ends_the_readers_still_hear_the_rest(core):
    store = core.FullStore(2)
    bus = Bus("s", store.open("s"))
    reader = bus.subscribe()
    for _ in range(3):
        bus.emit(FACT)
    store.room = 100
    bus.emit(TurnEnded("failed"))
    assert [event.seq for event in await drained(reader)] == [1, 2, 3, 4]
    assert [event.seq for event in store.read("s")] == [1, 2], "no gap, though there is room again"
    with pytest.raises(StoreError, match="No space left"):
        bus.require_log()


async def test_what_cannot_be_announced_must_not_begin(core):
    bus = Bus("s", core.FullStore(1).open("s"))
    bus.announce(FACT)
    with pytest.raises(StoreError, match="No space left"):
        bus.announce(FACT)
    with pytest.raises(StoreError):
        bus.announce(FACT)


def test_times_are_rfc_3339_in_utc_with_microseconds():
    import re

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", now())


def test_progress_is_what_is_not_stored():
    assert isinstance(PROGRESS, Progress)
    assert not isinstance(FACT, Progress)
