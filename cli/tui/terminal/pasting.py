"""What the terminal sends, told apart: keys, pastes, late answers. Nothing of a paste is a key."""

import re
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Generator, Iterator
from typing import Final, Literal

from textual._xterm_parser import XTermParser
from textual.events import Key, Paste
from textual.message import Message

from ...terminal import harmless
from .background import Answers
from .typed_text import as_text

BEGIN: Final = "\x1b[200~"
"""Before and after a paste (xterm's control sequences, bracketed paste mode)."""
END: Final = "\x1b[201~"
_LOST: Final = 2.0
"""Seconds of silence after which the end of a paste, or of a marker, is no longer waited for."""
_KEYS_OWN: Final = 2
"""Characters with which the sequence of a pressed key may begin, too, and stop: Esc, Alt+[."""
_ONE_KEY: Final = re.compile(r"[^\x1b]|\x1b(?:[^\x1b]|[O\[][0-9;:<?]*[@-~])?", re.DOTALL)


class Hearing:
    """Makes messages of bytes, however they are cut.

    Textual's parser obeys what looks like a key within a paste, so that a clipboard could press
    Enter (or `!`). Here a paste is what stands between its markers, whatever that is, and its
    control characters are left out. What holds the end marker itself ends there: terminals take
    that out of what they paste.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is monotonic, in seconds."""
        self._clock = clock
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._parser = XTermParser()
        self._answers = Answers()
        self._state: Literal["typing", "pasting", "doubt"] = "typing"
        """`doubt`: the end of a paste did not come."""
        self._heard = 0.0
        self._tail = ""
        """The beginning of a marker with which all that was heard ends."""
        self._passed = 0
        """How much of it the parser has already: it may be a key."""
        self._pasted: list[str] = []

    def hear(self, data: bytes) -> Iterator[Message]:
        """What these bytes mean."""
        self._heard = self._clock()
        text = self._decode(data)
        while text:
            if self._state == "doubt":
                text = yield from self._doubted(text)
            elif self._state == "pasting":
                text = yield from self._paste(text)
            else:
                text = yield from self._typed(text)
        yield from self._parser.tick()

    def quiet(self) -> Iterator[Message]:
        """Nothing came for a moment: Esc is Esc, and what does not go on is over at last."""
        yield from self._keys(self._answers.rest())
        if self._clock() - self._heard >= _LOST:
            if self._state == "pasting":
                self._state = "doubt"
                yield from self._whole()
            elif self._state == "typing":
                held, self._passed = self._tail[self._passed :], len(self._tail)
                yield from self._keys(held)
        yield from self._parser.tick()

    def told(self) -> bool | None:
        """Whether the terminal's background is dark, once, when it has said so."""
        dark, self._answers.dark = self._answers.dark, None
        return dark

    def _typed(self, text: str) -> Generator[Message, None, str]:
        """Keys up to a paste; returns the rest."""
        text, passed = self._tail + text, self._passed
        place = text.find(BEGIN)
        if place >= 0:
            yield from self._answered(text[passed:place])
            yield from self._begun(passed if place == 0 else 0)
            return text[place + len(BEGIN) :]
        self._tail = tail = _begun_with(text, BEGIN)
        known = passed if tail == text else 0
        self._passed = known if len(tail) > _KEYS_OWN else len(tail)
        yield from self._answered(text[passed : len(text) - len(tail) + self._passed])
        return ""

    def _answered(self, text: str) -> Iterator[Message]:
        yield from self._keys(self._answers.without(text))

    def _keys(self, text: str) -> Iterator[Message]:
        if text:
            yield from map(as_text, self._parser.feed(text))

    def _begun(self, passed: int) -> Iterator[Message]:
        """A paste begins: what was held is over, what the parser has of the marker forgotten."""
        self._state, self._tail, self._passed = "pasting", "", 0
        yield from self._keys(self._answers.rest())
        for message in self._parser.feed(BEGIN[passed:] + END):
            if isinstance(message, Key) and not passed:
                yield message

    def _paste(self, text: str) -> Generator[Message, None, str]:
        """A paste up to its end; returns the rest."""
        text = self._tail + text
        pasted, end, rest = text.partition(END)
        self._tail = "" if end else _begun_with(text, END)
        self._pasted.append(pasted.removesuffix(self._tail))
        if end:
            self._state = "typing"
            yield from self._whole()
        return rest

    def _doubted(self, text: str) -> Generator[Message, None, str]:
        """After silence one key is one; all else still belongs to the paste."""
        if END not in self._tail + text and _ONE_KEY.fullmatch(text):
            self._state, self._tail = "typing", ""
            return text
        self._state = "pasting"
        return (yield from self._paste(text))

    def _whole(self) -> Iterator[Message]:
        pasted, self._pasted = "".join(self._pasted), []
        yield Paste(harmless(pasted.replace("\r\n", "\n").replace("\r", "\n")))


def _begun_with(text: str, marker: str) -> str:
    """The longest end of a text with which a marker begins."""
    lengths = range(len(marker) - 1, 0, -1)
    return next((marker[:length] for length in lengths if text.endswith(marker[:length])), "")
