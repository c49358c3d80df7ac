"""What the user trusts of each project: bound to the content, kept in kedge's own data directory.

An entry holds for one folder, by its real path, and for exactly the text that was shown when it
was accepted; any other text is `Changed`.
"""

import hashlib
import os
import pathlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from .errors import ConfigError
from .own_file import OwnFile

FILE: Final = "trust.json"
"""Its name in the data directory."""


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was accepted of one folder."""

    hash: str
    when: datetime
    text: str
    """What was shown, so that a later change can be."""


class Trusted(msgspec.Struct, frozen=True, tag="trusted"):
    """Exactly this was accepted."""

    when: datetime


class Changed(msgspec.Struct, frozen=True, tag="changed"):
    """Something else was accepted before."""

    diff: str
    """Unified, from what was accepted to what is there now."""


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Nothing was ever accepted of this folder."""


Standing = Trusted | Changed | Unknown
"""How a folder stands."""


class Trust:
    """The folders that this person trusts."""

    def __init__(
        self, file: pathlib.Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._file = OwnFile(file, "remove it, and trust your folders anew")
        self._clock = clock

    def all(self) -> dict[str, Accepted]:
        """Every folder with what was accepted of it; by path, in order of acceptance.

        Raises:
            ConfigError: the file cannot be read, is damaged, or others could have written it.
        """
        data = self._file.read()
        if data is None:
            return {}
        try:
            return msgspec.json.decode(data, type=dict[str, Accepted])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._file.error(f"not a list of trusted folders: {error}") from error

    def state(self, folder: pathlib.Path, parts: str) -> Standing:
        """How a folder, links resolved, stands if this is what it brings.

        Raises:
            ConfigError: as `all`.
        """
        accepted = self.all().get(_key(folder))
        if accepted is None:
            return Unknown()
        if accepted.hash == digest(parts):
            return Trusted(accepted.when)
        return Changed(difference(accepted.text, parts))

    def accept(self, folder: pathlib.Path, parts: str) -> None:
        """Trust a folder, links resolved, for exactly this.

        Raises:
            ConfigError: as `all`, or the folder's name is no text.
            OSError: it cannot be written.
        """
        key = _key(folder)
        if not key:
            raise ConfigError(f"{str(folder)!r} is not UTF-8, so it cannot be trusted")
        with self._file.locked():
            kept = {name: entry for name, entry in self.all().items() if name != key}
            self._write({**kept, key: Accepted(digest(parts), self._clock(), parts)})

    def revoke(self, folder: str | None = None) -> tuple[str, ...]:
        """Forget a folder, or all; returns those that were trusted.

        Raises:
            ConfigError: as `all`.
            OSError: it cannot be written.
        """
        with self._file.locked():
            every = self.all()
            gone = tuple(name for name in every if folder is None or name == folder)
            if gone:
                self._write({name: entry for name, entry in every.items() if name not in gone})
        return gone

    def _write(self, entries: dict[str, Accepted]) -> None:
        self._file.write(msgspec.json.format(msgspec.json.encode(entries), indent=1) + b"\n")


def digest(parts: str) -> str:
    """The hash that trust is bound to."""
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def difference(before: str, after: str) -> str:
    """What changed, as a unified diff of all lines."""
    # Only what changed pays for difflib.
    import difflib

    return "\n".join(
        difflib.unified_diff(
            before.splitlines(), after.splitlines(), "trusted", "now", n=1, lineterm=""
        )
    )


def _key(folder: pathlib.Path) -> str:
    """The folder's path; empty, which is no folder's, if it is no text."""
    try:
        return os.fsencode(folder).decode()
    except UnicodeDecodeError:
        return ""
