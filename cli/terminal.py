"""What a terminal may be shown, and how: colours where wanted, no control codes of strangers."""

import os
import re
from collections.abc import Mapping

from ..config.errors import KedgeError

# Everything that could move the cursor, change colours or write to the clipboard, including the
# C1 range and the bidirectional overrides that can make text read as what it is not.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

_USUAL = os.terminal_size((80, 24))


def harmless(text: str) -> str:
    """Text of a model, a tool or a file, without anything that a terminal would act on."""
    return _CONTROL.sub("", text)


def visible(text: str) -> str:
    """All of a text of theirs, with a sign for whatever a terminal would act on and for line ends
    that others may not see: where a person judges it, nothing may be hidden. Lines end with `\\n`,
    and tabs stay."""
    return _UNSEEN.sub(_sign, text.replace("\r\n", "\n"))


def _sign(found: re.Match[str]) -> str:
    """Unicode has pictures of ASCII's control characters."""
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


def in_a_line(text: str) -> str:
    """The same for what is one line whatever is in it, such as the name of a file."""
    return harmless(text.replace("\n", "\\n"))


def fitting(line: str, cells: int) -> str:
    """The beginning that surely fits: from U+1100 on, a character may take two cells."""
    used = 0
    for place, character in enumerate(line):
        used += 2 if character >= "\u1100" else 1
        if used > cells:
            return line[:place]
    return line


class Style:
    """Colours, or none: `NO_COLOR` (no-color.org), `TERM=dumb` and pipes get none."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour
        """Whether anything looks otherwise than the rest."""

    @classmethod
    def of(cls, out: "Out", env: Mapping[str, str]) -> "Style":
        """The style for a stream."""
        plain = bool(env.get("NO_COLOR")) or env.get("TERM") == "dumb"
        return cls(out.is_terminal and not plain)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def dim(self, text: str) -> str:
        """Beside the point."""
        return self._paint("2", text)

    def strong(self, text: str) -> str:
        """The point."""
        return self._paint("1", text)

    def marked(self, text: str) -> str:
        """What it is about, within something that is the point."""
        return self._paint("1;4;7", text)

    def good(self, text: str) -> str:
        """Added, passed, done."""
        return self._paint("32", text)

    def bad(self, text: str) -> str:
        """Removed, failed, denied."""
        return self._paint("31", text)

    def hint(self, text: str) -> str:
        """Names and notices."""
        return self._paint("36", text)


class Out:
    """A standard stream that a reader may close at any time without harm to the run."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._gone = False
        self.trouble = ""
        """Why something was lost although the reader did not go away, such as a full disk."""

    @property
    def is_terminal(self) -> bool:
        """Whether a person's terminal would act on what is written."""
        return os.isatty(self._descriptor)

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines of the terminal; 80 by 24 where it does not say."""
        try:
            size = os.get_terminal_size(self._descriptor)
        except OSError:
            return _USUAL
        return os.terminal_size((size.columns or _USUAL.columns, size.lines or _USUAL.lines))

    def same_place(self, other: "Out") -> bool:
        """Whether both lead to one file, pipe or terminal (`2>&1`)."""
        return os.path.samestat(os.fstat(self._descriptor), os.fstat(other._descriptor))

    def write(self, data: bytes) -> None:
        """Write everything; once the reader is gone, nothing."""
        view = memoryview(data)
        while view and not self._gone:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                os.set_blocking(self._descriptor, True)
            except BrokenPipeError:
                self._gone = True
            except OSError as error:
                self._gone = True
                self.trouble = error.strerror or str(error)

    def say(self, text: str) -> None:
        """Write words."""
        self.write(text.encode("utf-8", "replace"))

    def require_whole(self) -> None:
        """Return if nothing was lost but to a reader who went away.

        Raises:
            KedgeError: something was.
        """
        if self.trouble:
            raise KedgeError(f"cannot print: {self.trouble}")
