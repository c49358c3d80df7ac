"""The loop. Read this first.

An `Agent` takes a prompt and goes on until nothing is left to do: it asks the transcript what
comes next, calls the model, judges and runs what the model asks for, and checks the work at rest.
Everything it does and learns is emitted as a record; the transcript grows from the records alone.

Whatever happens (an error, a spent limit, a stop, asyncio cancellation at any await), a turn ends
with every bracket closed: each call that was proposed has its end, and the turn its own.
"""

import asyncio
from collections.abc import Sequence

from ..config.errors import KedgeError
from ..config.exit_codes import Status, status_of
from ..config.settings import LimitSettings
from .actions import Actor
from .budget import Ledger, advice, status_at
from .bus import Bus
from .caller import Caller
from .compactor import Compactor
from .context import ModelUse, estimated_tokens
from .errors import Blocked, ProviderError
from .events import (
    Body,
    Event,
    Failure,
    MessageAdded,
    ToolSpec,
    TurnEnded,
    TurnStarted,
)
from .messages import Prompt, Text
from .outcome import Outcome, failure_of
from .passages import Passages, Refused
from .ports import Check, CheckOutcome, Provider, Tool
from .transcript import CallModel, Rest, RunActions, Transcript


class Agent:
    """One agent of a session."""

    def __init__(
        self,
        provider: Provider,
        actor: Actor,
        bus: Bus,
        transcript: Transcript,
        *,
        use: ModelUse,
        limits: LimitSettings,
        ledger: Ledger,
        passages: Passages,
        checks: Sequence[Check] = (),
        compactor: Compactor | None = None,
        path: tuple[str, ...] = ("main",),
    ) -> None:
        self._caller = Caller(provider, bus, transcript, use, path)
        self._actor = actor
        self._bus = bus
        self._transcript = transcript
        self._use = use
        self._limits = limits
        self._ledger = ledger
        self._passages = passages
        self._checks = tuple(checks)
        self._compactor = compactor
        self._path = path
        self._inbox: list[Prompt] = []
        self._outcome: Outcome
        self._task: asyncio.Task[object] | None = None
        self._stopped: Status | None = None
        self._rounds = 0
        self._overflowed = False
        self.structured: object = None
        """The answer as data, once a check has found it."""

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """What the model can do."""
        return self._actor.specs

    def steer(self, words: Prompt) -> None:
        """Say something to the running turn; it is heard as soon as no call is open."""
        self._inbox.append(words)

    @property
    def tokens(self) -> int:
        """About how many input tokens the next request has."""
        return estimated_tokens(self._transcript)

    @property
    def unheard(self) -> tuple[Prompt, ...]:
        """What was said to the turn and not heard yet."""
        return tuple(self._inbox)

    def unsay(self) -> tuple[Prompt, ...]:
        """Take back what was not heard yet."""
        words, self._inbox = self._inbox, []
        return tuple(words)

    def set_model(self, provider: Provider, use: ModelUse, tools: Sequence[Tool] = ()) -> None:
        """Have another model answer from the next call on, with these tools if there are any."""
        self._use = use
        if tools:
            self._actor.set_tools(tools)
        self._caller = Caller(provider, self._bus, self._transcript, use, self._path)

    def stop(self, status: Status) -> None:
        """End the turn now, in whatever it is doing; one that is about to begin, as it begins."""
        if self._stopped is None:
            self._stopped = status
            if self._task is not None:
                self._task.cancel()

    async def turn(self, prompt: Prompt | None, outcome: Outcome) -> Status:
        """Work on a prompt until rest; with None, go on where the log broke off.

        Never raises for what goes wrong in the turn; that is recorded, and the status says it.
        Where the log itself has ended, what is recorded of that reaches the readers only.

        Raises:
            CancelledError: the task was cancelled by somebody other than `stop`; brackets are
                closed.
        """
        self._outcome = outcome
        self._task = asyncio.current_task()
        self._begin()
        status: Status = "interrupted"
        begun = False
        try:
            if self._stopped is not None and self._task is not None:
                self._task.cancel()
            accepted = None if prompt is None else await self._passages.prompt(prompt)
            if isinstance(accepted, Refused):
                raise Blocked(accepted.reason)
            begun = True
            self._open(accepted)
            status = await self._until_rest()
            await self._heed_stop()
            self._bus.require_log()
        except asyncio.CancelledError:
            if self._task is None or self._stopped is None or self._task.uncancel() > 0:
                raise
            status = self._stopped
        except KedgeError as error:
            status = self._failed(error)
        except Exception as error:  # border: a defect of ours must not cost the session
            self._emit(Failure("internal", f"{type(error).__name__}: {error}"))
            status = "failed"
        finally:
            self._task = None
            outcome.status = status
            if begun:
                self._actor.close_open_calls("it was not finished when the turn was stopped")
                self._emit(TurnEnded(status))
            self._stopped = None
        return status

    def _begin(self) -> None:
        self._rounds = 0
        self._overflowed = False
        self.structured = None
        if self._compactor is not None:
            self._compactor.begin()

    async def _heed_stop(self) -> None:
        """Stop here if that is wanted: by a part that did not wait for anything afterwards, or by
        a cancellation that a tool has swallowed."""
        await asyncio.sleep(0)
        if self._task is not None and self._task.cancelling():
            raise asyncio.CancelledError

    def _open(self, prompt: Prompt | None) -> None:
        self._actor.close_open_calls("the session ended before it was carried out")
        if prompt is not None:
            self._bus.turn = self._transcript.turn + 1
            self._bus.announce(TurnStarted(prompt), self._path)
        elif self._transcript.broken_off:
            self._go_on()

    async def _until_rest(self) -> Status:
        while True:
            await self._heed_stop()
            match self._transcript.next_step():
                case RunActions() if self._transcript.stop_reason == "refusal":
                    self._actor.close_open_calls("the model refused to go on")
                    return self._refused()
                case RunActions(calls):
                    await self._actor.run(calls)
                case CallModel():
                    self._take_inbox()
                    if self._compactor is not None:
                        await self._compactor.make_room(self.tools)
                    tokens = estimated_tokens(self._transcript)
                    with self._ledger.reserve(self._use, tokens) as refused:
                        if refused is not None:
                            self._emit(refused)
                            return status_at(refused)
                        self._warn()
                        await self._call_or_shorten()
                case Rest():
                    if self._take_inbox():
                        continue
                    if (status := await self._rested()) is not None:
                        return status

    def _take_inbox(self) -> bool:
        words = self.unsay()
        for said in words:
            self._emit(MessageAdded("user", said, origin="person"))
        return bool(words)

    def _warn(self) -> None:
        if nearing := self._ledger.nearing():
            for reached in nearing:
                self._emit(reached)
            self._emit(MessageAdded("user", (Text(advice(nearing)),), origin="kedge"))

    async def _call_or_shorten(self) -> None:
        try:
            message = await self._caller.call(self.tools)
        except ProviderError as error:
            if error.kind != "context_length" or not await self._shortened():
                raise
            return
        if not message.calls:
            self._actor.answered(message.text)

    async def _shortened(self) -> bool:
        """Whether a conversation that is too long was made shorter; once in a turn."""
        if self._compactor is None or self._overflowed:
            return False
        self._overflowed = True
        return await self._compactor.overflowed(self.tools)

    def _go_on(self) -> None:
        words = Text("Your answer was broken off here. Go on.")
        self._emit(MessageAdded("user", (words,), origin="kedge"))

    async def _rested(self) -> Status | None:
        """The status to end with; None if there is more to do."""
        match self._transcript.stop_reason:
            case "max_tokens":
                self._emit(Failure("max_tokens", "the answer was cut off at the output limit"))
                return "failed"
            case "refusal":
                return self._refused()
            case "context_window":
                if await self._shortened():
                    self._go_on()
                    return None
                self._emit(Failure("context_length", "the conversation fills the model's window"))
                return "upstream"
            case _:
                return await self._checked()

    def _refused(self) -> Status:
        self._emit(Failure("refusal", "the model refused to go on"))
        return "failed"

    async def _checked(self) -> Status | None:
        self.structured = None
        if words := await self._passages.rested(self._outcome.text):
            self._emit(MessageAdded("user", (Text(words),), origin="check"))
            return None
        if not self._checks:
            return "blocked" if self._outcome.blocked else "done"
        complaints = [
            f"{outcome.record.name}: {outcome.record.output}"
            for outcome in [await self._check(check) for check in self._checks]
            if not outcome.record.ok
        ]
        if not complaints:
            return None if self._inbox else "done"
        if self._rounds >= self._limits.verify_rounds:
            return "verification"
        self._rounds += 1
        words = "The work is not finished: a final check failed.\n\n" + "\n\n".join(complaints)
        self._emit(MessageAdded("user", (Text(words),), origin="check"))
        return None

    async def _check(self, check: Check) -> CheckOutcome:
        outcome = await check.run(self._outcome.text)
        self._emit(outcome.record)
        if outcome.structured is not None:
            self.structured = outcome.structured
        return outcome

    def _failed(self, error: KedgeError) -> Status:
        self._emit(failure_of(error))
        return status_of(error.exit_code)

    def _emit(self, body: Body) -> Event:
        return self._bus.emit(body, self._path)
