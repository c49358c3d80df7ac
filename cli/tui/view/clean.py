"""What strangers wrote, as text that may stand on a screen: no control characters, no tabs."""

import re

from ...terminal import harmless

TAB = 4
"""Columns."""

# Control strings (OSC, DCS, APC, PM, SOS), which end with BEL or ST, and the two-character escapes
# that choose character sets (ECMA-48, 5.6; xterm's ctlseqs). What they hold is for no eyes.
_STRINGS = re.compile(r"\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[()*+#%][ -~]")
_OVERSTRUCK = re.compile(r"[^\x08\n]\x08")


def words(text: str) -> str:
    """Text of a model, a tool or a file. Lines end with `\\n` and nothing else."""
    if not text.isascii():
        # Lone surrogates, as JSON may hold them, can be written to no terminal.
        text = text.encode("utf-8", "replace").decode().replace("\u2028", "\n")
    if "\x1b" in text:
        text = _STRINGS.sub("", text)
    return harmless(text.replace("\r\n", "\n")).expandtabs(TAB)


def printed(text: str) -> str:
    """Output of a command as a terminal would leave it: lines that were written over show what was
    written last. Colours are lost."""
    if "\x1b" in text:
        text = _STRINGS.sub("", text)
    text = text.replace("\r\n", "\n")
    while "\x08" in text and (shorter := _OVERSTRUCK.sub("", text)) != text:
        text = shorter
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return words(text)


def one_line(text: str) -> str:
    """The first line that has words."""
    return next((line for line in words(text).split("\n") if line.strip()), "").strip()
