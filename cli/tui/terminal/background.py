"""Which palette suits a terminal: by what its variables say, or by the colour of its background,
for which it is asked while everything else is made ready."""

import os
import re
import select
import termios
import time
import tty
from collections.abc import Mapping
from typing import AnyStr, Final, Literal, Self

from msgspec import Struct

SECONDS: Final = 0.1
"""How long an answer may take, from the question on. Later ones are heard by `Hearing`."""

_QUESTION: Final = b"\x1b]11;?\x1b\\\x1b[c"
"""OSC 11, the background (xterm's control sequences), then DA1, which every terminal answers: one
that does not know the first question is not waited for."""
COLOUR: Final = (
    r"\x1b\]11;rgba?:(?P<red>[0-9a-fA-F]+)/(?P<green>[0-9a-fA-F]+)/(?P<blue>[0-9a-fA-F]+)"
    r"[^\x07\x1b]*(?:\x07|\x1b\\)"
)
"""How the first question is answered."""
ATTRIBUTES: Final = r"\x1b\[\?[0-9;]*c"
"""How the second one is."""
_ANSWERS: Final = re.compile(f"{COLOUR}|{ATTRIBUTES}")
_BEGUN: Final = re.compile(r"\x1b(?:\]11;[^\x07\x1b]*\x1b?|\[\?[0-9;]*)\Z")
"""An answer of which the end is missing. What a key sends never begins like that."""
_COLOUR = re.compile(COLOUR.encode())
_ATTRIBUTES = re.compile(ATTRIBUTES.encode())

_DARK_NUMBERS: Final = frozenset({"0", "1", "2", "3", "4", "5", "6", "8"})
"""Of the sixteen colours those that are dark as a background."""


class Background(Struct, frozen=True):
    """What a terminal said."""

    dark: bool | None
    """None: it did not say."""
    typed: bytes
    """What a person typed meanwhile, or before; it is for the prompt."""


class Question:
    """Asks the terminal behind two descriptors, which may be the same. Until the answer is taken,
    nothing is echoed; nothing that was typed is lost. A terminal that is gone says nothing."""

    def __init__(self, keyboard: int, screen: int, *, asks: bool = True) -> None:
        """Ask, unless nobody wants to know: then nothing is said."""
        self._keyboard = keyboard
        self._asked = time.monotonic()
        self._before: list[int | list[bytes | int]] | None = None
        if asks:
            self._ask(screen)

    def _ask(self, screen: int) -> None:
        try:
            self._before = termios.tcgetattr(self._keyboard)
            # Not the default, which would throw away what was typed.
            tty.setcbreak(self._keyboard, termios.TCSADRAIN)
            os.write(screen, _QUESTION)
        except (OSError, termios.error):
            self._restore()

    def answer(self, seconds: float = SECONDS) -> Background:
        """What it says within so many seconds after it was asked; to be called once."""
        if self._before is None:
            return Background(None, b"")
        try:
            heard = self._listen(self._asked + seconds)
        finally:
            self._restore()
        colour = _COLOUR.search(heard)
        typed = _ATTRIBUTES.sub(b"", _COLOUR.sub(b"", heard), count=1)
        return Background(is_dark(colour) if colour else None, typed)

    def _listen(self, end: float) -> bytes:
        """All that comes until the last answer."""
        heard = b""
        while not _ATTRIBUTES.search(heard):
            ready, _, _ = select.select([self._keyboard], [], [], max(0.0, end - time.monotonic()))
            try:
                chunk = os.read(self._keyboard, 4096) if ready else b""
            except OSError:
                break
            if not chunk:
                break
            heard += chunk
        return heard

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was, whether it answered or not."""
        self._restore()

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            try:
                termios.tcsetattr(self._keyboard, termios.TCSADRAIN, before)
            except termios.error:
                return


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


def is_dark(colour: re.Match[AnyStr]) -> bool:
    """By what the eye makes of red, green and blue (ITU-R BT.601)."""
    red, green, blue = (
        int(colour[name], 16) / ((1 << 4 * len(colour[name])) - 1)
        for name in ("red", "green", "blue")
    )
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


def automatic(env: Mapping[str, str]) -> Literal["none", "ansi", "light", "dark", ""]:
    """The name of the palette for a terminal; empty: it has to be asked for its background."""
    if env.get("NO_COLOR") or env.get("TERM") == "dumb":
        return "none"
    if _has_few_colours(env):
        return "ansi"
    # The variable that rxvt brought up, `FG;BG`.
    number = env.get("COLORFGBG", "").rpartition(";")[2]
    if number.isdigit():
        return "dark" if number in _DARK_NUMBERS else "light"
    return ""


def _has_few_colours(env: Mapping[str, str]) -> bool:
    """Whether colours would be rounded to the sixteen: the rule by which Rich tells."""
    if env.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return False
    return env.get("TERM", "").rpartition("-")[2] not in ("256color", "kitty", "direct", "ghostty")
