"""What a screen can ask for: one session after another, words, questions, and how things stand."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ....agent.events import Event
from ....agent.messages import Prompt, Text
from ....agent.ports import Approval, No
from ....config.errors import KedgeError, UsageError
from ....config.settings import Effort, Mode
from ...effective import settings_of
from ...options import Run
from ...surfaces import startup_failure
from ...surroundings import Surroundings
from ..tasks import Failed
from .asking import DeskApprover
from .doing import Doing
from .drafts import Draft, Drafts
from .hindsight import Hindsight
from .opening import Opened, opened, with_mode, with_model, with_values, without_mode
from .picture import picture
from .seat import Seat
from .state import DeskState
from .terms import NONE, Terms
from .unheard import Unheard
from .words import Line, pictured


class Desk:
    """A person's desk. Belongs to one event loop.

    What needs time is a coroutine; everything else answers at once. Whatever cannot be done raises
    `KedgeError`, with words for the person.
    """

    def __init__(
        self,
        run: Run,
        where: Surroundings,
        *,
        hear: Callable[[Event], None],
        changed: Callable[[], None],
        opening: Callable[[Opened], None] = lambda at: None,
        unheard: Unheard = lambda why, ended: None,
        failed: Failed,
    ) -> None:
        """Nothing is opened yet.

        Args:
            run: what the command line asked for.
            where: where.
            hear: takes every event of the session, those of a resumed log first.
            changed: called when `state` is another.
            opening: called before `hear` gets the events of another session: forget the old, and
                go where it works.
            unheard: told what could not be sent and waits; `said_again` sees to it.
            failed: called with what kept something from being done that nobody waits for.
        """
        self._run = run
        self._where = where
        self._hear = hear
        self._changed = changed
        self._opening = opening
        self._unheard = unheard
        self._failed = failed
        self._approver = DeskApprover(self._touch)
        self._line = Line()
        self._seat: Seat | None = None
        self._mode: Mode | None = None
        self._doing = Doing(self._touch)
        self._trouble = ""
        self._state: DeskState | None = None

    @property
    def state(self) -> DeskState:
        """How things stand."""
        if self._state is None:
            state = DeskState(
                cwd=str(self._where.cwd),
                mode=self._mode or "ask",
                doing=self._doing.words,
                since=self._doing.since,
                queue=self._line.waiting,
                questions=self._approver.waiting,
                trouble=self._trouble,
            )
            self._state = picture(self._seat, state)
        return self._state

    @property
    def begun(self) -> bool:
        """Whether anything was said in the session, so that it can be gone on with."""
        return self._seat is not None and self._seat.watch.begun

    @property
    def resumable(self) -> str:
        """The id of the session, if it can be gone on with once it is left; else empty."""
        return self.seat.id if self.begun and self.seat.composed.storage.lasts else ""

    @property
    def held(self) -> Sequence[str]:
        """What the sandbox held back in this session, a sentence each; grows until it is closed."""
        return self._seat.composed.toolbox.held if self._seat else ()

    def _touch(self) -> None:
        self._state = None
        self._changed()

    def refresh(self) -> None:
        """Look again at what changes by itself: commands under way and their output."""
        self._state = None

    @property
    def seat(self) -> Seat:
        """The session that is open.

        Raises:
            UsageError: none is, or not yet.
        """
        if self._seat is None:
            raise UsageError(self._trouble or "the session is still being opened")
        return self._seat

    @property
    def hindsight(self) -> Hindsight:
        """What is past in the session that is open; raises as `seat`."""
        return Hindsight(self.seat, self._doing.during)

    async def open(self) -> None:
        """Open the session that the command line asked for, and go on with what waits."""
        await self._sit_down(self._run)

    async def new(self) -> None:
        """Leave this session for a new one."""
        await self._sit_down(self._asking(resume=None, fork=False))

    async def resume(self, id: str) -> None:
        """Leave this session for another one, which goes on in its own mode."""
        if self._seat is None or id != self._seat.id:
            self._mode = None
            await self._sit_down(without_mode(self._asking(resume=id, fork=False)))

    async def reopen(self) -> None:
        """Open this session anew, whose log could not be written any more, and go on with what
        waits."""
        self._run = self._asking(resume=self.seat.id, fork=False)
        await self._leave()
        await self._sit_down(self._run)

    async def fork(self) -> None:
        """Go on in a new session that begins with what this one holds; that one stays."""
        await self._sit_down(self._asking(resume=self.seat.id, fork=True))

    def _asking(self, *, resume: str | None, fork: bool) -> Run:
        """The run as it was asked for, but for another session; the mode goes with the person."""
        mode = self._seat.composed.own_mode if self._seat else self._mode
        run = self._run if mode is None else with_mode(self._run, mode)
        return with_values(run, resume=resume, fork=fork, **{"continue": False})

    async def _sit_down(self, run: Run) -> None:
        with self._doing.during("opening the session"):
            if self._seat is not None:
                await self._seat.rest()
            try:
                at = await opened(run, self._where, self._approver)
            except KedgeError as error:
                if self._seat is None:
                    self._trouble = startup_failure(error).rstrip()
                raise
            await self._leave()
            self._trouble = ""
            self._opening(at)
            self._seat = Seat(
                at,
                self._where,
                hear=self._hear,
                changed=self._touch,
                over=self._over,
                free=lambda: (
                    not (self._doing.words or self._line.waiting or self._approver.waiting)
                ),
                failed=self._failed,
            )
            if self._mode is not None:
                await self._seat.set_mode(self._mode)
            self._mode = None
        self._next()

    async def _leave(self) -> None:
        seat, self._seat = self._seat, None
        if seat is not None:
            await seat.close()

    async def close(self) -> None:
        """Stop what runs and close the session."""
        await self._leave()

    def submit(self, prompt: Prompt, terms: Terms = NONE) -> None:
        """Say this: now if nothing runs, else to the running turn, after the current batch; or when
        that is over, where it has terms of its own."""
        if self._seat is None or self._doing.words or (terms != NONE and self._seat.working):
            self._line.add(prompt, terms)
        elif pictured(prompt) and (wrong := self.state.no_images):
            self._line.add(prompt, terms)
            self._unheard(wrong, False)
        else:
            self._seat.say(prompt, terms)
        self._touch()

    def later(self, prompt: Prompt, terms: Terms = NONE) -> None:
        """Say this when the turn is over."""
        if self._seat is not None and not self._seat.working:
            self.submit(prompt, terms)
            return
        self._line.add(prompt, terms)
        self._touch()

    def take_back(self) -> Prompt | None:
        """What was said last and nobody heard yet; it waits no longer. None: nothing waits."""
        self._touch()
        return self._line.last() or (self._seat.unsay_last() if self._seat else None)

    def take_all_back(self) -> tuple[Prompt, ...]:
        """Everything that nobody heard yet, the next one first; it waits no longer."""
        self._unsay()
        self._touch()
        return tuple(one.prompt for one in self._line.clear())

    def _unsay(self) -> None:
        if self._seat is not None:
            self._line.put_first(self._seat.unsay())

    def _over(self, done: bool, trouble: str, unheard: Prompt | None) -> None:
        self._unsay()
        if unheard:
            self._line.put_first([unheard])
        self._trouble = trouble
        self._touch()
        if unheard:
            self._unheard(trouble, bool(trouble))
        # After a turn that was stopped or failed, words wait until the person says something.
        if done:
            self._next()

    def _next(self) -> None:
        if not self.seat.working and (waiting := self._line.next()) is not None:
            self.submit(waiting.prompt, waiting.terms)

    def go_on(self) -> bool:
        """Go on with a turn that broke off; without one, with what waits, or with commands that
        ended. Whether there was something to go on with, and nothing else runs."""
        state = self.state
        if self._seat is None or state.working or state.doing:
            return False
        if state.unfinished:
            self._seat.go_on()
        elif state.queue:
            self._next()
        elif self._seat.background.untold:
            self._seat.say(())
        else:
            return False
        self._touch()
        return True

    def interrupt(self) -> bool:
        """Stop the person's own command, or else the turn; whether anything ran."""
        return self._seat is not None and self._seat.interrupt()

    def answer(self, id: int, approval: Approval) -> bool:
        """Answer a question; whether it was still open."""
        return self._approver.answer(id, approval)

    def refuse_all(self, refusal: No) -> None:
        """No to every open question, and to those of the calls that are still to come."""
        self._approver.refuse(refusal, self.seat.watch.coming.held())

    def background(self) -> bool:
        """Let what the turn waits for go on in the background; whether there was a command."""
        return self._seat is not None and self._seat.background.send() > 0

    async def set_mode(self, mode: Mode) -> None:
        """Decide by another mode from here on, also in the running turn."""
        if self._seat is not None:
            await self._seat.set_mode(mode)
        else:
            self._mode = mode
        self._touch()

    async def set_model(self, name: str, effort: Effort | None = None) -> None:
        """Have another model answer; while a turn runs, from the next one on. Without an effort
        it stays."""
        await self.seat.set_model(name, effort)
        self._run = with_model(self._run, name, {}, effort)
        self._touch()

    def settle(
        self, where: Surroundings, *, model: str = "", addresses: Mapping[str, str] | None = None
    ) -> None:
        """Call models from here on with the keys of these surroundings, and servers at these base
        URLs, by provider. Sessions are opened with this model, too; without one, as before."""
        self._where, self._run = where, with_model(self._run, model, addresses or {})
        if self._seat is not None:
            self._seat.settle(where, addresses or {})

    @property
    def wanted(self) -> str:
        """The model that sessions are to be opened with, as far as anything names one. Reads files.

        Raises:
            KedgeError: the configuration is wrong.
        """
        return settings_of(self._run, self._where).settings.model.name

    @property
    def _drafts(self) -> Drafts:
        return Drafts(self._where.home.state_dir, Path(self.state.cwd))

    def keep_draft(self, words: str) -> None:
        """Keep what was not sent for the next start here: the editor's words, and what waits."""
        self._unsay()
        self._drafts.keep(Draft(words, tuple(one.prompt for one in self._line.waiting)))

    async def take_draft(self) -> tuple[Prompt, ...]:
        """What was not sent here, to be written again: what waited, then the editor's words. It
        is never sent by itself: it was meant for another moment, maybe for another session."""
        draft = await asyncio.to_thread(self._drafts.take)
        return (*draft.waiting, *([(Text(draft.words),)] if draft.words else []))
