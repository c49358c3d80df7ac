"""Where values come from: the layers as they were found, before they are laid over each other."""

import pathlib
import tomllib
from typing import Literal

from msgspec import Struct

from .errors import ConfigError
from .values import KeyPath, Table, dotted

LayerName = Literal[
    "default", "user", "project", "environment", "profile", "set", "flag", "session", "managed"
]
"""The layers, lowest first. `session`: what holds because of the session itself."""

_DEFAULTS = pathlib.Path(__file__).parent / "defaults" / "settings.toml"


class Source(Struct, frozen=True):
    """One place that values were written in."""

    layer: LayerName
    where: str
    """The file, the variable, the flag, or how it came about, in words."""
    text: str = ""
    """The whole file, or what the variable or flag said."""
    prefix: KeyPath = ()
    """The table of the file that is meant: `("profiles", NAME)` for a profile."""

    @property
    def is_file(self) -> bool:
        """Whether `where` is a file, so that values have lines."""
        return self.layer not in ("environment", "set", "flag", "session")

    def line_of(self, path: KeyPath) -> int:
        """The 1-based line that sets the value; 0 outside files. Scans the text, so is not for
        the hot path."""
        if not self.is_file:
            return 0
        # Its patterns take half a millisecond to compile, which only errors should pay.
        from .lines import line_of

        return line_of(self.text, (*self.prefix, *path))

    def line_of_item(self, path: KeyPath, index: int) -> int:
        """As `line_of`, of one element of the list at `path`."""
        if not self.is_file:
            return 0
        from .lines import line_of_item

        return line_of_item(self.text, (*self.prefix, *path), index)

    def error(self, path: KeyPath, reason: str, *, hint: str = "") -> ConfigError:
        """The error that says this about the value at `path`."""
        key = dotted((*self.prefix, *path))
        return ConfigError(reason, file=self.where, line=self.line_of(path), key=key, hint=hint)


class Layer(Struct, frozen=True):
    """What one source says."""

    source: Source
    values: Table


class Origin(Struct, frozen=True):
    """Where an effective value was set."""

    source: Source
    path: KeyPath
    """The keys that lead to it within the source."""
    index: int | None = None
    """Which element of the list there, from 0; None where it is the whole value."""

    @property
    def line(self) -> int:
        """1-based; 0 where there are no lines."""
        if self.index is None:
            return self.source.line_of(self.path)
        return self.source.line_of_item(self.path, self.index)

    def __str__(self) -> str:
        if self.source.layer == "default":
            return "default"
        return f"{self.source.where}:{self.line}" if self.source.is_file else self.source.where


class Problem(Struct, frozen=True):
    """A value that was left out, and why. The run goes on."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, self.reason) if part)


def defaults() -> Layer:
    """The packaged layer. It sets every scalar."""
    text = _DEFAULTS.read_text(encoding="utf-8")
    return Layer(Source("default", str(_DEFAULTS), text), tomllib.loads(text))


def read(layer: LayerName, file: pathlib.Path) -> Layer | None:
    """What a file says; None where there is no such file.

    Raises:
        ConfigError: it cannot be read, or is not TOML (with the line).
    """
    try:
        text = file.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"not UTF-8 at byte {error.start}", file=str(file), hint="save it as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}", file=str(file), hint="check its permissions"
        ) from error
    return Layer(Source(layer, str(file), text), parsed(text, str(file)))


def parsed(text: str, file: str) -> Table:
    """The tables of a TOML text.

    Raises:
        ConfigError: a syntax error, with its line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, file, error) from error


def _syntax_error(text: str, file: str, error: tomllib.TOMLDecodeError) -> ConfigError:
    # Before Python 3.14 the place is only in the message: "… (at line 3, column 7)".
    reason, _, place = str(error).rpartition(" (at ")
    line = place.removeprefix("line ").partition(",")[0]
    last = text.count("\n") + 1 if text else 1
    number = int(line) if line.isdecimal() else last
    return ConfigError(f"not TOML: {reason[:1].lower()}{reason[1:]}", file=file, line=number)
