"""Textual's driver, heard by ourselves: Esc counts as soon as nothing follows it, and what the
terminal answers late is no typing."""

import os
import select
import signal
from functools import cached_property
from typing import Final

from textual.constants import ESCAPE_DELAY
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from .pasting import Hearing
from .unbreakable import Unbreakable
from .window_title import WindowTitle

_TICK: Final = 0.1
"""Seconds between two looks at whether it is over."""
_SETTLED: Final = ESCAPE_DELAY + 0.002
"""Seconds after the last byte after which Esc is Esc: a little later than Textual's parser asks."""
_CHUNK: Final = 1 << 16


class BackgroundTold(Message):
    """The terminal has said at last whether its background is dark."""

    def __init__(self, *, dark: bool) -> None:
        super().__init__()
        self.dark = dark


class ListeningDriver(LinuxDriver):
    """As Textual's driver, but for how the keyboard is read.

    Textual looks only every 100 ms whether an Esc was more than the beginning of another key.
    The window's title is ours only as long as the terminal is.
    """

    @cached_property
    def _screen(self) -> Unbreakable:
        return Unbreakable(2)

    def survive(self) -> None:
        """Write so that a terminal that is gone or stands still keeps nobody waiting."""
        self._file = self._screen.as_text()

    def write(self, data: str) -> None:
        """See `Driver.write`. While another program has the terminal nobody would take it."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def give_up(self) -> None:
        """Write nothing any more, and wait for nothing that is being written: for any thread."""
        self._screen.give_up()

    @cached_property
    def _title(self) -> WindowTitle:
        return WindowTitle(os.environ)

    def entitle(self, words: str, *, asks: bool) -> None:
        """Let the window's title be this; `asks`: whether a question waits."""
        if sequence := self._title.show(words, asks=asks):
            self.write(sequence)
            self.flush()

    def stop_application_mode(self) -> None:
        """See `LinuxDriver.stop_application_mode`."""
        self.write(self._title.restore())
        super().stop_application_mode()

    def resume_application_mode(self) -> None:
        """See `Driver.resume_application_mode`."""
        super().resume_application_mode()
        self.write(self._title.again())

    def _sigcont_application(self, *_: object) -> None:
        """See `LinuxDriver`. Whom SIGSTOP stopped did not let go of the terminal before: without
        that Textual would read and write it once more, and take its state for that of the shell."""
        if not self._auto_restart:
            return
        if self._key_thread is not None and self._key_thread.is_alive():
            self._must_signal_resume = True
            self.suspend_application_mode()
        self.resume_application_mode()

    def run_input_thread(self) -> None:
        """See `LinuxDriver.run_input_thread`. A terminal that is gone is told as the kernel tells
        whoever leads a session."""
        hearing, patience = Hearing(), _TICK
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], patience)[0]:
                data = self._read()
                if not data:
                    os.kill(os.getpid(), signal.SIGHUP)
                    return
                messages, patience = hearing.hear(data), _SETTLED
            else:
                messages, patience = hearing.quiet(), _TICK
            for message in messages:
                self.process_message(message)
            if (dark := hearing.told()) is not None:
                self.send_message(BackgroundTold(dark=dark))

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _CHUNK)
        except OSError:
            return b""
