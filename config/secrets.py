"""Finds keys in the environment, and keeps them out of everything that is printed or stored."""

from collections.abc import Mapping
from typing import NoReturn

from .providers import ProviderTable, names
from .providers import table as provider_table
from .values import Table


class Key:
    """A key whose value no `print`, log, traceback or pickle shows.

    Not a struct: those print and encode every field.
    """

    __slots__ = ("_value", "origin", "variable")

    def __init__(self, value: str, variable: str, origin: str = "") -> None:
        self._value = value
        self.variable = variable
        """The environment variable that is for it."""
        self.origin = origin or f"from {variable}"
        """Where it came from, in words that follow `the key is`."""

    def reveal(self) -> str:
        """The key itself, for the header that carries it and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return f"Key(from {self.variable})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Key is not pickled or copied")


def find_key(table: ProviderTable, env: Mapping[str, str]) -> Key | None:
    """The provider's key: the first of its variables that is set and not blank; None if none is.

    White space around it (a trailing newline of a secrets file, mostly) is dropped: no header
    could carry it.
    """
    for variable in table.key_env:
        if value := env.get(variable, "").strip():
            return Key(value, variable)
    return None


def key_variables(overrides: Mapping[str, Table]) -> frozenset[str]:
    """Every variable that may hold a key of any provider: no command inherits one of them."""
    return frozenset(
        name for known in names(overrides) for name in provider_table(known, overrides).key_env
    )
