"""Where a process runs: everything ambient, taken in once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from ..config.errors import UsageError
from ..config.paths import Home, home

if TYPE_CHECKING:
    from ..config.secret_finder import SecretFinder
    from ..config.secrets import Key


class Surroundings(Struct, frozen=True):
    """Where a process runs: everything ambient, taken in once."""

    env: Mapping[str, str]
    """As it was set outside: nothing that is started gets a key by it that kedge was given."""
    cwd: Path
    """Resolved."""
    home: Home
    kept: "Mapping[str, Key]" = {}
    """Keys that kedge keeps, by variable: they count where the environment has none."""
    given: "Mapping[str, Key]" = {}
    """Keys that were given until the person leaves: they count more than all others."""

    @property
    def keyed(self) -> Mapping[str, str]:
        """The environment with these keys, for who looks whether there is one."""
        kept = {name: key.reveal() for name, key in self.kept.items()}
        given = {name: key.reveal() for name, key in self.given.items()}
        return {**kept, **{name: said for name, said in self.env.items() if said}, **given}

    def teach(self, finder: "SecretFinder") -> None:
        """Have every key known as a secret that kedge was given, also those that do not count."""
        for key in (*self.kept.values(), *self.given.values()):
            finder.learn(key.variable, key.reveal())


def surroundings(cd: str = "") -> Surroundings:
    """Those of this process.

    Raises:
        UsageError: `cd` is no directory, or the one that kedge was started in is gone.
        ConfigError: `KEDGE_HOME` is wrong, or the keys that are kept cannot be read.
    """
    try:
        cwd = Path(cd or ".").resolve()
    except OSError as error:
        raise UsageError(
            f"the working directory cannot be found: {error.strerror}", hint="go to one that exists"
        ) from error
    if not cwd.is_dir():
        raise UsageError(f"{cd!r} is not a directory", hint="give an existing one with -C")
    # What only takes surroundings, as `kedge sandbox run`, does without.
    from ..config.kept_keys import FILE, KeptKeys

    env = dict(os.environ)
    own = home(env)
    return Surroundings(env, cwd, own, KeptKeys(own.data_dir / FILE).all())
