"""The person's lines, and everything that is printed between them, in the main thread.

Only there can a line that is being edited be broken off: the session lives in another thread.
Nothing here knows what lines mean.
"""

import os
import select
import signal
import termios
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol

from msgspec import Struct

from ...terminal import Out
from .editing import Editing
from .loan import Loan

_ENDING = (signal.SIGHUP, signal.SIGTERM)
_NUDGE = signal.SIGUSR1
_CHUNK = 1 << 16
_SOON = 0.02
"""Seconds that a signal needs from one thread to another, at most; else it is told once more."""


class Ask(Struct, frozen=True):
    """A line that is waited for."""

    words: str
    """Before it."""
    value: str = ""
    """What stands in it already."""
    secret: bool = False
    """Not shown while it is typed."""


class Listener(Protocol):
    """Is told in the main thread, also amid a signal: must only pass on."""

    def line(self, text: str) -> None:
        """A line, without its end."""
        ...

    def over(self) -> None:
        """There will be no more lines."""
        ...

    def leave(self) -> None:
        """Ctrl+D instead of a line; another one may follow."""
        ...

    def interrupt(self) -> None:
        """Ctrl+C."""
        ...

    def terminated(self) -> None:
        """We are to end."""
        ...


class _BrokenOffError(Exception):
    """The line that is being edited has to wait."""


