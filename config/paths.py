"""Where kedge keeps its own files."""

import pathlib
import sys
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

    Without `KEDGE_HOME` the folders are those of platformdirs.

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
    if sys.platform == "linux":
        return _xdg(env)
    # Here because it costs 6 ms, which most runs need not pay.
    import platformdirs

    dirs = platformdirs.PlatformDirs("kedge", appauthor=False)
    return Home(
        dirs.user_config_path, dirs.user_state_path, dirs.user_data_path, dirs.user_cache_path
    )


def _xdg(env: Mapping[str, str]) -> Home:
    """What platformdirs says on Linux: the XDG base directory specification, whose relative
    paths are to be ignored."""
    user = pathlib.Path(env.get("HOME") or "~").expanduser()

    def place(variable: str, usual: str) -> pathlib.Path:
        said = env.get(variable, "")
        return (pathlib.Path(said) if said.startswith("/") else user / usual) / "kedge"

    return Home(
        place("XDG_CONFIG_HOME", ".config"),
        place("XDG_STATE_HOME", ".local/state"),
        place("XDG_DATA_HOME", ".local/share"),
        place("XDG_CACHE_HOME", ".cache"),
    )
