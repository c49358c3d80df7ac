"""From calls to results: understand, judge, run, record.

Every call gets one `action.proposed`, one `decision` and one `action.ended`. Neighbouring calls
that only read run side by side, all others alone and in order, each judged when all that may change
anything before it is over; results are recorded in the order in which the model asked. A result
that exists is recorded even when the turn is being stopped.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

import msgspec
from msgspec import Struct, structs

from ..config.errors import KedgeError
from ..config.guards import LoopSettings
from .bus import Bus
from .effects import Effect
from .endings import ended, from_output, since
from .errors import StoreError, ToolError
from .events import (
    ActionEnded,
    ActionOutput,
    ActionProposed,
    ActionStarted,
    ActionStatus,
    Body,
    Decision,
    Notice,
    ToolSpec,
)
from .judge import Judge
from .messages import Text, ToolCall, legible_text
from .passages import Passages
from .ports import ESCALATE, Action, Denied, Output, Tool
from .repetition import Repetition
from .transcript import Transcript

STOPPED_OUTPUT = 4_000
"""Characters of a stopped action's output, its last, that are recorded."""


class _Ready(Struct, frozen=True):
    """An allowed action, about to run."""

    tool: Tool
    action: Action


class _Refused(Struct, frozen=True):
    """A call that will not run, with its answer."""

    end: ActionEnded


_Prepared = _Ready | _Refused


Checkpoint = Callable[[Action], Awaitable[None]]
"""Keeps the workspace before an action that may change it, where that is needed."""
Preserve = Callable[[Action], str]
"""Keeps what an action is about to delete; words on what it could not keep. Never raises."""


class Permits(Protocol):
    """Widens the sandbox for one run of an action, on a person's word."""

    def beforehand(self, action: Action, places: Sequence[int]) -> None:
        """These effects are allowed by a person or their rules: let the next run have them."""
        ...

    def afterwards(self, action: Action, denied: Sequence[Denied]) -> None:
        """Let the next run do what the sandbox kept this one from."""
        ...


Nearby = Callable[[Action], str]
"""Instructions that belong to what an action touched, if they were not given yet. Never raises."""


def nothing_is_nearby(action: Action) -> str:
    """There are no further instructions."""
    return ""


def nothing_is_kept(action: Action) -> str:
    """There is no trash."""
    return ""


