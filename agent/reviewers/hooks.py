"""Hooks in a session: judges of actions, and voices at the other stages."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec
from msgspec import Struct, structs

from ...config.hook_programs import Hook
from ...config.hooks import HookEvent, OnFailure
from ...sandbox.errors import SandboxError
from ..events import ActionEnded
from ..messages import Text
from ..ports import Action, Allow, Ask, Deny, Modify, RiskClass, Ruling, Verdict
from ..stages import Heard
from .payloads import (
    Payload,
    Place,
    action_payloads,
    arguments_of,
    names_of,
    stage_payload,
    text_of,
    with_result,
    with_ruling,
)
from .programs import HookChanged, HookRunner
from .replies import HookFailed, Said, understood

MAX_GO_ON = 3
"""How often hooks may keep a turn from ending."""
_ENDING = 5.0
"""Seconds, beyond its own timeout, in which a hook that is being ended may take to end."""


class Breaker(Protocol):
    """Counts failures, and says when there were too many."""

    def allows(self) -> bool:
        """Whether to try."""
        ...

    def succeeded(self) -> None:
        """It worked."""
        ...

    def failed(self, why: str, /) -> None:
        """It did not."""
        ...


BreakerOf = Callable[[str], Breaker]
"""The breaker of this name."""


class _Left(Struct, frozen=True):
    """What a hook made of a call."""

    arguments: dict[str, object]
    verdict: Verdict | None

    def made(self, arguments: Mapping[str, object]) -> bool:
        """Whether these are its arguments; what it left out has been filled in since."""
        plain = msgspec.to_builtins(arguments)
        return all(name in plain and plain[name] == self.arguments[name] for name in self.arguments)


class HookReviewer:
    """One hook for `before_tool` or `permission`."""

    def __init__(
        self, hook: Hook, runner: HookRunner, place: Place, contexts: dict[str, list[str]]
    ) -> None:
        """`contexts` takes, by the call's id, what is to be told with its result."""
        self._hook = hook
        self._runner = runner
        self._place = place
        self._contexts = contexts
        self._left: dict[str, _Left] = {}

    @property
    def name(self) -> str:
        """As `Reviewer.name`."""
        return f"hook {self._hook.name}"

    @property
    def timeout(self) -> float:
        """As `Reviewer.timeout`; the hook itself is ended before."""
        return self._hook.settings.timeout_seconds + _ENDING

    @property
    def lifts(self) -> bool:
        """As `Reviewer.lifts`."""
        return self._hook.settings.may_allow

    def on_failure(self, risk: RiskClass) -> OnFailure:
        """As `Reviewer.on_failure`: what the settings declare."""
        return self._hook.settings.policy.at(risk)

    def set_mode(self, mode: str) -> None:
        """Tell the hook of another mode from here on."""
        self._place = structs.replace(self._place, mode=mode)

    async def review(self, ruling: Ruling) -> Verdict | None:
        """As `Reviewer.review`.

        Raises:
            HookFailed: it gave no valid answer.
            SandboxError: it could not be started.
        """
        action = ruling.action
        event = self._hook.settings.event
        if not matches(self._hook, names_of(action)):
            return None
        if event == "permission" and ruling.outcome != "ask":
            return None
        left = self._left.pop(action.call.id, None)
        if left is not None and left.made(action.arguments):
            # Its own work comes back to it: modified once more it would never end.
            return left.verdict
        payloads = action_payloads(self._place, event, action)
        try:
            replies = await heard(
                self._hook, self._runner, (with_ruling(one, ruling) for one in payloads)
            )
        except HookChanged as error:
            # Whatever the policy: a program that was exchanged must not pass for one that failed.
            return Ask(f"{error}; start anew, or trust the folder again with: kedge trust")
        return self._verdict(action, replies)

    def _verdict(self, action: Action, replies: Sequence[Said]) -> Verdict | None:
        said = strictest(replies)
        verdict = _judged(said)
        if isinstance(verdict, Deny):
            return verdict
        if contexts := [one.context for one in replies if one.context]:
            self._contexts[action.call.id] = contexts
        modified = [
            arguments_of(action, one.arguments) for one in replies if one.arguments is not None
        ]
        if all(one == msgspec.to_builtins(action.arguments) for one in modified):
            return verdict
        if len(replies) > 1:
            raise HookFailed("a patch that touches several files cannot be modified file by file")
        self._left[action.call.id] = _Left(modified[0], verdict)
        return Modify(modified[0], said.reason or f"modified by the hook {self._hook.name}")


