"""A person's talk with a session, line by line: what their lines mean, and what they are told."""

import asyncio
import gc
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Final

from ....agent.messages import said_in
from ....config.errors import KedgeError
from ....config.exit_codes import EXIT_CODES
from ...options import Run
from ...surroundings import Surroundings
from ...terminal import Style
from ..composer.history import SIGNS, History
from ..composer.sources import InputMode
from ..desk.desk import Desk
from ..desk.opening import Opened, with_values
from ..desk.state import what_ends
from ..desk.unheard import said_again
from ..desk.words import as_command, note_of
from ..entry import Entry
from ..slash.first_run import begin
from ..slash.run import Slash
from ..tasks import Tasks
from .along import Along
from .completing import Completing
from .gate import Gate
from .keyboard import Ask, Keyboard
from .lines import Lines
from .own import OWN
from .printing import Printing
from .teller import Teller
from .typed import Typed

_TWICE: Final = 5.0
"""Seconds within which leaving counts as said twice."""
_MODES: Final[Mapping[str, InputMode]] = {sign: mode for mode, sign in SIGNS.items()}


class Setting:
    """What a talk is given besides the session."""

    def __init__(
        self,
        keyboard: Keyboard,
        history: History,
        completing: Completing,
        style: Style,
        *,
        terminal: bool,
        grace: float,
    ) -> None:
        """`grace`, seconds: see `Gate`."""
        self.completing = completing
        self.keyboard = keyboard
        self.history = history
        self.style = style
        self.terminal = terminal
        self.grace = grace


