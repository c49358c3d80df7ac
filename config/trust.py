"""What the user trusts of each project: bound to the content, kept in kedge's own data directory.

An entry holds for one folder, by its real path, and for exactly the text that was shown when it
was accepted; any other text is `Changed`.
"""

import fcntl
import hashlib
import os
import pathlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import msgspec

from .errors import ConfigError

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
        self._file = file
        self._clock = clock

    def all(self) -> dict[str, Accepted]:
        """Every folder with what was accepted of it; by path, in order of acceptance.

        Raises:
            ConfigError: the file cannot be read, is damaged, or others could have written it.
        """
        try:
            with open(self._file, "rb") as file:
                seen = os.fstat(file.fileno())
                data = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._error(f"cannot be read: {error.strerror}") from error
        if seen.st_uid not in (0, os.geteuid()) or seen.st_mode & 0o022:
            raise self._error("others can write it, so it says nothing about your trust")
        try:
            return msgspec.json.decode(data, type=dict[str, Accepted])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._error(f"not a list of trusted folders: {error}") from error

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
        with self._locked():
            kept = {name: entry for name, entry in self.all().items() if name != key}
            self._write({**kept, key: Accepted(digest(parts), self._clock(), parts)})

    def revoke(self, folder: str | None = None) -> tuple[str, ...]:
        """Forget a folder, or all; returns those that were trusted.

        Raises:
            ConfigError: as `all`.
            OSError: it cannot be written.
        """
        with self._locked():
            every = self.all()
            gone = tuple(name for name in every if folder is None or name == folder)
            if gone:
                self._write({name: entry for name, entry in every.items() if name not in gone})
        return gone

    def _error(self, reason: str) -> ConfigError:
        return ConfigError(
            reason, file=str(self._file), hint="remove it, and trust your folders anew"
        )

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Keeps a second process from writing between our reading and our writing."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._file.with_name(f".{self._file.name}.lock")
        with open(beside, "wb", opener=_privately) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, entries: dict[str, Accepted]) -> None:
        beside = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        with open(beside, "wb", opener=_privately) as file:
            file.write(msgspec.json.format(msgspec.json.encode(entries), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._file)


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


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
