"""Turns what a program prints for a terminal into the text that a person would have read."""

import codecs
import re

_SEQUENCE = re.compile(
    # ECMA-48 section 5: control sequences, control strings, other escapes. Lengths are bounded
    # and strings end at a newline, so that stray bytes of a binary cannot swallow what follows.
    r"(?P<csi>\x1b\[[0-?]{0,64}[ -/]{0,8})(?P<final>[@-~]?)"
    r"|(?P<string>\x1b[\]PX^_][^\x07\x1b\n]{0,4096})(?P<end>\x07|\x1b\\|)"
    r"|(?P<escape>\x1b[ -/]{0,8})(?P<last>[0-Z\\`-~]?)"
    r"|(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f])"
)
_HAS_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ERASE_TO_END = ("\x1b[", "\x1b[0")
_ERASE_LINE = "\x1b[2"
_HELD = 65_536
"""Characters of an unfinished line that a carriage return can still take back."""


class Cleaner:
    """Decodes UTF-8, drops escape sequences and control characters, collapses redrawn lines.

    A carriage return takes back the line as soon as something else is written over it, as progress
    bars do; a backspace takes back one character. What comes out depends on the bytes only, never
    on how they were cut into chunks. Bytes that are not UTF-8 become U+FFFD.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = ""
        self._line = ""
        self._returned = False

    @property
    def pending(self) -> str:
        """The unfinished line, which nothing has taken back yet."""
        return self._line

    def feed(self, chunk: bytes) -> str:
        """Return the text that is settled now; its last line may go on."""
        return self._take(self._waiting + self._decoder.decode(chunk), last=False)

    def finish(self) -> str:
        """Return the rest. An escape sequence that was not finished is dropped."""
        rest = self._take(self._waiting + self._decoder.decode(b"", final=True), last=True)
        rest, self._line, self._returned = rest + self._line, "", False
        return rest

    def _take(self, text: str, *, last: bool) -> str:
        self._waiting = ""
        if not _HAS_CONTROL.search(text):
            return self._print(text)
        settled: list[str] = []
        at = 0
        for match in _SEQUENCE.finditer(text):
            settled.append(self._print(text[at : match.start()]))
            at = match.end()
            if at == len(text) and not last and _is_open(match):
                self._waiting = match.group()
                break
            self._obey(match)
        else:
            settled.append(self._print(text[at:]))
        return "".join(settled)

    def _obey(self, match: re.Match[str]) -> None:
        if match["control"] == "\r":
            self._returned = True
        elif match["control"] == "\b":
            self._line = self._line[:-1]
        elif match["final"] == "K":
            erases = match["csi"]
            if erases == _ERASE_LINE or (self._returned and erases in _ERASE_TO_END):
                self._line = ""

    def _print(self, text: str) -> str:
        """Add text without control characters but newlines; return what is settled by it."""
        if not text:
            return ""
        if self._returned:
            self._returned = False
            if text[0] != "\n":
                self._line = ""
        done, newline, rest = text.rpartition("\n")
        settled = ""
        if newline:
            settled, self._line = self._line + done + newline, ""
        self._line += rest
        if len(self._line) >= _HELD:
            whole = len(self._line) - len(self._line) % _HELD
            settled, self._line = settled + self._line[:whole], self._line[whole:]
        return settled


def _is_open(match: re.Match[str]) -> bool:
    """Whether the sequence, found at the end of the text, may go on in the next chunk."""
    return match["final"] == "" or match["end"] == "" or match["last"] == ""
