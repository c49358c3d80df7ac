"""A session: operations in, events out. Every surface talks to the agent through one of these."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from functools import partial
from secrets import token_hex

from ..config.errors import KedgeError
from ..config.exit_codes import Status, status_of
from ..config.settings import LimitSettings
from .actions import Actor
from .aside import Aside
from .budget import Deadline, Ledger, limits_of
from .bus import Bus, Subscription, Watcher, now
from .checkpoint_facts import Reach, Rewound
from .codec import chained
from .compactor import Compactor, Outlook, Rewriting
from .conduct import Conduct
from .context import ModelUse
from .counting import counted
from .effects import FileChange
from .errors import StoreError
from .events import (
    BreakerChanged,
    Compacted,
    Decision,
    Event,
    Evidence,
    Failure,
    ModelRequest,
    Notice,
    Purpose,
    Result,
    SessionStarted,
)
from .fittings import Fittings
from .judge import Judge
from .keeping import Keeping
from .loop import Agent
from .messages import Prompt, Text
from .outcome import Outcome
from .passages import Passages
from .ports import Provider, Store, Tool
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
        judge: Judge,
        store: Store,
        *,
        use: ModelUse,
        limits: LimitSettings,
        fittings: Fittings | None = None,
        id: str = "",
        resume: str = "",
    ) -> None:
        """Open a session, a new one (with this `id`, or a fresh one) or the one to `resume`.

        Raises:
            StoreError: there is no such session, it is damaged, or in use elsewhere.
        """
        fittings = fittings or Fittings()
        facts = _facts(store, resume)
        self.id = resume or id or new_session_id()
        self._provider = provider
        self.use = use
        """How the model is called."""
        self._ledger = fittings.ledger or Ledger(limits_of(limits))
        self._still_running = fittings.still_running
        self._transcript = Transcript()
        self._log = store.open(self.id)
        try:
            self._bus = Bus(self.id, self._log, redact=fittings.redact, durable=fittings.durable)
            specs = [tool.spec for tool in tools]
            self.conduct = Conduct(started, specs, self._bus, self._transcript, fittings.switch)
            self._keeping = Keeping(fittings.keeper, self._bus, started.cwd)
            self._passages = Passages(judge, self._bus, hooks=fittings.hooks, resumed=bool(resume))
            self._compactor = self._compactor_of(use, fittings.rewriting)
            add = (self._compactor.add,) if self._compactor else ()
            watchers = (*add, *fittings.watchers)
            self._recall(facts, judge, (self._keeping.recall, *watchers))
        except StoreError:
            self._log.close()
            raise
        self._outcome = Outcome(started)
        self._task: asyncio.Task[object] | None = None
        if self._log.mended:
            self.notice("log", self._log.mended)
        self._watch(judge, watchers)
        self.agent = Agent(
            provider,
            self._actor_of(tools, judge, fittings),
            self._bus,
            self._transcript,
            passages=self._passages,
            use=use,
            limits=limits,
            ledger=self._ledger,
            checks=fittings.checks,
            compactor=self._compactor,
        )

    def _actor_of(self, tools: Sequence[Tool], judge: Judge, fittings: Fittings) -> Actor:
        return Actor(
            tools,
            judge,
            self._passages,
            self._bus,
            self._transcript,
            permits=fittings.permits,
            preserve=fittings.preserve,
            checkpoint=self._keeping.before,
            nearby=fittings.nearby,
            loops=fittings.loops,
        )

    def _compactor_of(self, use: ModelUse, rewriting: Rewriting | None) -> Compactor | None:
        if rewriting is None:
            return None
        aside = self.aside(self._provider, use, "compaction")
        count = partial(counted, self._provider)
        return Compactor(self._transcript, aside, self._bus, self._passages, use, rewriting, count)

    def _recall(self, facts: Iterable[Event], judge: Judge, watchers: Sequence[Watcher]) -> None:
        """Take in what the log says."""
        judged: list[Event] = []
        folds = (self._transcript.add, self.conduct.recall, self._ledger.recall, *watchers)
        for fact in facts:
            # A sixth of all facts are requests, and nothing follows from one.
            for fold_in in () if isinstance(fact.body, ModelRequest) else folds:
                fold_in(fact)
            if isinstance(fact.body, BreakerChanged | Decision):
                judged.append(fact)
        judge.recall(judged)
        self._bus.turn = self._transcript.turn

    def _watch(self, judge: Judge, watchers: Sequence[Watcher]) -> None:
        judge.breakers.watch(self._record_breaker)
        folds = (self._transcript.add, self.conduct.reopening.add, self._ledger.add)
        self._bus.watch(lambda event: self._outcome.add(event))
        for watcher in (*folds, *watchers):
            self._bus.watch(watcher)

    def aside(self, provider: Provider, use: ModelUse, purpose: Purpose) -> Aside:
        """A model to be asked beside the conversation, at the session's expense."""
        path = ("main", purpose)
        return Aside(provider, use, purpose, ledger=self._ledger, bus=self._bus, path=path)

    async def compact(self, focus: str = "") -> Compacted | None:
        """Summarise the conversation now; `focus` is what matters most. None if it is too short.

        Raises:
            KedgeError: it could not be summarised; it stays as it is.
            RuntimeError: a prompt is being worked on.
        """
        if (compactor := self._at_rest()) is None:
            return None
        work = compactor.compact("manual", self.agent.tools, focus)
        self._task = task = asyncio.create_task(work)
        return await task

    @property
    def outlook(self) -> Outlook | None:
        """What `compact` would do."""
        return self._compactor.outlook() if self._compactor else None

    def undo_compaction(self) -> Compacted | None:
        """Let the model see again what the last compaction left out; None if there was none.

        Raises:
            StoreError: the log has ended.
            RuntimeError: a prompt is being worked on.
        """
        compactor = self._at_rest()
        return compactor.undo() if compactor else None

    def rewind(
        self,
        to: int,
        what: Reach = "conversation",
        before: str = "",
        files: tuple[FileChange, ...] = (),
    ) -> str:
        """Go back behind the prompt accepted with record `to`; returns its words, to be changed.

        Files are restored by the caller, who names the checkpoint of how they were `before`, and
        what that did to them.

        Raises:
            KeyError: there is no such prompt.
            StoreError, RuntimeError: as in `undo_compaction`.
        """
        self._at_rest()
        words = self._transcript.prompt(to)
        self._bus.announce(Rewound(to, what, before, files=files))
        return words

    def _at_rest(self) -> Compactor | None:
        self._bus.require_log()
        if self._running:
            raise RuntimeError(f"session {self.id!r} is working on a prompt")
        self.conduct.announce()
        return self._compactor

    @property
    def unfinished(self) -> bool:
        """Whether something broke off that `run(None)` would go on with."""
        return not self._transcript.finished

    @property
    def _running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def run(self, prompt: str | Prompt | None) -> AsyncGenerator[Event]:
        """Work on a prompt; everything that happens, up to and including `result`.

        With None, go on with the turn that the log broke off in. Closing the generator early
        stops the turn. A log that cannot be written any more ends the run, whose `result` says so.

        Raises:
            StoreError: the log ended in an earlier run; open the session anew.
            RuntimeError: another prompt is being worked on.
        """
        self._bus.require_log()
        if self._running:
            raise RuntimeError(f"session {self.id!r} is working on another prompt")
        said = self._introduced((Text(prompt),) if isinstance(prompt, str) else prompt)
        reader = self._bus.subscribe()
        task = asyncio.create_task(self._turn(said))
        self._task = task
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
        self._outcome = Outcome(self.conduct.started)
        self._ledger.begin()
        timer: asyncio.TimerHandle | None = None
        try:
            self.conduct.announce()
            self.conduct.say()
            timer = _timer(self._ledger.deadline(), self._out_of_time)
            await self._keeping.begin()
            await self.agent.turn(prompt, self._outcome)
            self._task = None
            for words in self._still_running():
                self._bus.emit(Notice("background", f"still running: {words}"))
            if net := await self._keeping.end():
                self._outcome.settle(net)
        finally:
            if timer is not None:
                timer.cancel()
            self._task = None
            duration = round((time.monotonic() - began) * 1000)
            self._bus.emit(
                self._outcome.result(duration_ms=duration, structured=self.agent.structured)
            )

    def _introduced(self, prompt: Prompt | None) -> Prompt | None:
        """The prompt, after what the model could not know."""
        told = self.conduct.told
        if prompt is None and told:
            self.agent.steer(told)
        return (*told, *prompt) if prompt else None

    def _out_of_time(self, deadline: Deadline) -> None:
        self._bus.emit(deadline.reached)
        self.stop("budget")

    def _record_breaker(self, changed: BreakerChanged) -> None:
        self._bus.emit(changed)

    def notice(self, code: str, text: str) -> None:
        """Put on record what a person should be able to know; between runs, with the next one."""
        self.conduct.notice(code, text)
        if self._running:
            self.conduct.say()

    def steer(self, words: str | Prompt) -> None:
        """Say something to the running turn; see `Agent.unheard`."""
        self.agent.steer((Text(words),) if isinstance(words, str) else words)

    def set_model(self, provider: Provider, use: ModelUse, tools: Sequence[Tool] = ()) -> Provider:
        """Have another model answer from here on; the one before, to be closed. `tools`: its own.

        Raises:
            StoreError, RuntimeError: as in `undo_compaction`.
        """
        self._at_rest()
        before, self._provider, self.use = self._provider, provider, use
        self.agent.set_model(provider, use, tools)
        if self._compactor is not None:
            aside = self.aside(provider, use, "compaction")
            self._compactor.set_model(aside, use, partial(counted, provider))
        self.conduct.set_model(provider.name, use.effort, self.agent.tools)
        return before

    def listen(self) -> Subscription:
        """Everything from here on, also between runs, as far as it may be shown."""
        return self._bus.subscribe()

    def stop(self, status: Status) -> None:
        """End the running turn, in whatever it is doing; its `result` carries this status.

        Without one, nothing happens. The first stop counts.
        """
        if self._running:
            self.agent.stop(status)

    async def close(self) -> None:
        """Stop what is running, then release the provider's connections and the log."""
        if self._task is not None:
            self.stop("interrupted")
            await asyncio.wait([self._task])
        try:
            await self._passages.closed("exit")
            await self._provider.close()
            await self._keeping.close()
        finally:
            self._log.close()


