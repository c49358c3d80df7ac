"""The one place that knows everyone: makes a session of settings. No behaviour of its own.

Imports stand inside the functions because start-up needs it: what a run does not use is not
loaded. Everything else receives the parts that it works with.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from .. import __version__
from ..agent.messages import Usage
from ..agent.ports import Approver, Check, Provider, Store, Tool
from ..agent.session import Session
from ..config.layers import Flag, Loaded, load
from ..config.models import ModelProfile, profile, split
from ..config.paths import Home, home
from ..config.settings import Settings
from .options import OPTIONS, Run

if TYPE_CHECKING:
    from ..agent.tools.toolbox import Toolbox
    from ..config.providers import ProviderTable


class Surroundings(Struct, frozen=True):
    """Where a process runs: everything ambient, taken in once."""

    env: Mapping[str, str]
    cwd: Path
    """Resolved."""
    home: Home


def surroundings(cd: str = "") -> Surroundings:
    """Those of this process.

    Raises:
        UsageError: `cd` is no directory.
    """
    from ..config.errors import UsageError

    cwd = Path(cd or ".").resolve()
    if not cwd.is_dir():
        raise UsageError(f"{cd!r} is not a directory", hint="give an existing one with -C")
    env = dict(os.environ)
    return Surroundings(env, cwd, home(env))


def settings_of(run: Run, where: Surroundings) -> Loaded:
    """All layers, with the run's flags on top."""
    flags = {
        option.setting: Flag(option.name, value)
        for option in OPTIONS
        if option.setting
        and isinstance(value := run.values[option.field], str | int | float)
    }
    return load(
        env=where.env,
        cwd=where.cwd,
        config_dir=where.home.config_dir,
        package_version=__version__,
        profile=run.text("profile"),
        sets=run.texts("set"),
        flags=flags,
    )


class Model(Struct, frozen=True):
    """A model that can be called, and what is known of it."""

    provider: Provider
    profile: ModelProfile

    def price(self, usage: Usage) -> float | None:
        """US dollars for one call; None if the prices are not known."""
        return self.profile.cost(
            input=usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
            output=usage.output_tokens,
            cached_input=usage.cached_tokens,
            cache_write=usage.cache_write_tokens,
        )


def model_of(settings: Settings, where: Surroundings, *, pace: float = 0.0) -> Model:
    """The model that the settings name, or the one that a key or a local server suggests.

    `pace` is the seconds per word at which a script is replayed.

    Raises:
        ConfigError: no such provider; `exit_code` 4 if a key is missing.
    """
    name = settings.model.name or _suggested(settings, where)
    if name.startswith("scripted:"):
        return _scripted(settings, where, name.removeprefix("scripted:"), pace)
    return _remote(settings, where, name)


def _scripted(settings: Settings, where: Surroundings, file: str, pace: float) -> Model:
    from ..agent.providers.scripted import Script, ScriptedProvider

    script = Script.load(where.cwd / file)
    replayed = split(script.header.model)
    return Model(
        ScriptedProvider(script, seconds_per_word=pace),
        profile(replayed.provider, replayed.model, settings.models),
    )


def _remote(settings: Settings, where: Surroundings, name: str) -> Model:
    from ..agent.providers.retrying import Retrying
    from ..config.providers import table

    parts = split(name)
    known = profile(parts.provider, parts.model, settings.models)
    provider = connected(table(parts.provider, settings.providers), known, settings, where)
    return Model(Retrying(provider, settings.retry), known)


def _suggested(settings: Settings, where: Surroundings) -> str:
    from ..config.providers import signed_in

    for provider in signed_in(where.env, settings.providers):
        if provider.default_model:
            return f"{provider.name}/{provider.default_model}"
    from .local_models import first_local_model

    return first_local_model(settings, where.env)
