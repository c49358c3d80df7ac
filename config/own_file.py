"""A file of kedge's own that says what is allowed, or holds keys: private, whole at any time,
changed by several processes one after the other."""

import os
import pathlib
from collections.abc import Generator
from contextlib import contextmanager

from .errors import ConfigError
from .private import private_folder
from .replacing import alone, replace_file


class OwnFile:
    """One such file. It need not exist."""

    def __init__(self, path: pathlib.Path, hint: str, *, secret: bool = False) -> None:
        """`hint` says what a person does when it is damaged. What is `secret` nobody else may so
        much as read."""
        self._path = path
        self._hint = hint
        self._secret = secret

    def read(self) -> bytes | None:
        """What is in it; None if there is none.

        Raises:
            ConfigError: it cannot be read, others could have written it, or, where it is secret,
                read it.
        """
        try:
            with open(self._path, "rb") as file:
                seen = os.fstat(file.fileno())
                data = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self.error(f"cannot be read: {error.strerror}") from error
        if seen.st_uid not in (0, os.geteuid()) or seen.st_mode & 0o022:
            raise self.error("others can write it, so it says nothing about what you allow")
        if self._secret and seen.st_mode & 0o044:
            raise self.error("others can read it, so what it holds is no secret")
        return data

    def error(self, reason: str) -> ConfigError:
        """What is wrong with it, with its place and what to do."""
        return ConfigError(reason, file=str(self._path), hint=self._hint)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keeps a second process from writing between our reading and our writing."""
        private_folder(self._path.parent)
        with alone(self._path.with_name(f".{self._path.name}.lock")):
            yield

    def write(self, data: bytes) -> None:
        """Put this in its place, whole or not at all.

        Raises:
            OSError: it cannot be written; it is as it was.
        """
        replace_file(self._path, data)