class Actor:
    """Carries out the calls of one agent."""

    def __init__(
        self,
        tools: Sequence[Tool],
        judge: Judge,
        passages: Passages,
        bus: Bus,
        transcript: Transcript,
        path: tuple[str, ...] = ("main",),
        permits: Permits | None = None,
        preserve: Preserve = nothing_is_kept,
        checkpoint: Checkpoint | None = None,
        nearby: Nearby = nothing_is_nearby,
        loops: LoopSettings | None = None,
    ) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}
        if len(self._tools) < len(tools):
            names = [tool.spec.name for tool in tools]
            raise ValueError(f"two tools have one name: {names}")
        self._printed: dict[str, str] = {}
        self._judge = judge
        self._passages = passages
        self._bus = bus
        self._transcript = transcript
        self._path = path
        self._permits = permits
        self._preserve = preserve
        self._checkpoint = checkpoint
        self._nearby = nearby
        self._repetition = Repetition(loops)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as the model is told of them, in their order."""
        return tuple(tool.spec for tool in self._tools.values())

    async def run(self, calls: Sequence[ToolCall]) -> None:
        """Answer the calls. Raises only what stops the turn.

        Raises:
            StoreError: the log has ended, so nothing more may begin.
            LoopError: the model goes round in circles.
        """
        cut_off = self._transcript.stop_reason == "max_tokens"
        harmless: list[_Prepared] = []
        for call in calls:
            item = await self._prepare(call, cut_off and call is calls[-1])
            if isinstance(item, _Ready) and item.action.mutates:
                await self._run_group(harmless)
                if self._checkpoint is not None:
                    await self._checkpoint(item.action)
                await self._run_group([item])
                harmless = []
            else:
                harmless.append(item)
        await self._run_group(harmless)

    def answered(self, text: str) -> None:
        """The model spoke and asked for nothing.

        Raises:
            LoopError: it says the same over and over.
        """
        self._repetition.answered(text, self._bus.turn)

    def close_open_calls(self, why: str) -> None:
        """Give every call of the last message that has no end an honest one."""
        for lost in self._transcript.lost():
            call = lost.call
            if not self._transcript.proposed(call.id):
                self._emit(ActionProposed(call.id, call.name, call.arguments, ()))
            if lost.begun:
                text = (
                    "Effect unknown: kedge ended while this was running. It may have happened, "
                    "in part or not at all. Look before doing it again."
                )
                self._emit(ended(call, "unknown", text))
            else:
                self._emit(ended(call, "cancelled", f"Not carried out: {why}."))

    async def _prepare(self, call: ToolCall, cut_off: bool) -> _Prepared:
        tool = self._tools.get(call.name)
        try:
            if tool is None:
                names = ", ".join(self._tools) or "none"
                raise ToolError("other", f"There is no tool {call.name!r}. The tools are: {names}.")
            if cut_off:
                raise ToolError(
                    "other",
                    "The call was cut off at the output limit. Nothing was done. "
                    "Send it again in smaller pieces.",
                )
            action = _understood(tool, call)
        except ToolError as error:
            self._emit(ActionProposed(call.id, call.name, call.arguments, ()))
            self._emit(Decision(call.id, "deny", "schema", str(error)))
            unread = Action(call, {"": legible_text(call.arguments)}, ())
            self._repetition.times(unread, self._bus.turn)
            return _Refused(self._noted(unread, ended(call, "failed", str(error), error.kind)))
        self._emit(ActionProposed(call.id, call.name, action.arguments, action.effects))
        return await self._judged(tool, action)

    async def _judged(self, tool: Tool, action: Action) -> _Prepared:
        call = action.call

        def remake(arguments: dict[str, object]) -> Action:
            return self._with_facts(_remade(tool, call, arguments))

        try:
            decision, action = await self._judge.decide(self._with_facts(action), remake)
        except KedgeError as error:
            self._emit(Decision(call.id, "deny", "gate", str(error)))
            raise
        self._emit(decision)
        if decision.outcome == "deny":
            text = f"Not allowed: {decision.reason}. Nothing was done."
            end = ended(call, "denied", text, "denied")
            return _Refused(self._noted(action, end))
        if self._permits is not None:
            self._permits.beforehand(action, _said_by_a_person(decision, action))
        return _Ready(tool, action)

    def _with_facts(self, action: Action) -> Action:
        """The action with what only its history knows.

        Raises:
            LoopError: it was done so often, to no effect, that the turn is to end.
        """
        return structs.replace(
            action,
            tainted=self._passages.tainted,
            repeats=self._repetition.times(action, self._bus.turn),
        )

    def _noted(self, action: Action, end: ActionEnded) -> ActionEnded:
        """The end with words for a model that repeats itself."""
        words = self._repetition.note(action, end, self._bus.turn)
        return structs.replace(end, content=(*end.content, Text(f"\n{words}"))) if words else end

    async def _run_group(self, group: Sequence[_Prepared]) -> None:
        ends: list[ActionEnded | None] = [None] * len(group)

        async def carry_out(place: int, item: _Prepared) -> None:
            ends[place] = item.end if isinstance(item, _Refused) else await self._carry_out(item)

        self._announce(group)
        try:
            if len(group) == 1:
                await carry_out(0, group[0])
            elif group:
                async with asyncio.TaskGroup() as tasks:
                    for place, item in enumerate(group):
                        tasks.create_task(carry_out(place, item))
        finally:
            for item, end in zip(group, ends, strict=True):
                self._emit(end or self._stopped(item))
            self._printed.clear()

    def _announce(self, group: Sequence[_Prepared]) -> None:
        actions = [item.action for item in group if isinstance(item, _Ready)]
        calls = [action.call for action in actions]
        for call in calls:
            self._emit(ActionStarted(call.id, call.name))
        try:
            self._bus.require_log(on_disk=any(action.mutates for action in actions))
        except StoreError as error:
            for call in calls:
                self._emit(ended(call, "cancelled", f"Not carried out: {error}."))
            raise

    async def _carry_out(self, ready: _Ready) -> ActionEnded:
        call = ready.action.call
        began = time.monotonic()
        breaker = self._judge.breakers.of(f"tool {call.name}")
        if not breaker.allows():
            text = f"The tool {call.name} is paused: {breaker.paused}. Nothing was done."
            return ended(call, "failed", text, "other")
        try:
            end = self._with_nearby(ready, from_output(call, await self._output(ready)))
            breaker.succeeded()
        except ToolError as error:
            status: ActionStatus = "timeout" if error.kind == "timeout" else "failed"
            end = ended(call, status, str(error), error.kind)
            breaker.succeeded()
        except Exception as error:  # border: a defective tool must not end the turn
            end = ended(call, "failed", _defect(error), "other")
            breaker.failed(str(error) or type(error).__name__)
        except asyncio.CancelledError as error:
            breaker.withdrawn()
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            end = ended(call, "failed", _defect(error), "other")
        end = await self._passages.result(
            ready.action, structs.replace(end, duration_ms=since(began))
        )
        return self._noted(ready.action, end)

    def _with_nearby(self, ready: _Ready, end: ActionEnded) -> ActionEnded:
        words = self._nearby(ready.action)
        return structs.replace(end, content=(*end.content, Text(words))) if words else end

    async def _output(self, ready: _Ready) -> Output:
        """What the tool gives back; run again where it may do what the sandbox kept it from."""
        action = ready.action

        def show(text: str) -> None:
            self._show(action.call.id, legible_text(text))

        if words := self._preserve(action):
            self._emit(Notice("trash", words))
        output = await ready.tool.run(action.arguments, show)
        if output.denied and self._permits is not None and await self._escalated(action, output):
            self._permits.afterwards(action, output.denied)
            output = await ready.tool.run(action.arguments, show)
        return output

    async def _escalated(self, action: Action, output: Output) -> bool:
        """Whether a call may do, this once, what the sandbox kept it from: an action of its own."""
        kinds: dict[str, Literal["read", "write", "reach"]] = {
            "read": "read", "write": "write", "connect": "reach",
        }  # fmt: skip
        effects = tuple(Effect(kinds[one.what], one.target) for one in output.denied)
        arguments: dict[str, object] = {
            "call": action.call.id,
            "tool": action.call.name,
            "command": action.arguments.get("command", ""),
            "allow": [one.allow for one in output.denied],
        }
        id = f"{action.call.id}.{ESCALATE}"
        call = ToolCall(id, ESCALATE, msgspec.json.encode(arguments).decode())
        wider = self._with_facts(Action(call, arguments, effects))
        self._emit(ActionProposed(id, ESCALATE, arguments, effects))
        decision, _ = await self._judge.decide(wider, lambda _: wider)
        self._emit(decision)
        if decision.outcome == "deny":
            self._emit(ended(call, "denied", decision.reason, "denied"))
            return False
        self._emit(ActionStarted(id, ESCALATE))
        self._emit(ended(call, "ok", "Allowed for this one run."))
        return True

    def _show(self, id: str, text: str) -> None:
        self._printed[id] = (self._printed.get(id, "") + text)[-STOPPED_OUTPUT:]
        self._emit(ActionOutput(id, text))

    def _stopped(self, item: _Prepared) -> ActionEnded:
        if isinstance(item, _Refused):
            return item.end
        call = item.action.call
        text = "Stopped before it was finished; what it had done until then stays done."
        if printed := self._printed.get(call.id):
            text += f" The end of what it had printed:\n{printed}"
        return ended(call, "cancelled", text)

    def _emit(self, body: Body) -> None:
        self._bus.emit(body, self._path)


def _said_by_a_person(decision: Decision, action: Action) -> tuple[int, ...]:
    """Places of the effects that a person, or a rule of theirs, allowed."""
    every = tuple(range(len(action.effects)))
    if decision.asked:
        return every
    spoken = [
        voice.effects
        for voice in decision.considered
        if voice.verdict == "allow" and voice.by in ("rules", "grants")
    ]
    return tuple(place for place in every if any(it is None or place in it for it in spoken))


def _understood(tool: Tool, call: ToolCall) -> Action:
    try:
        arguments = tool.parse(call.arguments)
        return Action(call, dict(arguments), tool.effects(arguments))
    except ToolError:
        raise
    except Exception as error:  # border: a defective tool must not end the turn
        raise ToolError("other", _defect(error)) from error


def _defect(error: BaseException) -> str:
    return f"The tool itself failed: {type(error).__name__}: {error}"


def _remade(tool: Tool, call: ToolCall, arguments: dict[str, object]) -> Action:
    text = msgspec.json.encode(arguments).decode()
    return _understood(tool, structs.replace(call, arguments=text))