class Hooks:
    """All hooks of a session."""

    def __init__(
        self,
        hooks: Sequence[Hook],
        runner: HookRunner,
        place: Place,
        breaker_of: BreakerOf | None = None,
    ) -> None:
        """`breaker_of` gives the circuit breakers of hooks that are no reviewers: those have
        theirs where they are heard."""
        self._hooks = tuple(hooks)
        self._runner = runner
        self._place = place
        self._breaker_of = breaker_of
        self._contexts: dict[str, list[str]] = {}
        self._went_on = 0
        self.reviewers = tuple(
            HookReviewer(hook, runner, place, self._contexts)
            for event in ("before_tool", "permission")
            for hook in self._of(event)
        )
        """In the order in which they are to be heard."""

    async def session_start(self, *, resumed: bool) -> Heard:
        """As `StageHooks.session_start`."""
        source = "resume" if resumed else "startup"
        return _together(await self._tell("session_start", (source,), source=source))

    async def prompt(self, text: str) -> Heard:
        """As `StageHooks.prompt`."""
        self._went_on = 0
        return _together(await self._tell("prompt", (), prompt=text))

    async def after_tool(self, action: Action, ended: ActionEnded) -> Heard:
        """As `StageHooks.after_tool`."""
        collected = [Heard(context=context) for context in self._contexts.pop(action.call.id, ())]
        text = text_of(ended)
        for hook in self._of("after_tool"):
            if not matches(hook, names_of(action)):
                continue
            payloads = [
                with_result(payload, ended)
                for payload in action_payloads(self._place, "after_tool", action)
            ]
            one = await self._hear(hook, payloads, action.risk)
            if one.text is not None and one.text != text:
                text = one.text
                ended = structs.replace(ended, content=(Text(text),))
            collected.append(one)
        return _together(collected)

    async def stop(self, answer: str) -> Heard:
        """As `StageHooks.stop`."""
        if self._went_on >= MAX_GO_ON:
            return Heard()
        active = self._went_on > 0
        said = await self._tell("stop", (), stop_hook_active=active, last_assistant_message=answer)
        heard = _together(said)
        if heard.denied:
            self._went_on += 1
            return structs.replace(heard, context=heard.denied, denied="")
        return structs.replace(heard, context="")

    async def compact(self, trigger: Literal["auto", "manual"]) -> Heard:
        """As `StageHooks.compact`."""
        return _together(await self._tell("compact", (trigger,), trigger=trigger))

    async def compacted(self, trigger: Literal["auto", "manual"], summary: str) -> Heard:
        """As `StageHooks.compacted`."""
        said = await self._tell(
            "after_compact", (trigger,), trigger=trigger, compact_summary=summary
        )
        return _together(said)

    async def session_end(self, reason: str) -> Heard:
        """As `StageHooks.session_end`."""
        return _together(await self._tell("session_end", (reason,), reason=reason))

    def set_mode(self, mode: str) -> None:
        """Tell hooks of another mode from here on."""
        self._place = structs.replace(self._place, mode=mode)
        for reviewer in self.reviewers:
            reviewer.set_mode(mode)

    async def close(self) -> None:
        """End what still runs."""
        await self._runner.close()

    def _of(self, event: str) -> list[Hook]:
        return [hook for hook in self._hooks if hook.settings.event == event]

    async def _tell(
        self, event: HookEvent, subjects: Sequence[str], **fields: object
    ) -> list[Heard]:
        payload = stage_payload(self._place, event, **fields)
        return [
            await self._hear(hook, [payload], None)
            for hook in self._of(event)
            if matches(hook, subjects)
        ]

    async def _hear(self, hook: Hook, payloads: Sequence[Payload], risk: RiskClass | None) -> Heard:
        breaker = self._breaker_of(f"hook {hook.name}") if self._breaker_of else None
        if breaker and not breaker.allows():
            return _failed(hook, "its circuit breaker is open", risk)
        try:
            replies = await heard(hook, self._runner, payloads)
        except (HookFailed, SandboxError, OSError) as error:
            if breaker:
                breaker.failed(str(error))
            return _failed(hook, str(error), risk)
        if breaker:
            breaker.succeeded()
        return _together(_staged(hook, said) for said in replies)


