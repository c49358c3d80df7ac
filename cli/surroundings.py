"""Where a process runs: everything ambient, taken in once."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from ..config.errors import UsageError
from ..config.paths import Home, home


class Surroundings(Struct, frozen=True):
    """Where a process runs: everything ambient, taken in once."""

    env: Mapping[str, str]
    cwd: Path
    """Resolved."""
    home: Home


def surroundings(cd: str = "") -> Surroundings:
    """Those of this process.

    Raises:
        UsageError: `cd` is no directory, or the one that kedge was started in is gone.
    """
    try:
        cwd = Path(cd or ".").resolve()
    except OSError as error:
        raise UsageError(
            f"the working directory cannot be found: {error.strerror}", hint="go to one that exists"
        ) from error
    if not cwd.is_dir():
        raise UsageError(f"{cd!r} is not a directory", hint="give an existing one with -C")
    env = dict(os.environ)
    return Surroundings(env, cwd, home(env))
