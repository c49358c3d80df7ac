"""`kedge login` and `kedge logout`: the keys of providers that kedge keeps."""

import sys
from collections.abc import Mapping

from ...config.errors import KedgeError, UsageError
from ...config.kept_keys import is_key
from ...config.providers import ProviderTable, names, table
from ...config.secrets import Key, find_key
from ...config.values import Table
from ..provider_keys import (
    NO_KEY,
    ORIGINS,
    forget_keys,
    had_at,
    keep_key,
    key_file,
    key_of,
    origin_of,
)
from ..surroundings import Surroundings, surroundings
from ..terminal import harmless
from .settings import load_for_commands

_LONGEST = 10_000
"""Characters of the line that is read."""


def list_keys() -> None:
    """Print the providers that take a key, and where theirs is from.

    Raises:
        KedgeError: the configuration, or the file of keys, is wrong.
    """
    where = surroundings()
    known = _keyed(load_for_commands(where).settings.providers)
    for provider in known:
        sys.stdout.write(f"{harmless(provider.name):<14} {_standing(provider, where)}\n")
    theirs = {variable for provider in known for variable in provider.key_env}
    for variable in where.kept:
        if variable not in theirs:
            sys.stdout.write(f"{harmless(variable)}: kept, and of no provider that is configured\n")
    sys.stdout.write(
        f"\nkedge login PROVIDER keeps a key in {key_file(where).file}, which only you can read; "
        "kedge logout PROVIDER forgets it.\n"
    )


def login(name: str) -> None:
    """Keep a provider's key: asked for at a terminal, else the first line of stdin.

    Raises:
        KedgeError: there is no such provider, no key was given, or it cannot be kept.
    """
    where = surroundings()
    provider = _named(name, load_for_commands(where).settings.providers)
    variable = provider.key_env[0]
    key = _asked(provider) if sys.stdin.isatty() else _piped(provider)
    if not is_key(key):
        raise UsageError(NO_KEY, hint="nothing is kept")
    keep_key(where, Key(key, variable))
    sys.stdout.write(
        f"The key of {provider.title} is kept in {key_file(where).file}; "
        f"kedge logout {provider.name} forgets it.\n"
    )
    if outside := find_key(provider, where.env):
        sys.stdout.write(f"{outside.variable} of your environment counts more.\n")


def logout(name: str) -> None:
    """Forget the key of a provider, or of a variable.

    Raises:
        KedgeError: there is no such provider, or no key of it is kept.
    """
    where = surroundings()
    providers = load_for_commands(where).settings.providers
    variables = (name,) if name in where.kept else _named(name, providers).key_env
    after, gone = forget_keys(where, variables)
    if not gone:
        raise KedgeError(f"no key of {name!r} is kept", hint="kedge login shows what is")
    sys.stdout.write(f"The key of {harmless(name)} is forgotten.\n")
    if name in names(providers) and (left := key_of(table(name, providers), after)):
        sys.stdout.write(f"{left.variable} of your environment still counts.\n")


def _keyed(providers: Mapping[str, Table]) -> list[ProviderTable]:
    known = (table(name, providers) for name in names(providers))
    return [provider for provider in known if provider.takes_a_key]


def _standing(provider: ProviderTable, where: Surroundings) -> str:
    """Where its key is from, or the variable that it would stand in for."""
    key, origin = key_of(provider, where), origin_of(provider, where)
    if key is None or origin is None:
        return f"no key ({provider.key_env[0]})"
    shadowed = any(name in where.kept for name in provider.key_env) and origin != "kept"
    return f"{ORIGINS[origin]} ({key.variable})" + ("; another one is kept" if shadowed else "")


def _named(name: str, providers: Mapping[str, Table]) -> ProviderTable:
    if name not in names(providers):
        # Only a mistake pays for difflib.
        from ...config.explain import nearest

        close = nearest(name, [provider.name for provider in _keyed(providers)])
        guess = f"; did you mean {close!r}?" if close else ""
        raise UsageError(f"unknown provider {name!r}{guess}", hint="kedge login lists all")
    provider = table(name, providers)
    if not provider.takes_a_key:
        more = "needs none" if provider.local else "needs more than a key"
        raise UsageError(f"{provider.title} {more}", hint=f"see kedge models {name}")
    return provider


def _asked(provider: ProviderTable) -> str:
    # Only who is asked waits for it.
    from getpass import getpass

    sys.stderr.write(f"{had_at(provider)}.\n")
    try:
        return getpass(f"The key of {provider.title} (not shown): ").strip()
    except EOFError as error:
        raise UsageError("no key was given", hint="nothing is kept") from error


def _piped(provider: ProviderTable) -> str:
    line = sys.stdin.buffer.readline(_LONGEST).decode("utf-8", "replace").strip()
    if not line:
        hint = f"pipe it in, as in: printenv MY_KEY | kedge login {provider.name}"
        raise UsageError("stdin holds no key, and there is no terminal to ask on", hint=hint)
    return line
