"""Plain doubles for the core: a scripted model, tools by hand, a session around them, and what a
well-formed stream is."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import jsonschema
import msgspec
import pytest

from kedge.agent.budget import Ledger
from kedge.agent.codec import decode, digest, encode
from kedge.agent.context import ModelUse
from kedge.agent.deltas import Delta, Finished, PartDone, TextDelta
from kedge.agent.effects import Effect
from kedge.agent.errors import StoreError, ToolError
from kedge.agent.events import (
    ActionEnded,
    ActionProposed,
    ActionStarted,
    Decision,
    Event,
    Progress,
    Result,
    SessionStarted,
    ToolSpec,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.messages import Message, Part, StopReason, Text, ToolCall, ToolResult, Usage
from kedge.agent.ports import Action, Allow, Deny, Output, Request, Verdict
from kedge.agent.schema import events_schema
from kedge.agent.session import Fittings, Session, fold
from kedge.agent.stores.memory import MemoryStore
from kedge.agent.transcript import Transcript
from kedge.agent.validators.unattended import Unattended
from kedge.config.settings import LimitSettings

Answer = Sequence[Delta | BaseException | Awaitable[object]]
_SCHEMA = json.loads(events_schema())
VALIDATORS = {
    kind: jsonschema.Draft202012Validator(_SCHEMA | {"oneOf": [{"$ref": f"#/$defs/{kind}"}]})
    for kind in (one["$ref"].rpartition("/")[2] for one in _SCHEMA["oneOf"])
}
"""By the kind of event: to try them all takes ten times as long."""


def call(id: str, name: str = "read", /, **arguments: object) -> ToolCall:
    return ToolCall(id, name, json.dumps(arguments))


def says(
    *parts: Part | str, stop: StopReason | None = None, usage: Usage | None = None
) -> tuple[Delta, ...]:
    """The deltas of one answer; strings are text, streamed word by word."""
    deltas: list[Delta] = []
    for part in parts:
        if isinstance(part, str):
            deltas += [TextDelta(word) for word in re.findall(r"\S+\s*", part)]
            part = Text(part)
        deltas.append(PartDone(part))
    calls = any(isinstance(part, ToolCall) for part in parts)
    reason: StopReason = stop or ("tool_use" if calls else "end")
    return (*deltas, Finished(reason, usage or Usage(input_tokens=10, output_tokens=2)))


class Model:
    """Gives the answers in order, remembers the requests. An answer may hold exceptions, which it
    raises there, and awaitables, which it waits for."""

    name = "test/model"

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.closed = False
        self.closed_streams = 0

    async def stream(self, request: Request) -> AsyncGenerator[Delta]:
        well_formed(request.messages, whole=True)
        self.requests.append(request)
        try:
            for piece in self.answers.pop(0):
                await asyncio.sleep(0)
                if isinstance(piece, BaseException):
                    raise piece
                if isinstance(piece, Awaitable):
                    await piece
                    continue
                yield piece
        finally:
            self.closed_streams += 1

    async def close(self) -> None:
        self.closed = True


class HandTool:
    """A tool written out as a plain class: takes any JSON object."""

    def __init__(
        self,
        name: str = "read",
        kind: str | None = "read",
        work: Callable[[dict[str, object], Callable[[str], None]], Awaitable[object]] | None = None,
    ) -> None:
        self.spec = ToolSpec(name, "", {"type": "object"})
        self.kind = kind
        self.work = work
        self.runs: list[dict[str, object]] = []

    def parse(self, arguments: str) -> dict[str, object]:
        try:
            return msgspec.json.decode(arguments, type=dict[str, object])
        except msgspec.MsgspecError as error:
            raise ToolError("other", f"send JSON: {error}") from error

    def effects(self, arguments: dict[str, object]) -> tuple[Effect, ...]:
        return (Effect(self.kind, "x"),) if self.kind else ()

    async def run(self, arguments: dict[str, object], emit: Callable[[str], None]) -> Any:
        self.runs.append(arguments)
        if self.work is None:
            await asyncio.sleep(0)
            return Output.of(f"{self.spec.name} {json.dumps(arguments)}")
        said = await self.work(arguments, emit)
        return Output.of(said) if isinstance(said, str) else said


class Permits:
    """A mode, as far as the core is concerned: `full` allows all, `ask` what only reads, `plan`
    denies the rest."""

    name = "mode"

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def check(self, action: Action) -> Sequence[Verdict]:
        if self.mode == "full" or not action.mutates:
            return (Allow(f"mode {self.mode} allows it"),)
        return (Deny("mode plan changes nothing"),) if self.mode == "plan" else ()


class FullStore(MemoryStore):
    """A store whose disk is full after so many lines."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def open(self, session: str) -> Any:
        log = super().open(session)
        append = log.append

        def guarded(line: bytes) -> None:
            if self.room <= 0:
                raise StoreError("cannot write the session log: No space left on device")
            self.room -= 1
            append(line)

        log.append = guarded
        return log


