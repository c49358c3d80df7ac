"""Where kedge keeps its own files."""

import pathlib
from collections.abc import Mapping

from msgspec import Struct

from .errors import ConfigError


class Home(Struct, frozen=True):
    """The folders that are kedge's own. None of them need exist yet."""

    config_dir: pathlib.Path
    """What the user set: settings, prompts, tool texts."""
    state_dir: pathlib.Path
    """What sessions left behind: their logs and indexes."""
    data_dir: pathlib.Path
    """What should survive a cleaning: checkpoints, downloads."""
    cache_dir: pathlib.Path
    """What can be made again."""


def home(env: Mapping[str, str]) -> Home:
    """The folders below `KEDGE_HOME`, or where the platform wants them.

    Without `KEDGE_HOME` the folders are those of platformdirs, which reads the process's own
    `XDG_*` variables.

    Raises:
        ConfigError: `KEDGE_HOME` is not absolute, so would move with the working directory.
    """
    if root := env.get("KEDGE_HOME"):
        base = pathlib.Path(root).expanduser()
        if not base.is_absolute():
            raise ConfigError(
                f"{root!r} is not absolute", file="KEDGE_HOME", hint="give the whole path"
            )
        return Home(base / "config", base / "state", base / "data", base / "cache")
    # Here because it costs 2 ms that a run under KEDGE_HOME need not pay.
    import platformdirs

    dirs = platformdirs.PlatformDirs("kedge", appauthor=False)
    return Home(
        dirs.user_config_path, dirs.user_state_path, dirs.user_data_path, dirs.user_cache_path
    )
