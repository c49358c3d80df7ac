"""The configuration as the sub-commands see it."""

from ...config.layers import Loaded, load
from ...config.version import VERSION
from ..surroundings import Surroundings


def load_for_commands(
    where: Surroundings, *, profile: str = "", sets: tuple[str, ...] = ()
) -> Loaded:
    """All layers, as a run in the same place would have them.

    Raises:
        ConfigError: a layer is wrong.
    """
    return load(
        env=where.env,
        cwd=where.cwd,
        config_dir=where.home.config_dir,
        data_dir=where.home.data_dir,
        package_version=VERSION,
        profile=profile,
        sets=sets,
    )