STARTED = SessionStarted(
    cwd="/w",
    git_head=None,
    kedge_version="0",
    config_version="c",
    experiment_arm=None,
    policy_hash="p",
    sandbox="none",
    mode="full",
    model="test/model",
    system="Be good.",
    environment="Linux.",
    tools=(),
)


def a_session(
    model: Model,
    *tools: Any,
    store: Any = None,
    mode: str = "full",
    validators: Sequence[Any] = (),
    approver: Any = None,
    checks: Sequence[Any] = (),
    resume: str = "",
    started: SessionStarted | None = None,
    price: Callable[[Usage], float | None] = lambda usage: 0.25,
    ledger: Ledger | None = None,
    **limits: Any,
) -> Session:
    return Session(
        started or STARTED,
        model,
        tools or (HandTool(),),
        Judge(Gate([*validators, Permits(mode)]), approver or Unattended()),
        store if store is not None else MemoryStore(),
        use=ModelUse(1000, "", price),
        limits=LimitSettings(**limits),
        fittings=Fittings(checks, ledger),
        resume=resume,
    )


async def all_of(
    session: Session, prompt: Any = "Do it.", before: Sequence[Event] = ()
) -> list[Event]:
    """Everything that a run emits, checked against the laws of the stream; `before`: what the log
    held until then."""
    events = [event async for event in session.run(prompt)]
    lawful(events, before)
    return events


def bodies(events: Iterable[Event], *kinds: type) -> list[Any]:
    return [event.body for event in events if not kinds or isinstance(event.body, kinds)]


def the_result(events: Sequence[Event]) -> Result:
    body = events[-1].body
    assert isinstance(body, Result)
    return body


def lawful(events: Sequence[Event], before: Sequence[Event] = ()) -> None:
    """The laws of the stream that every run keeps, however it ended."""
    numbers = [event.seq for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(events))), "seq is dense"
    assert isinstance(events[-1].body, Result), "result is last"
    assert len(bodies(events, Result)) == 1
    for event in events:
        line = encode(event)
        record = json.loads(line)
        VALIDATORS[record["kind"]].validate(record)
        assert decode(line) == event
        assert (event.prev is None) == isinstance(event.body, Progress)
    chained([encode(event) for event in events if event.prev is not None])
    brackets([*before, *events])


def chained(lines: Sequence[bytes]) -> None:
    """Each line holds the digest of the one before."""
    for one, next_one in zip(lines, lines[1:], strict=False):
        assert json.loads(next_one)["prev"] == digest(one)


def brackets(events: Sequence[Event]) -> None:
    proposed: list[str] = []
    decided: set[str] = set()
    started: set[str] = set()
    turn_open = False
    for body in bodies(events):
        match body:
            case TurnStarted():
                assert not turn_open and not proposed
                turn_open = True
            case TurnEnded():
                assert not proposed, "actions are closed before their turn"
                turn_open = False
            case ActionProposed(id):
                assert id not in proposed
                proposed.append(id)
                decided.discard(id)
                started.discard(id)
            case Decision(id):
                assert id in proposed and id not in decided
                decided.add(id)
            case ActionStarted(id):
                assert id in decided and id not in started
                started.add(id)
            case ActionEnded(id, status=status):
                assert status not in ("ok", "timeout", "unknown") or id in started
                proposed.remove(id)
            case _:
                pass
    assert not turn_open and not proposed


def well_formed(messages: Sequence[Message], *, whole: bool) -> None:
    """What every provider demands of a conversation; `whole`: no call is open at its end."""
    waiting: tuple[str, ...] = ()
    for message in messages:
        if waiting:
            assert message.role == "tool", f"calls {waiting} are answered by a {message.role}"
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            assert len(results) == len(message.parts)
            assert tuple(result.call_id for result in results) == waiting
            waiting = ()
            continue
        assert message.role != "tool", "results without calls"
        assert message.parts
        waiting = tuple(call.id for call in message.calls)
        assert len(set(waiting)) == len(waiting)
        assert not waiting or message.role == "assistant"
    if whole:
        assert not waiting, f"calls {waiting} have no results"
        assert not messages or messages[-1].role in ("user", "tool")


def folded(store: Any, id: str) -> Transcript:
    return fold(store, id)


async def until(claim: Callable[[], object], turns: int = 10_000) -> None:
    """Let the others work until something holds."""
    for _ in range(turns):
        if claim():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to hold")


@pytest.fixture(scope="session")
def core() -> SimpleNamespace:
    """The doubles and claims of this module."""
    return SimpleNamespace(
        Model=Model,
        Tool=HandTool,
        Permits=Permits,
        FullStore=FullStore,
        started=STARTED,
        call=call,
        says=says,
        session=a_session,
        all_of=all_of,
        bodies=bodies,
        of=lambda events, kind: [event for event in events if isinstance(event.body, kind)],
        result=the_result,
        lawful=lawful,
        lawful_brackets=brackets,
        chained=chained,
        well_formed=well_formed,
        encode=encode,
        folded=folded,
        until=until,
    )
