"""From a call to whether it may happen: understood, judged, and asked about where that is open."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import msgspec
from msgspec import Struct, structs

from ..config.errors import KedgeError
from ..config.guards import LoopSettings
from .bus import Bus
from .effects import Effect
from .endings import ended
from .errors import ToolError
from .events import ActionEnded, ActionProposed, ActionStarted, Body, Decision, ToolSpec
from .foreseeing import foreseen
from .gate import Remake
from .judge import Judge
from .messages import Text, ToolCall, legible_text
from .passages import Passages
from .ports import ESCALATE, Action, Denied, Ruling, Tool
from .repetition import Repetition


class Ready(Struct, frozen=True):
    """An allowed action, about to run."""

    tool: Tool
    action: Action


class Refused(Struct, frozen=True):
    """A call that will not run, with its answer."""

    end: ActionEnded


Prepared = Ready | Refused


class Open(Struct, frozen=True):
    """An action that a person has to be asked about."""

    tool: Tool
    ruling: Ruling

    @property
    def action(self) -> Action:
        """As it would happen."""
        return self.ruling.action


Judged = Prepared | Open


class Permits(Protocol):
    """Widens the sandbox for one run of an action, on a person's word."""

    def beforehand(self, action: Action, places: Sequence[int]) -> None:
        """These effects are allowed by a person or their rules: let the next run have them."""
        ...

    def afterwards(self, action: Action, denied: Sequence[Denied]) -> None:
        """Let the next run do what the sandbox kept this one from."""
        ...


class Hearing:
    """Hears the calls of one agent."""

    def __init__(
        self,
        judge: Judge,
        passages: Passages,
        bus: Bus,
        path: tuple[str, ...],
        permits: Permits | None,
        loops: LoopSettings | None,
    ) -> None:
        self._tools: dict[str, Tool] = {}
        self._judge = judge
        self._passages = passages
        self._bus = bus
        self._path = path
        self._permits = permits
        self._repetition = Repetition(loops)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as the model is told of them, in their order."""
        return tuple(tool.spec for tool in self._tools.values())

    def set_tools(self, tools: Sequence[Tool]) -> None:
        """There are these tools from here on.

        Raises:
            ValueError: two have one name.
        """
        self._tools = {tool.spec.name: tool for tool in tools}
        if len(self._tools) < len(tools):
            names = [tool.spec.name for tool in tools]
            raise ValueError(f"two tools have one name: {names}")

    def answered(self, text: str) -> None:
        """The model spoke and asked for nothing.

        Raises:
            LoopError: it says the same over and over.
        """
        self._repetition.answered(text, self._bus.turn)

    async def judge(self, call: ToolCall, cut_off: bool) -> Judged:
        """Understand a call, and hear validators and reviewers on it."""
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
            return Refused(self.noted(unread, ended(call, "failed", str(error), error.kind)))
        self._emit(ActionProposed(call.id, call.name, action.arguments, action.effects))
        remake = self._remake(tool, call)
        with self._denying(call):
            ruling = await self._judge.rule(self._with_facts(action), remake)
        judged = Open(tool, ruling)
        return judged if ruling.outcome == "ask" else await self._settle(judged)

    async def settled(self, batch: Sequence[Judged]) -> list[Prepared]:
        """The batch with everything decided: what is open is asked at once, and answered in any
        order. The first error ends the asking."""
        if not any(isinstance(item, Open) for item in batch):
            return [item for item in batch if not isinstance(item, Open)]
        batch = [self._possible(item, batch[:place]) for place, item in enumerate(batch)]
        tasks = [asyncio.create_task(self._settle(item)) for item in batch]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _possible(self, item: Judged, before: Sequence[Judged]) -> Judged:
        """The item; refused where a person would be asked about what fails in any case."""
        # One that repeats is asked about for that: another answer would begin its count anew.
        if not isinstance(item, Open) or item.action.repeats:
            return item
        earlier = [one.action for one in before if not isinstance(one, Refused)]
        call, error = item.action.call, foreseen(item.tool, item.action, earlier)
        if error is None:
            return item
        considered = item.ruling.considered
        self._emit(Decision(call.id, "deny", "schema", str(error), considered=considered))
        return Refused(self.noted(item.action, ended(call, "failed", str(error), error.kind)))

    async def _settle(self, item: Judged) -> Prepared:
        if not isinstance(item, Open):
            return item
        remake = self._remake(item.tool, item.action.call)
        with self._denying(item.action.call):
            decision, action = await self._judge.settle(item.ruling, remake)
        return self._decided(item.tool, decision, action)

    def _remake(self, tool: Tool, call: ToolCall) -> Remake:
        return lambda arguments: self._with_facts(_remade(tool, call, arguments))

    @contextmanager
    def _denying(self, call: ToolCall) -> Generator[None]:
        """What keeps a call from being judged is on record as its denial."""
        try:
            yield
        except KedgeError as error:
            self._emit(Decision(call.id, "deny", "gate", str(error)))
            raise

    def _decided(self, tool: Tool, decision: Decision, action: Action) -> Prepared:
        self._emit(decision)
        if decision.outcome == "deny":
            text = f"Not allowed: {decision.reason}. Nothing was done."
            end = ended(action.call, "denied", text, "denied")
            return Refused(self.noted(action, end))
        if self._permits is not None:
            self._permits.beforehand(action, _said_by_a_person(decision, action))
        return Ready(tool, action)

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

    def noted(self, action: Action, end: ActionEnded) -> ActionEnded:
        """The end with words for a model that repeats itself."""
        words = self._repetition.note(action, end, self._bus.turn)
        return structs.replace(end, content=(*end.content, Text(f"\n{words}"))) if words else end

    async def escalate(self, action: Action, denied: Sequence[Denied]) -> bool:
        """Whether a call may do, this once, what the sandbox kept it from: an action of its own,
        after which its next run may."""
        if self._permits is None:
            return False
        kinds: dict[str, Literal["read", "write", "reach"]] = {
            "read": "read", "write": "write", "connect": "reach",
        }  # fmt: skip
        effects = tuple(Effect(kinds[one.what], one.target) for one in denied)
        arguments: dict[str, object] = {
            "call": action.call.id,
            "tool": action.call.name,
            "command": action.arguments.get("command", ""),
            "allow": [one.allow for one in denied],
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
        self._permits.afterwards(action, denied)
        return True

    def _emit(self, body: Body) -> None:
        self._bus.emit(body, self._path)


def mutates(item: Judged) -> bool:
    """Whether it may yet do more than read."""
    return not isinstance(item, Refused) and item.action.mutates


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
        raise ToolError("other", defect(error)) from error


def defect(error: BaseException) -> str:
    """What the model is told of a tool that is broken."""
    return f"The tool itself failed: {type(error).__name__}: {error}"


def _remade(tool: Tool, call: ToolCall, arguments: dict[str, object]) -> Action:
    text = msgspec.json.encode(arguments).decode()
    return _understood(tool, structs.replace(call, arguments=text))
