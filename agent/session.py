"""A session: operations in, events out. Every surface talks to the agent through one of these."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from secrets import token_hex

from msgspec import structs

from ..config.exit_codes import Status
from ..config.settings import LimitSettings
from .actions import Actor
from .bus import Bus
from .codec import digest, encode
from .context import ModelUse
from .errors import StoreError
from .events import Event, Notice, SessionStarted
from .gate import Gate
from .loop import Agent, Prompt
from .messages import Text
from .outcome import Outcome
from .ports import Approver, Check, Provider, Store, Tool
from .transcript import Transcript, transcript


def new_session_id(clock: Callable[[], float] = time.time) -> str:
    """A fresh id that sorts by time: `20261121-024518-3f9a1c`."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(clock())) + "-" + token_hex(3)


class Session:
    """One conversation with one agent, kept in a store.

    Only one prompt runs at a time. The session holds its log open, and with it the right to
    append, until it is closed.
    """

    def __init__(
        self,
        started: SessionStarted,
        provider: Provider,
        tools: Sequence[Tool],
        gate: Gate,
        approver: Approver,
        store: Store,
        *,
        use: ModelUse,
        limits: LimitSettings,
        checks: Sequence[Check] = (),
        resume: str = "",
    ) -> None:
        """Open a session, a new one or the one to `resume`.

        Raises:
            StoreError: there is no such session, it is damaged, or in use elsewhere.
        """
        self.id = resume or new_session_id()
        self._provider = provider
        self._limits = limits
        self._log = store.open(self.id)
        self._bus, self._transcript = self._fold(store, resume)
        self._started = started
        self._outcome = Outcome(self.id, started)
        self._announced = False
        self._bus.watch(self._transcript.add)
        self._bus.watch(lambda event: self._outcome.add(event))
        self._agent = Agent(
            provider,
            Actor(tools, gate, approver, self._bus, self._transcript),
            self._bus,
            self._transcript,
            use=use,
            limits=limits,
            checks=checks,
        )

    def _fold(self, store: Store, resume: str) -> tuple[Bus, Transcript]:
        if not resume:
            return Bus(self.id, self._log), Transcript()
        last: Event | None = None
        folded = Transcript()
        for last in store.read(resume):
            folded.add(last)
        if last is None:
            raise StoreError(f"session {resume!r} is empty")
        bus = Bus(self.id, self._log, last_seq=last.seq, head=digest(encode(last)))
        bus.turn = folded.turn
        return bus, folded

    @property
    def unfinished(self) -> bool:
        """Whether the log broke off within a turn, which `run(None)` would go on with."""
        return self._transcript.turn_open

    async def run(self, prompt: str | Prompt | None) -> AsyncGenerator[Event]:
        """Work on a prompt; everything that happens, up to and including `result`.

        With None, go on with the turn that the log broke off in. Closing the generator early
        stops the turn.

        Raises:
            StoreError: the log cannot be written.
        """
        said = (Text(prompt),) if isinstance(prompt, str) else prompt
        reader = self._bus.subscribe()
        task = asyncio.create_task(self._turn(said))
        task.add_done_callback(lambda _: reader.end())
        try:
            async for event in reader:
                yield event
            await task
        finally:
            self._bus.unsubscribe(reader)
            if not task.done():
                self.stop("interrupted")
                await asyncio.wait([task])

    async def _turn(self, prompt: Prompt | None) -> None:
        began = time.monotonic()
        self._outcome = Outcome(self.id, self._started)
        self._announce()
        deadline = self._set_deadline()
        try:
            await self._agent.turn(prompt, self._outcome)
        finally:
            if deadline is not None:
                deadline.cancel()
            duration = round((time.monotonic() - began) * 1000)
            self._bus.emit(
                self._outcome.result(duration_ms=duration, structured=self._agent.structured)
            )

    def _announce(self) -> None:
        if self._announced:
            return
        self._announced = True
        before = self._transcript.started
        resumed = self._transcript.last_seq if before else None
        self._bus.emit(structs.replace(self._started, resumed_after=resumed))
        if before is None:
            return
        if {tool.name for tool in before.tools} != {tool.name for tool in self._agent.tools}:
            self._bus.emit(Notice("tools_changed", "the set of tools is not what it was before"))
        if before.cwd != self._started.cwd:
            self._bus.emit(Notice("moved", f"this session began in {before.cwd}"))

    def _set_deadline(self) -> asyncio.TimerHandle | None:
        seconds = self._limits.max_seconds
        if not seconds:
            return None
        return asyncio.get_running_loop().call_later(seconds, self._agent.stop, "budget")

    def steer(self, words: str) -> None:
        """Say something to the running turn."""
        self._agent.steer((Text(words),))

    def stop(self, status: Status) -> None:
        """End the running turn, in whatever it is doing; its `result` carries this status."""
        self._agent.stop(status)

    async def close(self) -> None:
        """Release the provider's connections and the log."""
        await self._provider.close()
        self._log.close()


def fold(store: Store, session: str) -> Transcript:
    """The transcript of a stored session."""
    return transcript(store.read(session))
