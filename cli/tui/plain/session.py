"""The interactive session line by line: for screen readers and simple terminals. Nothing moves the
cursor, and what was printed is never drawn again."""

import asyncio
import gc
import os
import signal
from collections.abc import Coroutine

from ....agent.events import Event
from ....agent.messages import Text
from ....agent.person import ModeChanged, PersonPrinted, PersonRan
from ....config.errors import KedgeError
from ....config.exit_codes import EXIT_CODES
from ...asking import LineApprover
from ...options import Run
from ...questions import wrong_with
from ...render import Renderer
from ...surfaces import startup_failure
from ...surroundings import Surroundings, surroundings
from ...terminal import Out, Style, harmless
from ..desk.desk import Desk
from ..desk.opening import with_values
from ..desk.words import note_of
from .commands import UNKNOWN, run_command

_PROMPT = "> "
_ENDING = (signal.SIGHUP, signal.SIGTERM)
_LINE = 1 << 16


def main(run: Run) -> int:
    """Let a person work until they leave; returns the exit code."""
    out, err = Out(1), Out(2)
    try:
        where = surroundings(run.text("cd"))
        return asyncio.run(Plain(run, where, out).live())
    except KedgeError as error:
        err.say(startup_failure(error))
        return error.exit_code


class Plain:
    """One person's terminal."""

    def __init__(self, run: Run, where: Surroundings, out: Out, keyboard: int = 0) -> None:
        """`keyboard` is the descriptor of the terminal that is read."""
        self._out = out
        self._keyboard = keyboard
        self._style = Style.of(out, where.env)
        self._renderer = Renderer(self._style, announces=True)
        self._first = run.prompt
        picks = run.values["resume"] == ""
        self.desk = Desk(
            with_values(run, resume=None) if picks else run,
            where,
            hear=self._hear,
            changed=self._changed,
        )
        self._approver = LineApprover(out, self._style, keyboard, complaint=wrong_with)
        self._left: asyncio.Future[int] | None = None
        self._asking = False
        self._prompted = False
        self._at_rest = False
        self._doing: set[asyncio.Future[object]] = set()

    async def live(self) -> int:
        """Until the person leaves; the exit code.

        Raises:
            KedgeError: the session cannot be opened.
        """
        loop = asyncio.get_running_loop()
        left: asyncio.Future[int] = loop.create_future()
        self._left = left
        for number in _ENDING:
            loop.add_signal_handler(number, self.leave, EXIT_CODES["terminated"])
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        try:
            await self.desk.open()
            # What start-up made stays: from here on it is not looked through for garbage.
            gc.freeze()
            gc.enable()
            loop.add_reader(self._keyboard, self._read)
            if self._first:
                self.desk.submit((Text(self._first),))
            self._at_rest = True
            self._changed()
            code = await left
        finally:
            loop.remove_reader(self._keyboard)
            session = self.desk.resumable
            await self.desk.close()
        if session:
            self._out.say(f"kedge: go on with: kedge -r {session}\n")
        return code

    def leave(self, code: int = 0) -> None:
        """Leave."""
        if self._left is not None and not self._left.done():
            self._left.set_result(code)

    def say(self, words: str) -> None:
        """Print words on lines of their own."""
        fresh = "\n" if self._prompted or self._renderer.streaming else ""
        self._prompted = self._renderer.streaming = False
        self._out.say(f"{fresh}{harmless(words)}\n")

    def _hear(self, event: Event) -> None:
        match event.body:
            case PersonPrinted(_, _, text) if text:
                self._put(harmless(text))
            case PersonRan(exit_code=code) if code:
                self.say(f"exit {code}")
            case ModeChanged(mode):
                self.say(f"the mode is {mode}")
            case _:
                if text := self._renderer.render(event):
                    self._put(text)

    def _put(self, text: str) -> None:
        self._out.say(f"\n{text}" if self._prompted else text)
        self._prompted = False

    def _changed(self) -> None:
        if self._left is None:
            return
        facts = self.desk.facts
        if facts.questions and not self._asking:
            self._asking = True
            self.later(self._ask())
        if self._is_ready:
            # What is being heard comes first.
            asyncio.get_running_loop().call_soon(self._invite)

    @property
    def _is_ready(self) -> bool:
        """Whether nothing is to be waited for, and that was not said yet."""
        facts = self.desk.facts
        busy = facts.working or facts.doing or facts.questions or self._doing
        return self._at_rest and not (busy or self._prompted)

    def _invite(self) -> None:
        facts = self.desk.facts
        if self._is_ready:
            self._prompted = True
            if facts.unfinished:
                self._out.say("the last turn broke off: /continue goes on with it\n")
            self._out.say(f"{facts.mode}{_PROMPT}")

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._keyboard)
        try:
            while waiting := self.desk.facts.questions:
                asked = waiting[0]
                self.say("")
                self.desk.answer(asked.id, await self._approver.decide(asked.question))
        finally:
            self._asking = False
            loop.add_reader(self._keyboard, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._keyboard, _LINE)
        except OSError:
            data = b""
        if not data:
            self.leave()
            return
        self._prompted = False
        for line in data.decode("utf-8", "replace").splitlines():
            self._take(line.strip())
        self._changed()

    def _take(self, line: str) -> None:
        match line[:1]:
            case "":
                pass
            case "/":
                name, _, words = line[1:].partition(" ")
                self.later(self._command(name, words.strip()))
            case "!":
                self.desk.shell(line[1:])
            case "#":
                self.later(self._note(line[1:].strip()))
            case _:
                self.desk.submit((Text(line),))

    async def _command(self, name: str, words: str) -> None:
        if name in ("quit", "exit"):
            self.leave()
            return
        said = await run_command(self.desk, name, words)
        self.say(UNKNOWN.format(name) if said is None else said)

    async def _note(self, text: str) -> None:
        self.say(await self.desk.note(*note_of(text)))

    def later(self, work: Coroutine[object, object, object]) -> None:
        """Do this beside everything else; what keeps it from being done is said."""
        task = asyncio.ensure_future(work)
        self._doing.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Future[object]") -> None:
        self._doing.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, KedgeError):
            self.say(startup_failure(error).rstrip())
        elif error is not None and self._left is not None and not self._left.done():
            self._left.set_exception(error)
        self._changed()

    def _interrupt(self) -> None:
        if not self.desk.interrupt():
            self.leave(EXIT_CODES["interrupted"])
