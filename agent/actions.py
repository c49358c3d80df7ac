"""From calls to results: understand, judge, run, record.

Every call gets one `action.proposed`, one `decision` and one `action.ended`. Neighbouring calls
that only read run side by side, all others alone and in order, each judged when all that may change
anything before it is over; results are recorded in the order in which the model asked. So what is
open of a batch, calls that only read and the first after them that does not, is asked at once, and
nothing of it begins before all of that is answered. A result that exists is recorded even when the
turn is being stopped.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from msgspec import structs

from ..config.guards import LoopSettings
from .bus import Bus
from .endings import ended, from_output, since
from .errors import StoreError, ToolError
from .events import (
    ActionEnded,
    ActionOutput,
    ActionProposed,
    ActionStarted,
    ActionStatus,
    Body,
    Notice,
    ToolSpec,
)
from .hearing import Hearing, Judged, Permits, Prepared, Ready, Refused, defect, mutates
from .judge import Judge
from .messages import Text, ToolCall, legible_text
from .passages import Passages
from .ports import Action, Output, Tool
from .transcript import Transcript

STOPPED_OUTPUT = 4_000
"""Characters of a stopped action's output, its last, that are recorded."""

Checkpoint = Callable[[Action], Awaitable[None]]
"""Keeps the workspace before an action that may change it, where that is needed."""
Preserve = Callable[[Action], str]
"""Keeps what an action is about to delete; words on what it could not keep. Never raises."""
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
        self._printed: dict[str, str] = {}
        self._hearing = Hearing(judge, passages, bus, path, permits, loops)
        self.set_tools(tools)
        self._breakers = judge.breakers
        self._passages = passages
        self._bus = bus
        self._transcript = transcript
        self._path = path
        self._preserve = preserve
        self._checkpoint = checkpoint
        self._nearby = nearby

    def set_tools(self, tools: Sequence[Tool]) -> None:
        """There are these tools from here on."""
        self._hearing.set_tools(tools)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as the model is told of them, in their order."""
        return self._hearing.specs

    async def run(self, calls: Sequence[ToolCall]) -> None:
        """Answer the calls. Raises only what stops the turn.

        Raises:
            StoreError: the log has ended, so nothing more may begin.
            LoopError: the model goes round in circles.
        """
        cut_off = self._transcript.stop_reason == "max_tokens"
        batch: list[Judged] = []
        for call in calls:
            batch.append(await self._hearing.judge(call, cut_off and call is calls[-1]))
            if mutates(batch[-1]):
                await self._carry_out_batch(batch)
                batch = []
        await self._carry_out_batch(batch)

    async def _carry_out_batch(self, batch: Sequence[Judged]) -> None:
        """Ask what is open, all at once; then do what may be done."""
        harmless: list[Prepared] = []
        for item in await self._hearing.settled(batch):
            if isinstance(item, Ready) and item.action.mutates:
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
        self._hearing.answered(text)

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

    async def _run_group(self, group: Sequence[Prepared]) -> None:
        ends: list[ActionEnded | None] = [None] * len(group)

        async def carry_out(place: int, item: Prepared) -> None:
            ends[place] = item.end if isinstance(item, Refused) else await self._carry_out(item)

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

    def _announce(self, group: Sequence[Prepared]) -> None:
        actions = [item.action for item in group if isinstance(item, Ready)]
        calls = [action.call for action in actions]
        for call in calls:
            self._emit(ActionStarted(call.id, call.name))
        try:
            self._bus.require_log(on_disk=any(action.mutates for action in actions))
        except StoreError as error:
            for call in calls:
                self._emit(ended(call, "cancelled", f"Not carried out: {error}."))
            raise

    async def _carry_out(self, ready: Ready) -> ActionEnded:
        call = ready.action.call
        began = time.monotonic()
        breaker = self._breakers.of(f"tool {call.name}")
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
            end = ended(call, "failed", defect(error), "other")
            breaker.failed(str(error) or type(error).__name__)
        except asyncio.CancelledError as error:
            breaker.withdrawn()
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            end = ended(call, "failed", defect(error), "other")
        end = await self._passages.result(
            ready.action, structs.replace(end, duration_ms=since(began))
        )
        return self._hearing.noted(ready.action, end)

    def _with_nearby(self, ready: Ready, end: ActionEnded) -> ActionEnded:
        words = self._nearby(ready.action)
        return structs.replace(end, content=(*end.content, Text(words))) if words else end

    async def _output(self, ready: Ready) -> Output:
        """What the tool gives back; run again where it may do what the sandbox kept it from."""
        action = ready.action

        def show(text: str) -> None:
            self._show(action.call.id, legible_text(text))

        if words := self._preserve(action):
            self._emit(Notice("trash", words))
        output = await ready.tool.run(action.arguments, show)
        if output.denied and await self._hearing.escalate(action, output.denied):
            output = await ready.tool.run(action.arguments, show)
        return output

    def _show(self, id: str, text: str) -> None:
        self._printed[id] = (self._printed.get(id, "") + text)[-STOPPED_OUTPUT:]
        self._emit(ActionOutput(id, text))

    def _stopped(self, item: Prepared) -> ActionEnded:
        if isinstance(item, Refused):
            return item.end
        call = item.action.call
        text = "Stopped before it was finished; what it had done until then stays done."
        if printed := self._printed.get(call.id):
            text += f" The end of what it had printed:\n{printed}"
        return ended(call, "cancelled", text)

    def _emit(self, body: Body) -> None:
        self._bus.emit(body, self._path)