class Keyboard:
    """Reads from one descriptor and prints to another. `say`, `ask` and `close` are for any
    thread; `serve` belongs to the main one. Whoever made it calls `release` in the end."""

    def __init__(self, out: Out, descriptor: int, editing: Editing | None) -> None:
        """Without `editing` lines are read as they come: from a terminal that edits them by itself,
        or from a pipe, of which a line is taken only where one is asked for."""
        self._out = out
        self._descriptor = descriptor
        self._editing = editing
        self._patient = not os.isatty(descriptor)
        self._said: deque[str] = deque()
        self._ask: tuple[Ask | None, int] = None, 0
        """What was asked for, and after how many lines: one more answers it. Set at once, so that
        no line comes between the two."""
        self._closed = False
        self._main = threading.main_thread().ident
        self._wake = os.pipe()
        os.set_blocking(self._wake[0], False)
        os.set_blocking(self._wake[1], False)
        self._alarm = os.pipe()
        os.set_blocking(self._alarm[1], False)
        self._arrived = self._handled = 0.0
        """When a signal came last, and when the main thread heard of one last."""
        self._reading = self._dropped = False
        self._typed = ""
        self._shown = ""
        """What stands on the last line of the terminal: what was asked, and typed."""
        self._bytes = b""
        self._ended = self._stale = False
        self._given = 0
        self._loan: Loan | None = None
        """That is wanted."""
        self._lent = False
        self._begun: Ask | None = None
        """The one whose value was put into the line."""

    @property
    def is_stale(self) -> bool:
        """Whether the main thread does not know yet what it was told. A nudge goes astray where it
        comes just before a line begins: then `nudge` once more, a little later."""
        return self._stale or self._handled < self._arrived

    @property
    def _awaited(self) -> Ask | None:
        ask, taken = self._ask
        return ask if taken == self._given else None

    def fileno(self) -> int:
        """Readable when a signal has come: then call `arrived`."""
        return self._alarm[0]

    def arrived(self) -> None:
        """A signal has come. Where no read was broken off by it, because it came just before one or
        to another thread, the main thread does not know: nudge it."""
        numbers = os.read(self._alarm[0], _CHUNK)
        if any(number != _NUDGE for number in numbers):
            self._arrived = time.monotonic() - _SOON

    def say(self, text: str) -> None:
        """Print whole lines."""
        self._said.append(text)
        self._stale = True
        self.nudge()

    def ask(self, ask: Ask | None, taken: int) -> None:
        """Wait for this line from here on; None: for whatever a person says unasked. Who has
        `taken` fewer lines than there were, speaks too soon, and is not heard."""
        if ask != self._awaited and taken == self._given:
            self._ask = ask, taken
            self._stale = True
            self.nudge()

    def lend(self, loan: Loan) -> None:
        """Read and print nothing from the next moment on, until it is given back. What stands in
        the line is kept."""
        self._loan = loan
        self._stale = True
        self.nudge()

    def close(self) -> None:
        """Print what is left and read no more."""
        self._closed = self._stale = True
        self.nudge()

    def release(self) -> None:
        """Close what it opened. Once nobody says anything any more."""
        for end in (*self._wake, *self._alarm):
            os.close(end)

    def nudge(self) -> None:
        """Have the main thread look."""
        with suppress(BlockingIOError, OSError):
            os.write(self._wake[1], b"\0")
        if self._editing is not None and self._main is not None and self._reading:
            signal.pthread_kill(self._main, _NUDGE)

    def serve(self, listener: Listener) -> None:
        """Read and print until closed."""
        try:
            with self._signals(listener):
                while not self._closed or self._said:
                    self._stale = False
                    self._print()
                    if self._loan is not None:
                        self._hold(self._loan)
                    elif not self._closed:
                        self._step(listener)
        finally:
            if self._editing is not None:
                self._editing.leave()
        self._leave_line()

    def _hold(self, loan: Loan) -> None:
        # Another one may be wanted as soon as this one is given back.
        self._loan = None
        self._leave_line()
        if self._editing is not None:
            self._editing.leave()
        self._lent = True
        try:
            loan.hold()
        finally:
            self._lent = False

    def _step(self, listener: Listener) -> None:
        ask = self._awaited
        if ask is not self._begun:
            self._begun = ask
            self._typed = (ask.value if ask else "") or self._typed
        if self._ended or (self._patient and ask is None):
            self._wait(())
        elif self._editing is not None and not (ask and ask.secret):
            self._edited(self._editing, ask.words if ask else "", listener)
        else:
            self._plainly(ask or Ask(""), listener)

    def _edited(self, editing: Editing, words: str, listener: Listener) -> None:
        self._leave_line()
        self._reading = True
        try:
            if self._stale:
                return
            text = editing.line(words, self._typed)
        except (_BrokenOffError, KeyboardInterrupt):
            # SIGINT has a handler of ours: where `input` ended by a signal and our exception got
            # lost within readline, Python takes it for an interrupt by itself.
            self._shown = words + editing.typed
            self._typed = "" if self._dropped else editing.typed
            self._dropped = False
            return
        except EOFError:
            self._shown = words
            self._given += 1
            listener.leave()
            return
        finally:
            self._reading = False
        self._typed = ""
        self._give(text, listener)

    def _plainly(self, ask: Ask, listener: Listener) -> None:
        # Nothing is shown from before a secret is asked for.
        with self._unseen() if ask.secret else _as_it_is():
            if self._shown != ask.words:
                self._leave_line()
                self._out.say(ask.words)
                self._shown = ask.words
            while b"\n" not in self._bytes and not self._ended:
                if not self._wait((self._descriptor,)):
                    return
                self._take()
        text, end, self._bytes = self._bytes.partition(b"\n")
        if not end and not text:
            self._over(listener)
            return
        line = text.decode("utf-8", "replace").removesuffix("\r")
        if self._patient:
            # No terminal has shown what was typed.
            self._out.say(("" if ask.secret else line) + "\n")
        elif ask.secret:
            self._out.say("\n")
        self._give(line, listener)

    def _give(self, line: str, listener: Listener) -> None:
        self._shown = ""
        self._given += 1
        listener.line(line)

    def _take(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except OSError:
            data = b""
        self._ended = self._ended or not data
        self._bytes += data

    def _wait(self, descriptors: tuple[int, ...]) -> bool:
        """Wait for input; False: there is something else to do first."""
        ready, _, _ = select.select((*descriptors, self._wake[0]), (), ())
        if self._wake[0] not in ready:
            return True
        with suppress(BlockingIOError):
            os.read(self._wake[0], _CHUNK)
        return False

    def _over(self, listener: Listener) -> None:
        self._ended = True
        listener.over()

    def _print(self) -> None:
        if self._said:
            self._leave_line()
        while self._said:
            self._out.say(self._said.popleft())

    def _leave_line(self) -> None:
        if self._shown:
            self._out.say("\n")
        self._shown = ""

    @contextmanager
    def _unseen(self) -> Generator[None]:
        try:
            before = termios.tcgetattr(self._descriptor)
        except termios.error:
            yield
            return
        without = termios.tcgetattr(self._descriptor)
        without[3] = without[3] & ~termios.ECHO | termios.ICANON
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, without)
        try:
            yield
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    @contextmanager
    def _signals(self, listener: Listener) -> Generator[None]:
        def nudged(number: int, frame: FrameType | None) -> None:
            self._break_off()

        def interrupted(number: int, frame: FrameType | None) -> None:
            self._handled = time.monotonic()
            if self._lent:
                return  # it means whoever has the terminal
            listener.interrupt()
            self._dropped = True
            self._break_off()
            self._dropped = False

        def ended(number: int, frame: FrameType | None) -> None:
            self._handled = time.monotonic()
            listener.terminated()

        # Whoever stopped us may have left the terminal in another state.
        def resumed(number: int, frame: FrameType | None) -> None:
            self._handled = time.monotonic()
            self._break_off(sure=True)

        handlers = {_NUDGE: nudged, signal.SIGCONT: resumed, signal.SIGINT: interrupted}
        handlers |= dict.fromkeys(_ENDING, ended)
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        wakes = signal.set_wakeup_fd(self._alarm[1], warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakes)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _break_off(self, *, sure: bool = False) -> None:
        """Leave the editing of a line, if one is being edited: what was typed is kept. Between that
        and the end of our own call the line is whole already, and must not be lost."""
        editing = self._editing
        if self._reading and editing is not None and (sure or editing.is_under_way):
            editing.keep_typed()
            raise _BrokenOffError


@contextmanager
def _as_it_is() -> Generator[None]:
    yield
