"""Teaches Textual keys that terminals without the Kitty keyboard protocol do send."""

from enum import StrEnum
from typing import cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


class _Key(StrEnum):
    """Like `textual.keys.Keys`, which has no such member and cannot be given one."""

    ALT_ENTER = "alt+enter"
    ALT_BACKSPACE = "alt+backspace"


def hear_legacy_keys() -> None:
    """Tell Alt+Enter from Enter in every terminal.

    Alt is sent as ESC before the key (xterm's `metaSendsEscape`); Textual 8.2 obeys that for
    single characters only, and would have Alt+Enter send the prompt. There is no public way to
    add a sequence. May be called any number of times.
    """
    # Textual takes only the value of what stands in the table, which it declares as read-only.
    table = cast("dict[str, tuple[_Key, ...]]", ANSI_SEQUENCES_KEYS)
    table["\x1b\r"] = (_Key.ALT_ENTER,)
    table["\x1b\x7f"] = (_Key.ALT_BACKSPACE,)
