"""The keys that a person had kedge keep: in one private file of its own, in none that is shared."""

import pathlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from .own_file import OwnFile

if TYPE_CHECKING:
    from .secrets import Key

FILE: Final = "keys.json"
"""Its name in the data directory, which is nobody's repository."""

KEPT: Final = "kept by kedge"
"""Where such a key is from, in words."""


class KeptKeys:
    """The keys of this person, by the variable that each stands in for."""

    def __init__(self, file: pathlib.Path) -> None:
        self.file = file
        self._own = OwnFile(
            file,
            "if it is yours alone, chmod 600 makes it so again; else remove it, and give your keys "
            "anew: kedge login",
            secret=True,
        )

    def all(self) -> Mapping[str, "Key"]:
        """Every key.

        Raises:
            ConfigError: the file cannot be read, is damaged, or others can read or write it.
        """
        data = self._own.read()
        if data is None:
            return {}
        try:
            values = msgspec.json.decode(data, type=dict[str, str])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._own.error(f"not a list of keys: {error}") from error
        for variable, value in values.items():
            if not (variable and is_key(value)):
                raise self._own.error(f"what it has for {variable!r} is no key")
        # Most starts find no file, and need not know providers.
        from .secrets import Key

        return {variable: Key(value, variable, KEPT) for variable, value in values.items()}

    def keep(self, variable: str, value: str) -> None:
        """Keep a key, see `is_key`, in place of the one that was kept for the variable.

        Raises:
            ConfigError: as `all`.
            OSError: it cannot be written.
        """
        with self._own.locked():
            self._write({**_revealed(self.all()), variable: value})

    def forget(self, variables: Collection[str]) -> tuple[str, ...]:
        """Keep these no longer; returns those that were kept.

        Raises:
            ConfigError: as `all`.
            OSError: it cannot be written.
        """
        with self._own.locked():
            every = _revealed(self.all())
            gone = tuple(variable for variable in every if variable in variables)
            if gone:
                self._write({name: key for name, key in every.items() if name not in gone})
        return gone

    def _write(self, values: Mapping[str, str]) -> None:
        self._own.write(msgspec.json.format(msgspec.json.encode(values), indent=1) + b"\n")


def is_key(text: str) -> bool:
    """Whether a text could be a key: what no header can carry is none."""
    return bool(text) and text.isascii() and text.isprintable() and text == text.strip()


def _revealed(keys: Mapping[str, "Key"]) -> Mapping[str, str]:
    return {variable: key.reveal() for variable, key in keys.items()}
