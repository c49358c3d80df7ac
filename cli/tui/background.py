"""Asks a terminal for the colour of its background, before anything is drawn there."""

import os
import re
import select
import termios
import time
import tty
from typing import Final

from msgspec import Struct

SECONDS: Final = 1.0
"""How long an answer may take. A terminal that does not know the question answers the one after
it, so that only lines without a terminal at their end take so long."""

_QUESTION: Final = b"\x1b]11;?\x1b\\\x1b[c"
"""OSC 11, the background (xterm's control sequences), then DA1, which every terminal answers."""
_COLOUR = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_ATTRIBUTES = re.compile(rb"\x1b\[\?[0-9;]*c")


class Background(Struct, frozen=True):
    """What a terminal said."""

    dark: bool | None
    """None: it did not say."""
    typed: bytes
    """What a person typed meanwhile, or before; it is for the prompt."""


def ask_background(keyboard: int, screen: int, seconds: float = SECONDS) -> Background:
    """Ask the terminal behind two descriptors, which may be the same. Nothing is echoed, and
    nothing that was typed is lost. A terminal that is gone says nothing."""
    try:
        before = termios.tcgetattr(keyboard)
    except termios.error:
        return Background(None, b"")
    try:
        # Not the default, which would throw away what was typed.
        tty.setcbreak(keyboard, termios.TCSADRAIN)
        os.write(screen, _QUESTION)
        heard = _listen(keyboard, seconds)
    except (OSError, termios.error):
        return Background(None, b"")
    finally:
        _restore(keyboard, before)
    colour = _COLOUR.search(heard)
    typed = _ATTRIBUTES.sub(b"", _COLOUR.sub(b"", heard), count=1)
    return Background(_is_dark(colour) if colour else None, typed)


def _listen(keyboard: int, seconds: float) -> bytes:
    """All that comes until the last answer."""
    heard = b""
    end = time.monotonic() + seconds
    while not _ATTRIBUTES.search(heard):
        ready, _, _ = select.select([keyboard], [], [], max(0.0, end - time.monotonic()))
        chunk = os.read(keyboard, 4096) if ready else b""
        if not chunk:
            break
        heard += chunk
    return heard


def _restore(keyboard: int, before: list[int | list[bytes | int]]) -> None:
    try:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
    except termios.error:
        return


def _is_dark(colour: re.Match[bytes]) -> bool:
    """By what the eye makes of red, green and blue (ITU-R BT.601)."""
    red, green, blue = (int(part, 16) / int(b"f" * len(part), 16) for part in colour.groups())
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