async def heard(hook: Hook, runner: HookRunner, payloads: Iterable[Payload]) -> list[Said]:
    """A hook's answers to the events, which share its time.

    Raises:
        HookFailed: one of them is not valid.
        SandboxError: it could not be started.
    """
    deadline = time.monotonic() + hook.settings.timeout_seconds
    answers: list[Said] = []
    for payload in payloads:
        left = deadline - time.monotonic()
        if left <= 0:
            raise HookFailed(f"no answer within {hook.settings.timeout_seconds:g} s")
        reply = await runner.run(hook, payload, left)
        answers.append(understood(hook.settings.event, reply))
    return answers


def matches(hook: Hook, subjects: Sequence[str]) -> bool:
    """Whether the hook is for one of these; with none it always is."""
    pattern = hook.settings.match
    if pattern in ("", "*") or not subjects:
        return True
    return any(re.fullmatch(pattern, subject, re.IGNORECASE) for subject in subjects)


def strictest(replies: Sequence[Said]) -> Said:
    """The answer that counts of several; empty if there is none."""
    order = ("deny", "ask", "allow", "")
    return min(replies, key=lambda said: order.index(said.verdict), default=Said())


def _judged(said: Said) -> Verdict | None:
    match said.verdict:
        case "deny":
            return Deny(said.reason)
        case "ask":
            return Ask(said.reason)
        case "allow":
            return Allow(said.reason)
        case "":
            return None


def _staged(hook: Hook, said: Said) -> Heard:
    """An answer at a stage that is no action."""
    event = hook.settings.event
    context, denied = said.context, ""
    if said.verdict == "deny":
        if event in ("prompt", "compact") or (event == "stop" and not said.ends):
            denied = said.reason
        elif event != "stop":
            # What has happened cannot be denied: the reason is for the model.
            context = "\n".join(filter(None, (context, said.reason)))
    notes = (f"{hook.name}: {said.message}",) if said.message else ()
    return Heard(said.output if event == "after_tool" else None, context, denied, notes)


def _failed(hook: Hook, reason: str, risk: RiskClass | None) -> Heard:
    """What follows where a hook was not heard. There is nobody to ask at these stages: a prompt
    or a result is held back by `block` alone, and a turn ends."""
    words = f"hook {hook.name} could not be heard: {reason}"
    may_block = hook.settings.event in ("prompt", "after_tool")
    blocks = may_block and hook.settings.policy.at(risk) == "block"
    return Heard(denied=words if blocks else "", notes=(words,))


def _together(voices: Iterable[Heard]) -> Heard:
    """All voices as one: the last text, the first denial."""
    said = tuple(voices)
    return Heard(
        next((one.text for one in reversed(said) if one.text is not None), None),
        "\n".join(one.context for one in said if one.context),
        next((one.denied for one in said if one.denied), ""),
        tuple(note for one in said for note in one.notes),
    )


if TYPE_CHECKING:
    from ..ports import Reviewer
    from ..stages import StageHooks

    _reviewer: type[Reviewer] = HookReviewer
    _hooks: type[StageHooks] = Hooks