class Talk:
    """Belongs to one loop. `live` until the person leaves."""

    def __init__(self, run: Run, where: Surroundings, setting: Setting) -> None:
        self.where = where
        self.terminal = setting.terminal
        self._teller = Teller(setting.keyboard)
        self._history = setting.history
        self._completing = setting.completing
        self._picks = run.values["resume"] == ""
        self._run = with_values(run, resume=None) if self._picks else run
        self._printing = Printing(setting.style, self._teller.say)
        self.desk = Desk(
            self._run,
            where,
            hear=self._printing.hear,
            changed=self.changed,
            opening=self._opening,
            unheard=lambda why, ended: self.later(self._once_more(why, ended)),
            failed=self._failed,
        )
        self._slash = Slash(Lines(self), OWN)
        self._completing.commands = [entry.name for entry in self.entries]
        self._gate = Gate(self, setting.grace)
        self.left: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked: list[tuple[Ask, asyncio.Future[str | None]]] = []
        self._tasks = Tasks(self._failed, self._done)
        self._typed = Typed()
        self._mode = self._value = ""
        self._along = Along(self.desk, self.say)
        self._over = self._looks = self._begun = False
        self._warned = -_TWICE
        self._taken = 0

    @property
    def entries(self) -> Sequence[Entry]:
        """See `lines.Host`."""
        return self._slash.entries

    @property
    def answer(self) -> str:
        """See `lines.Host`."""
        return self._printing.answer

    async def live(self) -> int:
        """Until the person leaves; the exit code.

        Raises:
            KedgeError: the session cannot be opened, and nobody can say what to do about it.
        """
        self._teller.open()
        try:
            await self._open()
            return await self.left
        finally:
            await self._teller.close()
            await self._tasks.close()

    async def _open(self) -> None:
        # Without a terminal nobody could change it, and it would be sent with the first line.
        if self.terminal and (drafts := await self.desk.take_draft()):
            self.put("\n\n".join(map(said_in, drafts)))
        await self._along.attach([self.where.cwd / name for name in self._run.texts("image")])
        if self._run.prompt:
            self.later(self._prompt(self._run.prompt))
        self.later(self._begin())

    async def _begin(self) -> None:
        try:
            await self.begin()
        except KedgeError as error:
            if not (self.terminal and error.exit_code == EXIT_CODES["credentials"]):
                raise
            # A person can say what is missing, and try once more.
            trouble = self.desk.state.trouble
            self.say(f"{trouble}\n/model chooses another one, /quit leaves")
        # What start-up made stays: from here on it is not looked through for garbage.
        gc.freeze()
        gc.enable()
        self._begun = True
        if self.desk.state.session:
            await self._look_up()

    async def _look_up(self) -> None:
        """The commands that there are where the session works."""
        await self._slash.look()
        self._completing.commands = [entry.name for entry in self.entries]

    async def begin(self) -> None:
        """See `lines.Host`."""
        picks, self._picks = self._picks, False
        await begin(Lines(self), picks=picks)

    def leave(self) -> None:
        """Leave; if something runs, only when that is said a second time."""
        self.desk.refresh()
        ends = what_ends(self.desk.state)
        if not ends or self._again() or self._over:
            self.end(0)
        else:
            self.say(f"leaving ends {ends}; again to leave")

    def _again(self) -> bool:
        now = time.monotonic()
        before, self._warned = self._warned, now
        return now - before < _TWICE

    def end(self, code: int) -> None:
        """Leave at once."""
        if not self.left.done():
            self.desk.keep_draft("")
            self.left.set_result(code)

    def say(self, words: str) -> None:
        """See `lines.Host`."""
        self._printing.say(words)

    def send(self, sequence: str) -> None:
        """See `lines.Host`."""
        self._teller.say(sequence)

    def put(self, words: str) -> None:
        """See `lines.Host`."""
        self._value = words
        self.changed()

    async def edited(self, text: str, setting: str) -> str:
        """See `lines.Host`."""
        return await self._teller.edited(text, setting, self.where.env)

    async def line(self, ask: Ask) -> str | None:
        """See `lines.Host`."""
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        if self._over:
            return None
        self._asked.append((ask, answer))
        self.changed()
        try:
            return await answer
        finally:
            self._asked.remove((ask, answer))
            self.changed()

    def _opening(self, at: Opened) -> None:
        self._printing.forget()
        self._history.move(str(at.cwd))
        self._completing.move(at.cwd, at.hides)
        if self._begun:
            self.later(self._look_up())
        # The past is heard at once, before anything else can happen.
        asyncio.get_running_loop().call_soon(self._opened)

    def _opened(self) -> None:
        self._printing.begin()
        self.changed()

    def changed(self) -> None:
        """Things stand differently: look, after what is being heard."""
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looks = False
        state = self.desk.state
        # While one is being opened, there is none.
        if state.session or state.trouble:
            if self._begun and self._mode not in ("", state.mode):
                self.say(f"the mode is {state.mode}")
            self._mode = state.mode
        self._along.look()
        self._gate.look()
        self._teller.ask(self._wanted(), self._taken)
        if self._over and not self._is_busy:
            self.end(0)

    @property
    def _is_busy(self) -> bool:
        state = self.desk.state
        return bool(state.working or state.doing or self._tasks.running)

    def _wanted(self) -> Ask | None:
        if self.left.done():
            return None
        if self._asked:
            return self._asked[-1][0]
        if self._gate.waits:
            return Ask("answer: ")
        if self._typed.goes_on:
            return Ask("... ")
        if not self._begun or self._is_busy:
            return None
        return Ask(f"{self.desk.state.mode}> ", self._value)

    def over(self) -> None:
        """There will be no more lines."""
        self._over = True
        while self._give(None):
            pass
        self._gate.give_up()
        self.changed()

    def left_out(self) -> None:
        """Ctrl+D instead of a line."""
        self._taken += 1
        if not self._give(None):
            self.leave()
        self.changed()

    def _give(self, line: str | None) -> bool:
        """Give a line to who waits for one; whether anybody does."""
        waiting = [answer for _, answer in self._asked if not answer.done()]
        if waiting:
            waiting[-1].set_result(line)
        return bool(waiting)

    def interrupt(self) -> None:
        """Ctrl+C."""
        self._typed.clear()
        if self._give(None):
            pass
        elif self._begun and self.desk.interrupt():
            self._warned = time.monotonic()
            self._value = self._along.given_back(editable=self.terminal) or self._value
            self.say("stopping; press Ctrl+C again to leave")
        elif self._again():
            self.end(0)
        else:
            self.say("press Ctrl+C again to leave")
        self.changed()

    def take(self, text: str) -> None:
        """A line that a person typed."""
        self._taken += 1
        if self._give(text):
            return
        answering = None if self._typed.goes_on else self._gate.take(text)
        if answering is not None:
            self.later(answering)
        elif (said := self._typed.add(text)) is not None and said.strip():
            self._value = ""
            self._said(as_command(said))
        self.changed()

    def _said(self, said: str) -> None:
        sign = said[:1] if said[:1] in ("!", "#") else ""
        mode = _MODES.get(sign, "prompt")
        keep = self._history.add(said[len(sign) :].strip() if sign else said, mode)
        self.later(asyncio.to_thread(keep))
        match said[0]:
            case "/" if " " not in said.partition("\n")[0] or not said[1:2].isspace():
                name, _, words = said[1:].partition(" ")
                self.later(self._command(name.strip(), words.strip()))
            case "!":
                self.later(self._shell(said[1:].strip()))
            case "#":
                self.later(self._note(said[1:].strip()))
            case _:
                self.later(self._prompt(said.strip()))

    async def _command(self, name: str, words: str) -> None:
        await self._slash.run("quit" if name == "exit" else name, words)

    async def _shell(self, command: str) -> None:
        if command:
            self.desk.seat.shell(command)

    async def _note(self, text: str) -> None:
        self.say(await self.desk.seat.note(*note_of(text)))

    async def _prompt(self, said: str) -> None:
        working = self.desk.state.working
        self.desk.submit(await self._along.prompt(said))
        if working:
            self.say("heard after the current step")
        if self._gate.waits:
            self._gate.remind()
        if self.desk.state.trouble and not self.desk.state.session and self._begun:
            # It waits: what was missing may be there now, or is asked for once more.
            await self.begin()

    async def _once_more(self, why: str, ended: bool) -> None:
        """See `Unheard`: what cannot be said again is given back."""
        if not_sent := await said_again(self.desk.reopen, why, ended):
            self.say(f"! {not_sent}")
            self.put(self._along.taken_back())

    def later(self, work: Coroutine[object, object, object]) -> None:
        """Do this beside everything else; what keeps it from being done is said."""
        self._tasks.begin(work)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, KedgeError) and self._begun:
            self.say(f"! {error.in_words}")
        elif not self.left.done():
            self.left.set_exception(error)

    def _done(self) -> None:
        if not self.left.done():
            self.changed()
