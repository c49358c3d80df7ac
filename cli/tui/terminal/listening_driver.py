"""Textual's driver, heard by ourselves: Esc counts as soon as nothing follows it, and what the
terminal answers late is no typing."""

import os
import re
import select
import signal
from codecs import getincrementaldecoder
from functools import cached_property
from typing import Final

from textual._xterm_parser import XTermParser
from textual.constants import ESCAPE_DELAY
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from .background import ATTRIBUTES, COLOUR, is_dark
from .window_title import WindowTitle

_TICK: Final = 0.1
"""Seconds between two looks at whether it is over."""
_SETTLED: Final = ESCAPE_DELAY + 0.002
"""Seconds after the last byte after which Esc is Esc: a little later than Textual's parser asks."""
_CHUNK: Final = 1 << 16
_ANSWERS: Final = re.compile(f"{COLOUR}|{ATTRIBUTES}")
_BEGUN: Final = re.compile(r"\x1b(?:\]11;[^\x07\x1b]*\x1b?|\[\?[0-9;]*)\Z")
"""An answer of which the end is missing. What a key sends never begins like that."""


class BackgroundTold(Message):
    """The terminal has said at last whether its background is dark."""

    def __init__(self, *, dark: bool) -> None:
        super().__init__()
        self.dark = dark


class Answers:
    """Takes what the terminal answers out of what is typed."""

    def __init__(self) -> None:
        self.dark: bool | None = None
        """What it said of its background; None: nothing yet."""
        self._held = ""

    def without(self, typed: str) -> str:
        """What is left of this; the beginning of an answer is held until its end comes."""
        text = self._held + typed
        for found in _ANSWERS.finditer(text):
            if found["red"]:
                self.dark = is_dark(found)
        text = _ANSWERS.sub("", text)
        begun = _BEGUN.search(text)
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return text[:end]

    def rest(self) -> str:
        """What was held and turned out to be no answer, since nothing came after it."""
        held, self._held = self._held, ""
        return held


class ListeningDriver(LinuxDriver):
    """As Textual's driver, but for how the keyboard is read.

    Textual looks only every 100 ms whether an Esc was more than the beginning of another key.
    The window's title is ours only as long as the terminal is.
    """

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

    def run_input_thread(self) -> None:
        """See `LinuxDriver.run_input_thread`. A terminal that is gone is told as the kernel tells
        whoever leads a session."""
        parser, answers = XTermParser(), Answers()
        decode = getincrementaldecoder("utf-8")("replace").decode
        patience = _TICK
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], patience)[0]:
                data = self._read()
                if not data:
                    os.kill(os.getpid(), signal.SIGHUP)
                    return
                text, patience = answers.without(decode(data)), _SETTLED
            else:
                text, patience = answers.rest(), _TICK
            for message in (*(parser.feed(text) if text else ()), *parser.tick()):
                self.process_message(message)
            if answers.dark is not None:
                self.send_message(BackgroundTold(dark=answers.dark))
                answers.dark = None

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _CHUNK)
        except OSError:
            return b""
