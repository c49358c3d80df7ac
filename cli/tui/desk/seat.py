"""One session with a person at it, from opening to leaving."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec import structs

from ....agent.checkpoint_facts import Checkpointed, Rewound
from ....agent.events import (
    Event,
    ModelRequest,
    Notice,
    Result,
    TextStreamed,
    ThinkingStreamed,
)
from ....agent.lineage import Renamed
from ....agent.messages import Prompt, Text
from ....agent.person import PersonPrinted, PersonRan
from ....config.errors import KedgeError, UsageError
from ....config.settings import MODES, Effort, Mode
from ...surroundings import Surroundings
from ..tasks import Failed, Tasks
from .background import Background
from .noting import noted
from .opening import Opened, forget
from .personal import PersonalShell, in_words
from .terms import NONE, Terms, agree
from .watch import Watch
from .words import Untold
from .worktree import Worktree

if TYPE_CHECKING:
    from ...going_back import Announce

_Came = TypeVar("_Came")

Over = Callable[[bool, str, Prompt | None], None]
"""A turn is over: whether it came to its end, what went wrong, in words, and what was to begin it
and is not on record: nobody heard it."""


class WorkingError(UsageError):
    """Something cannot be done while a turn runs."""


class Seat:
    """A person's place at one session. Belongs to one event loop."""

    def __init__(
        self,
        at: Opened,
        where: Surroundings,
        *,
        hear: Callable[[Event], None],
        changed: Callable[[], None],
        over: Over,
        free: Callable[[], bool],
        failed: Failed,
    ) -> None:
        """Sit down: what the log says is heard first.

        Args:
            at: the session.
            where: the person's surroundings.
            hear: takes every event.
            changed: called when something about the seat is another.
            over: called after each turn.
            free: says whether nothing of the person's is to be said first.
            failed: called with what kept something from being done that nobody waits for.
        """
        self.at = at
        self.composed = at.composed
        """The session, with all that it works with."""
        self.watch = Watch()
        self._tasks = Tasks(failed)
        self.worktree = Worktree(at.cwd, where.env, at.branch, changed, self._tasks)
        self.began = 0.0
        """When the running turn began, on `time.monotonic`'s clock; 0: none runs."""
        self._session = self.composed.session
        self._where = where
        self._hear = hear
        self._changed = changed
        self._over = over
        self._untold = Untold()
        self._turn: asyncio.Task[None] | None = None
        self.stopping = False
        """Whether the running turn was told to stop."""
        self._closing = False
        self._next_model: tuple[str, Effort | None] | None = None
        spill = self.composed.storage.outputs / self._session.id
        self._shell = PersonalShell(
            where.env, at.cwd, spill, self._record, Tasks(failed, self._changed)
        )
        self._foretold: tuple[Notice, ...] = ()
        self._recall(at.past)
        # A long log is not kept twice: what is shown of it was heard.
        self.at = structs.replace(at, past=())
        self._resumed = bool(at.past)
        self._untold.began(self.watch.mode)
        self._tasks.begin(self._listen())
        self.background = Background(
            self.composed,
            idle=lambda: not (self.working or self._closing),
            free=free,
            tell=lambda: self.say(()),
            changed=changed,
        )
        self.worktree.look()

    def _recall(self, past: Sequence[Event]) -> None:
        """Hear the log, and what ended with kedge: its own last words may be that it still runs.
        That goes on record with the first prompt, and is not shown again then."""
        for event in past:
            self._take(event)
        gone = self._session.conduct.reopening.gone
        for notice in gone:
            self._take(structs.replace(past[-1], body=notice))
        self._foretold = gone

    def _take(self, event: Event) -> None:
        if event.body in self._foretold:
            return
        self.watch.add(event)
        self._hear(event)
        # Words as they come, hundreds a second, change nothing besides themselves.
        if not isinstance(event.body, TextStreamed | ThinkingStreamed):
            self._changed()

    async def _listen(self) -> None:
        async for event in self._session.listen():
            self._take(event)

    def _record(self, body: PersonPrinted | PersonRan) -> None:
        self._session.conduct.record(body)

    @property
    def id(self) -> str:
        """Of the session."""
        return self._session.id

    @property
    def working(self) -> bool:
        """Whether a turn runs."""
        return self._turn is not None

    @property
    def runs_own(self) -> bool:
        """Whether a command of the person's own is under way."""
        return self._shell.running

    @property
    def mode(self) -> Mode:
        """The one that decides now."""
        said = self._session.conduct.started.mode
        return next(mode for mode in MODES if mode == said)

    async def close(self) -> None:
        """Stop what runs, close the session, hear its last words."""
        self._closing = True
        await self.rest()
        await self._shell.close()
        await self.worktree.close()
        await self.composed.close()
        await self._tasks.close()
        if not (self._session.conduct.announced or self._resumed):
            await asyncio.to_thread(forget, self.id, self.composed.storage)

    async def rest(self) -> None:
        """Stop the turn, if one runs, and wait for its end."""
        if self._turn is not None:
            self._stop()
            await asyncio.wait([self._turn])

    def say(self, prompt: Prompt, terms: Terms = NONE) -> None:
        """Begin a turn with this, on its terms, or tell the running one after the current batch of
        actions."""
        for words in self.composed.toolbox.newly_ended():
            self._untold.add(words)
        told = self._untold.before(prompt, self.mode)
        if self.working:
            self._session.steer(told)
        else:
            self._begin(told, terms)

    def go_on(self) -> None:
        """Go on with a turn that broke off; without one, nothing happens."""
        if not self.working and self._session.unfinished:
            if told := self._untold.before((), self.mode):
                self._session.steer((*told, Text("Go on.")))
            self._begin(None)

    def unsay(self) -> list[Prompt]:
        """Take back what was told to the running turn and not heard."""
        return [self._untold.again(prompt) for prompt in self._session.agent.unsay()]

    def unsay_last(self) -> Prompt | None:
        """Take back what was told last to the running turn, if anything is not heard."""
        unheard = self.unsay()
        for prompt in unheard[:-1]:
            self.say(prompt)
        return unheard[-1] if unheard else None

    def _begin(self, prompt: Prompt | None, terms: Terms = NONE) -> None:
        self.began = time.monotonic()
        self._turn = self._tasks.begin(self._work(prompt, terms))

    async def _work(self, prompt: Prompt | None, terms: Terms) -> None:
        try:
            done, trouble, unheard = await self._run(prompt, terms)
        finally:
            self.composed.judges.lend((), "")
        try:
            await self._change_model()
        except KedgeError as error:
            trouble = error.in_words
        self._turn, self.began, self.stopping = None, 0.0, False
        self.worktree.look()
        self._over(done, trouble, self._untold.again(unheard) if unheard else None)
        self.background.turn_over(done)

    async def _run(self, prompt: Prompt | None, terms: Terms) -> tuple[bool, str, Prompt | None]:
        """Whether the turn came to its end, what went wrong, and the prompt if nobody heard it."""
        done, trouble, unheard = False, "", prompt
        try:
            if (before := await agree(terms, self.composed, self._where)) and not self._next_model:
                self._next_model = before, None
            if self.stopping:
                return done, trouble, unheard  # before it began
            async for event in self._session.run(prompt):
                if isinstance(event.body, ModelRequest):
                    unheard = None
                elif isinstance(event.body, Result):
                    done = event.body.status in ("done", "blocked")
                    if event.body.error is None or event.body.error.code != "store":
                        unheard = None
        except KedgeError as error:
            trouble = error.in_words
        return done, trouble, unheard

    async def _change_model(self) -> None:
        """Have the model answer that is to from the next turn on, before one can begin."""
        if self._next_model is not None:
            (name, effort), self._next_model = self._next_model, None
            await self.composed.set_model(name, effort, self._where)

    def interrupt(self) -> bool:
        """Stop the person's own command, or else the turn; whether anything ran."""
        if self._shell.stop():
            return True
        self._stop()
        self._changed()
        return self.working

    def _stop(self) -> None:
        self._session.stop("interrupted")
        self.stopping = self.working

    async def set_mode(self, mode: Mode) -> None:
        """Decide by another mode from here on, also in the running turn.

        Raises:
            KedgeError: the sandbox cannot keep it, or the log has ended; the mode stays.
        """
        await asyncio.to_thread(self.composed.toolbox.prepare, mode)
        self.composed.set_mode(mode)
        self._changed()

    async def set_model(self, name: str, effort: Effort | None = None) -> None:
        """Have another model answer; while a turn runs, from the next one on.

        Raises:
            KedgeError: it is not known, has no key, or a limit of money cannot be kept with it.
        """
        if self.working:
            named, thinks = self._next_model or ("", None)
            self._next_model = name or named, thinks if effort is None else effort
            return
        await self.composed.set_model(name, effort, self._where)
        self._changed()

    def settle(self, where: Surroundings, addresses: Mapping[str, str]) -> None:
        """Call models from here on with the keys of these surroundings, and servers at these base
        URLs, by provider."""
        self._where = where
        self.composed.reach(addresses)
        where.teach(self.composed.toolbox.finder)

    def rename(self, name: str) -> None:
        """Give the session a name; empty takes it away."""
        self._session.conduct.record(Renamed(name))

    async def held(self, go: "Callable[[Announce], _Came]") -> _Came:
        """Do this in a thread, while no turn runs and the session is held; what it announces is
        recorded in the loop.

        Raises:
            KedgeError: a turn runs, or what `go` raises.
        """
        self.require_rest()
        loop = asyncio.get_running_loop()

        async def record(fact: Checkpointed | Rewound) -> None:
            self._session.conduct.record(fact, on_disk=True)

        def announce(fact: Checkpointed | Rewound) -> None:
            asyncio.run_coroutine_threadsafe(record(fact), loop).result()

        return await asyncio.to_thread(lambda: go(announce))

    def tell(self, words: str) -> None:
        """Let the model hear of what the person did, with their next words."""
        self._untold.add(words)

    def require_rest(self) -> None:
        """Return if no turn runs.

        Raises:
            WorkingError: one does.
        """
        if self.working:
            raise WorkingError("that has to wait until the turn is over", hint="Esc stops it")

    def shell(self, command: str) -> None:
        """Run a command as the person; the model hears of it with their next words."""
        self._shell.run(command, self._ran)

    def _ran(self, ran: PersonRan) -> None:
        self.tell(in_words(ran))
        self.worktree.look()

    async def note(self, text: str, scope: Literal["project", "user"] = "project") -> str:
        """Keep a note for later sessions; the model of this one hears of it, too."""
        said = await noted(text, scope, self._where, self.at.cwd, self.composed.loaded)
        self.tell(f"The person noted, for the {scope}: {text}")
        return said
