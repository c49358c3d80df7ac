"""The settings of a run: all layers, with its command line and what was chosen since on top."""

from ..config.layers import Flag, Loaded, load
from ..config.values import Value
from ..config.version import VERSION
from .options import OPTIONS, Run
from .surroundings import Surroundings


def settings_of(run: Run, where: Surroundings) -> Loaded:
    """All layers, with the run's flags and what was chosen since on top.

    Raises:
        ConfigError: a value is wrong, or something is not trusted that has to be.
    """
    flags: dict[str, Flag] = {}
    for option in OPTIONS:
        value = run.values[option.field]
        if option.setting and isinstance(value, str | int | float):
            flags[option.setting] = Flag(option.name, value)
        elif option.setting and isinstance(value, tuple) and value:
            listed: list[Value] = list(value)
            flags[option.setting] = Flag(option.name, listed)
    loaded = load(
        env=where.env,
        cwd=where.cwd,
        config_dir=where.home.config_dir,
        data_dir=where.home.data_dir,
        package_version=VERSION,
        profile=run.text("profile"),
        sets=run.texts("set"),
        flags=flags,
        chosen=run.chosen,
    )
    if run.flag("require_trust"):
        loaded.require_trust()
    return loaded