def _facts(store: Store, session: str) -> Iterable[Event]:
    """What the log of the session that is resumed says, read when it is asked for.

    Raises:
        StoreError: there is no such session.
    """
    if not session:
        return ()
    next(store.lines(session), None)  # raises where there is none; opening would make it
    return chained(store.lines(session), session)


def _timer(
    deadline: Deadline | None, out_of_time: Callable[[Deadline], None]
) -> asyncio.TimerHandle | None:
    """What ends a run at its deadline; one that is past ends it now."""
    if deadline is None:
        return None
    if not deadline.seconds:
        out_of_time(deadline)
        return None
    return asyncio.get_running_loop().call_later(deadline.seconds, out_of_time, deadline)


def fold(store: Store, session: str) -> Transcript:
    """The transcript of a stored session."""
    return transcript(store.read(session))


def unstarted(error: KedgeError) -> Event:
    """The result of a run that could not begin: every stream ends with one."""
    status = status_of(error.exit_code)
    result = Result(
        status=status,
        exit_code=error.exit_code,
        text="",
        structured=None,
        evidence=Evidence((), (), ()),
        usage={},
        cost_usd=0.0,
        turns=0,
        duration_ms=0,
        api_ms=0,
        denials=(),
        config_version="",
        model="",
        sandbox="none",
        mode="",
        error=Failure(status, str(error), hint=error.hint),
    )
    return Event(1, "", ("main",), 0, now(), result)
