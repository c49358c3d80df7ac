"""What is open of a batch is asked at once; nothing of it begins before all of that is answered."""

import asyncio
from collections.abc import Callable

import pytest

from kedge.agent.actions import Actor
from kedge.agent.bus import Bus
from kedge.agent.errors import ApprovalNeeded
from kedge.agent.events import ActionEnded, ActionStarted, Decision, Grant, MessageAdded
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.passages import Passages
from kedge.agent.ports import Allow, Approval, Approver, Deny, No, Question, Yes
from kedge.agent.stores.memory import MemoryLog
from kedge.agent.transcript import Transcript
from kedge.agent.validators.unattended import Failing

YES, NO = Approval(Yes(), "person"), Approval(No("no"), "person")


class Desk:
    """A person in front of whom questions wait, by the ids of their calls."""

    def __init__(self) -> None:
        self.waiting: dict[str, tuple[Question, asyncio.Future[Approval]]] = {}
        self.something = asyncio.Event()

    async def decide(self, question: Question) -> Approval:
        id = question.action.call.id
        answer: asyncio.Future[Approval] = asyncio.get_running_loop().create_future()
        self.waiting[id] = question, answer
        self.something.set()
        try:
            return await answer
        finally:
            del self.waiting[id]
            self.something.set()

    def answer(self, id: str, approval: Approval) -> None:
        self.waiting[id][1].set_result(approval)

    async def asks(self, *ids: str) -> None:
        """Wait until just these are open."""
        async with asyncio.timeout(60):
            while [*self.waiting] != [*ids]:
                self.something.clear()
                await self.something.wait()


class Granted:
    """Allows calls of the tools that were named to it; denies all in mode plan."""

    name = "grants"

    def __init__(self, mode: str = "ask") -> None:
        self.mode = mode
        self.tools: set[str] = set()

    def check(self, action):
        if self.mode == "plan":
            return (Deny("mode plan changes nothing"),)
        return (Allow("granted"),) if action.call.name in self.tools else ()


class Batch:
    """An actor at work on the calls of one message, and the person who is asked."""

    def __init__(self, core, *calls, approver: Approver | None = None) -> None:
        self.desk = Desk()
        self.granted = Granted()
        self.bodies: list[object] = []
        transcript = Transcript()
        bus = Bus("s", MemoryLog([]))
        bus.watch(transcript.add)
        bus.watch(lambda event: self.bodies.append(event.body))
        self.judge = Judge(
            Gate([self.granted]),
            approver or self.desk,
            offers=lambda action, places: (f"{action.call.name}(*)",),
            remember=self._remember,
        )
        tools = (core.Tool(), core.Tool("grep"), core.Tool("write", "write"))
        actor = Actor(tools, self.judge, Passages(self.judge, bus), bus, transcript)
        bus.emit(MessageAdded("assistant", calls, stop_reason="tool_use"))
        self.running = asyncio.create_task(actor.run(calls))

    def _remember(self, grant: Grant) -> None:
        self.granted.tools |= {rule.removesuffix("(*)") for rule in grant.rules}

    def of(self, kind, what: Callable[..., object] = lambda body: body.id):
        return [what(body) for body in self.bodies if isinstance(body, kind)]

    async def ends(self) -> list[str]:
        async with asyncio.timeout(60):
            await self.running
        return self.of(ActionEnded, lambda body: body.status)


async def test_what_reads_is_asked_at_once_and_answered_in_any_order(core):
    batch = Batch(core, core.call("a"), core.call("b"), core.call("c", "grep"))
    await batch.desk.asks("a", "b", "c")
    batch.desk.answer("c", YES)
    await batch.desk.asks("a", "b")
    batch.desk.answer("a", NO)
    await batch.desk.asks("b")
    assert batch.of(ActionStarted) == []
    batch.desk.answer("b", YES)
    assert await batch.ends() == ["denied", "ok", "ok"]
    assert batch.of(Decision) == ["c", "a", "b"]
    assert batch.of(ActionEnded) == ["a", "b", "c"]


async def test_a_call_after_one_that_writes_is_asked_about_when_that_was_done(core):
    calls = (core.call("a"), core.call("b", "write"), core.call("c", "write"), core.call("d"))
    batch = Batch(core, *calls)
    await batch.desk.asks("a", "b")
    batch.desk.answer("b", YES)
    batch.desk.answer("a", YES)
    await batch.desk.asks("c")
    assert batch.of(ActionEnded) == ["a", "b"]
    batch.desk.answer("c", NO)
    await batch.desk.asks("d")
    batch.desk.answer("d", YES)
    assert await batch.ends() == ["ok", "ok", "denied", "ok"]


async def test_what_was_allowed_for_good_answers_the_others_that_it_covers(core):
    batch = Batch(core, core.call("a"), core.call("b"), core.call("c", "grep"))
    await batch.desk.asks("a", "b", "c")
    batch.desk.answer("b", Approval(Yes(Grant("session", ("read(*)",))), "person"))
    await batch.desk.asks("c")
    batch.desk.answer("c", NO)
    assert await batch.ends() == ["ok", "ok", "denied"]
    decisions = batch.of(Decision, lambda body: (body.id, body.by, body.asked))
    assert decisions == [("b", "person", True), ("a", "grants", False), ("c", "person", True)]


async def test_what_was_refused_stays_refused_whatever_is_allowed_then(core):
    batch = Batch(core, core.call("a"), core.call("b"))
    await batch.desk.asks("a", "b")
    batch.desk.answer("a", NO)
    batch.desk.answer("b", Approval(Yes(Grant("session", ("read(*)",))), "person"))
    assert await batch.ends() == ["denied", "ok"]


async def test_another_mode_decides_what_is_still_open(core):
    batch = Batch(core, core.call("a"), core.call("b", "write"))
    await batch.desk.asks("a", "b")
    batch.judge.use(Gate([Granted("plan")]))
    assert await batch.ends() == ["denied", "denied"]
    assert batch.desk.waiting == {}


async def test_a_question_that_would_be_put_again_stays_as_it_is(core):
    batch = Batch(core, core.call("a"), core.call("b", "grep"))
    await batch.desk.asks("a", "b")
    asked = batch.desk.waiting["b"]
    batch.desk.answer("a", Approval(Yes(Grant("session", ("read(*)",))), "person"))
    await batch.desk.asks("b")
    assert batch.desk.waiting["b"] is asked
    batch.desk.answer("b", YES)
    assert await batch.ends() == ["ok", "ok"]


async def test_stopping_withdraws_every_question(core):
    batch = Batch(core, core.call("a"), core.call("b"))
    await batch.desk.asks("a", "b")
    batch.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch.ends()
    assert batch.desk.waiting == {}
    assert batch.of(Decision) == []


async def test_where_a_question_ends_the_run_nothing_of_the_batch_begins(core):
    batch = Batch(core, core.call("a"), core.call("b"), approver=Failing())
    with pytest.raises(ApprovalNeeded):
        await batch.ends()
    assert batch.of(ActionStarted) == []
