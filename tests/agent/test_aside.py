"""Model calls beside the conversation are on record, paid for, and no part of it."""

import asyncio

import pytest

from kedge.agent.aside import Aside
from kedge.agent.budget import Ledger, limits_of
from kedge.agent.bus import Bus
from kedge.agent.context import ModelUse
from kedge.agent.errors import BudgetError, ProviderError
from kedge.agent.events import MessageAdded, ModelRequest
from kedge.agent.messages import Message, Text
from kedge.agent.ports import Request
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.transcript import Transcript
from kedge.config.settings import LimitSettings

REQUEST = Request("Judge.", (Message("user", (Text("May it?" * 10),)),), (), 100, "", "s")
PATH = ("main", "reviewer")


class Beside:
    """An `Aside` and what it leaves behind."""

    def __init__(self, model, **limits):
        self.events = []
        self.transcript = Transcript()
        self.ledger = Ledger(limits_of(LimitSettings(**limits)))
        bus = Bus("s", MemoryStore().open("s"))
        for watcher in (self.events.append, self.transcript.add, self.ledger.add):
            bus.watch(watcher)
        self.ledger.begin()
        use = ModelUse(100, "", lambda usage: usage.output_tokens / 8)
        self.aside = Aside(model, use, "reviewer", ledger=self.ledger, bus=bus, path=PATH)

    async def ask(self):
        return await self.aside.ask(REQUEST)


async def test_the_answer_is_recorded_and_counted_and_the_conversation_knows_nothing(core):
    beside = Beside(core.Model(core.says("Yes.")))
    assert (await beside.ask()).text == "Yes."
    assert {event.path for event in beside.events} == {PATH}
    request, message = core.bodies(beside.events)
    assert request == ModelRequest("reviewer", "test/model", 19)
    assert isinstance(message, MessageAdded)
    assert (message.model, message.cost_usd, message.stop_reason) == ("test/model", 0.25, "end")
    spent = beside.ledger.spent("run")
    assert (spent.turns, spent.tokens, spent.cost) == (1, 12, 0.25)
    assert beside.transcript.messages == []


async def test_where_a_limit_leaves_no_room_nobody_is_asked(core):
    model = core.Model(core.says("Yes."), core.says("Yes."))
    beside = Beside(model, max_turns=1)
    await beside.ask()
    with pytest.raises(BudgetError, match="the run's limit of turns"):
        await beside.ask()
    assert len(model.requests) == 1


@pytest.mark.parametrize("broken", [ProviderError("server", "down"), None])
async def test_a_failed_answer_is_an_error_that_holds_no_room(core, broken):
    beside = Beside(core.Model([broken] if broken else [], core.says("Yes.")), max_turns=1)
    with pytest.raises(ProviderError, match="down" if broken else "unfinished"):
        await beside.ask()
    assert (await beside.ask()).text == "Yes."


async def test_a_stopped_answer_keeps_what_was_said_and_holds_no_room(core):
    hanging = asyncio.Event()
    words = core.says("Let me think.")[:-2]
    beside = Beside(core.Model([*words, hanging.wait()], core.says("Yes.")), max_turns=2)
    task = asyncio.create_task(beside.ask())
    await core.until(lambda: len(beside.events) == 1)
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    (message,) = core.bodies(beside.events, MessageAdded)
    assert (message.parts, message.stop_reason) == ((Text("Let me think."),), "interrupted")
    assert (await beside.ask()).text == "Yes."
