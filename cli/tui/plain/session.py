"""The interactive session line by line: for screen readers, simple terminals and pipes. Nothing
moves the cursor, and what was printed is never drawn again.

The main thread has the lines, see `Keyboard`; the session lives in another one.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from ....config.errors import KedgeError
from ....config.exit_codes import EXIT_CODES
from ...effective import settings_of
from ...options import Run
from ...surfaces import held_back, startup_failure
from ...surroundings import surroundings
from ...terminal import Out, Style
from ..composer.history import History
from .completing import Completing
from .editing import Editing
from .keyboard import Keyboard
from .talk import Setting, Talk

_HISTORY = 500
"""Entries at hand."""


def main(run: Run) -> int:
    """Let a person work until they leave; returns the exit code."""
    out, err = Out(1), Out(2)
    try:
        where = surroundings(run.text("cd"))
        grace = settings_of(run, where).settings.tui.grace_ms / 1000
    except KedgeError as error:
        err.say(startup_failure(error))
        return error.exit_code
    terminal = os.isatty(0) and out.is_terminal
    completing = Completing(where)
    editing = _editing(completing) if terminal else None
    keyboard = Keyboard(out, 0, editing)
    session = SessionThread(editing)
    history = History(
        where.home.state_dir / "history.jsonl", str(where.cwd), redact=session.redacted
    )
    if editing is not None:
        history.load()
        for entry in reversed(history.entries()[:_HISTORY]):
            editing.remember(entry.signed)
    style = Style.of(out, where.env)
    grace = grace if terminal else 0.0
    setting = Setting(keyboard, history, completing, style, terminal=terminal, grace=grace)
    try:
        session.start(lambda: Talk(run, where, setting), keyboard)
        keyboard.serve(session)
    finally:
        # Over already, unless something broke here.
        session.terminated()
    try:
        return session.end(out, err)
    finally:
        keyboard.release()


def _editing(completing: Completing) -> Editing | None:
    try:
        return Editing(completing.words)
    except ImportError:
        return None


class SessionThread:
    """The thread of a session, as the main one sees it."""

    def __init__(self, editing: Editing | None) -> None:
        self._editing = editing
        self._loop = asyncio.new_event_loop()
        self._worker = ThreadPoolExecutor(1, "session")
        self._work: Future[None] | None = None
        self._talk: Talk | None = None
        self._code = 0
        self._resumable = ""
        self._held: Sequence[str] = ()

    def start(self, make: Callable[[], Talk], keyboard: Keyboard) -> None:
        """Begin; the keyboard is closed once it is over."""
        self._work = self._worker.submit(lambda: self._loop.run_until_complete(self._live(make)))
        self._work.add_done_callback(lambda work: keyboard.close())

    async def _live(self, make: Callable[[], Talk]) -> None:
        self._talk = talk = make()
        try:
            self._code = await talk.live()
        finally:
            self._resumable = talk.desk.resumable
            self._held = talk.desk.held
            await talk.desk.close()

    def end(self, out: Out, err: Out) -> int:
        """Wait for the end; the exit code."""
        try:
            if self._work is not None:
                self._work.result()
        except KedgeError as error:
            err.say(startup_failure(error))
            return error.exit_code
        finally:
            self._worker.shutdown()
            self._loop.close()
        err.say(held_back(self._held))
        if self._resumable:
            out.say(f"kedge: resume with: kedge -r {self._resumable}\n")
        return self._code

    def redacted(self, text: str) -> str:
        """A text without the secrets that the session knows."""
        if self._talk is None or not self._talk.desk.state.session:
            return text
        return self._talk.desk.seat.composed.toolbox.finder.redact(text)

    def line(self, text: str) -> None:
        """See `Listener`."""
        if self._editing is not None:
            self._editing.remember(text)
        self._tell(lambda talk: talk.take(text))

    def over(self) -> None:
        """See `Listener`."""
        self._tell(Talk.over)

    def leave(self) -> None:
        """See `Listener`."""
        self._tell(Talk.left_out)

    def interrupt(self) -> None:
        """See `Listener`."""
        self._tell(Talk.interrupt)

    def terminated(self) -> None:
        """See `Listener`."""
        self._tell(lambda talk: talk.end(EXIT_CODES["terminated"]))

    def _tell(self, what: Callable[[Talk], None]) -> None:
        def tell() -> None:
            if self._talk is not None:
                what(self._talk)

        with suppress(RuntimeError):  # it is over already
            self._loop.call_soon_threadsafe(tell)
