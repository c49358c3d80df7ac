"""Lays the layers over each other: what is effective, and where each value came from."""

import hashlib
import pathlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from .check import check
from .environment import CONCATENATED, from_environment, from_sets
from .errors import ConfigError
from .narrowing import Narrowed, find, narrowed
from .settings import Settings
from .sources import Layer, Origin, Problem, Source, defaults, read
from .values import KeyPath, Table, Value, dotted, nested

if TYPE_CHECKING:
    from .brought import Brought

MANAGED: Final = pathlib.Path("/etc/kedge/managed.toml")
"""The administrator's file. Nothing beats it."""


CHOSEN: Final = "chosen since kedge started"
"""Where a value is from that a person chose at the session."""


class Flag(Struct, frozen=True):
    """A value given by a flag of its own, such as `--max-turns`."""

    name: str
    """As the user typed it, with its dashes."""
    value: Value


class Loaded(Struct, frozen=True):
    """The settings of a run."""

    settings: Settings
    origins: dict[str, Origin]
    """Dotted key to where its effective value was set. A list that layers add to has one for
    each element, under `key[0]`, `key[1]`, …"""
    problems: tuple[Problem, ...]
    """What a project's file asked for and did not get."""
    version: str
    """Names what was configured: the same on every machine with the same package and the same
    contents of all layers, trusted alike."""
    brought: "Brought | None" = None
    """What the project brings that can execute or redirect; None if it brings nothing of it."""
    unusable: ConfigError | None = None
    """Why all of the project's file is ignored."""

    def require_trust(self) -> None:
        """Return if nothing was left out for want of trust.

        Raises:
            ConfigError: something was, or the project's file cannot be used.
        """
        if self.unusable is not None:
            raise self.unusable
        if self.brought is not None and not self.brought.trusted:
            raise ConfigError(
                "the project brings what you do not trust",
                file=str(self.brought.root),
                hint="look at it, and accept it, with: kedge trust",
            )

    def amended(self, settings: Settings, where: str, *keys: KeyPath) -> "Loaded":
        """With these settings, whose values at `keys` are from the session itself: `where` says in
        words how they came about."""
        source = Source("session", where)
        news = {dotted(key): Origin(source, key) for key in keys}
        return msgspec.structs.replace(self, settings=settings, origins={**self.origins, **news})

    @property
    def policy_hash(self) -> str:
        """Names what may happen: equal for runs that were judged by the same rules."""
        settings = self.settings
        deciding = (settings.sandbox, settings.rules, settings.hooks, settings.reviewer)
        return _digest((settings.mode, msgspec.to_builtins(deciding)))


def load(
    *,
    env: Mapping[str, str],
    cwd: pathlib.Path,
    config_dir: pathlib.Path,
    package_version: str,
    profile: str = "",
    sets: Iterable[str] = (),
    flags: Mapping[str, Flag] | None = None,
    chosen: Mapping[KeyPath, str] | None = None,
    managed: pathlib.Path = MANAGED,
    data_dir: pathlib.Path | None = None,
) -> Loaded:
    """Reads every layer: defaults < user < project < environment < profile < set < flags <
    chosen < managed.

    Tables merge, scalars replace, lists named in `CONCATENATED` add up. `cwd` must be absolute;
    `flags` maps dotted keys to what was given, `chosen` keys to what a person chose since.
    `data_dir` says which projects are trusted; without it none is. Nothing is read but the files
    named here, those below `cwd`, and what they name.

    Raises:
        ConfigError: a file that cannot be read or is not TOML, an unknown key, variable or
            profile, a value of the wrong type or out of range. Of a project that was never
            trusted, this is a problem instead.
        UsageError: a `--set` that is not `key=value`.
    """
    stack = _Stack()
    stack.lay(defaults())
    user = _User(read("user", config_dir / "config.toml"))
    stack.lay_checked(user.layer)
    stack.lay_project(find(cwd), data_dir)
    stack.lay_checked(*from_environment(env))
    if profile:
        stack.lay_checked(user.profile(profile))
    stack.lay_checked(*from_sets(sets), *_from_flags(flags or {}))
    stack.lay_checked(*_from_choices(chosen or {}))
    stack.lay_checked(read("managed", managed))
    return stack.loaded(package_version)


class _User:
    """The user's file, its profiles taken out and checked."""

    def __init__(self, layer: Layer | None) -> None:
        self.layer = layer
        self._profiles: dict[str, Layer] = {}
        if layer and "profiles" in layer.values:
            values = dict(layer.values)
            self._profiles = dict(_profiles(layer.source, values.pop("profiles")))
            self.layer = Layer(layer.source, values)

    def profile(self, name: str) -> Layer:
        """The layer of `[profiles.NAME]`."""
        if name in self._profiles:
            return self._profiles[name]
        known = ", ".join(sorted(self._profiles)) or "none"
        raise ConfigError(
            f"no profile {name!r}; profiles in the user's config.toml: {known}",
            file="--profile",
            hint=f"add [profiles.{name}] to it",
        )


def _profiles(source: Source, tables: Value) -> Iterable[tuple[str, Layer]]:
    if not isinstance(tables, dict):
        raise source.error(("profiles",), f"expected a table of profiles, not {tables!r}")
    for name, values in tables.items():
        if not isinstance(values, dict):
            raise source.error(("profiles", name), f"expected a table, not {values!r}")
        place = Source("profile", source.where, source.text, ("profiles", name))
        layer = Layer(place, values)
        check(layer)
        yield name, layer


def _from_flags(flags: Mapping[str, Flag]) -> Iterable[Layer]:
    for key, flag in flags.items():
        source = Source("flag", flag.name, repr(flag.value))
        yield Layer(source, nested(tuple(key.split(".")), flag.value))


def _from_choices(chosen: Mapping[KeyPath, str]) -> Iterable[Layer]:
    for path, value in chosen.items():
        yield Layer(Source("session", CHOSEN, repr((path, value))), nested(path, value))


def _brought(gated: Layer, data_dir: pathlib.Path | None) -> "Brought":
    # Few projects bring anything of the kind.
    from .brought import brought

    return brought(gated, data_dir)


class _Stack:
    """The layers laid so far."""

    def __init__(self) -> None:
        self._values: Table = {}
        self._origins: dict[str, Origin] = {}
        self._problems: tuple[Problem, ...] = ()
        self._sources: list[Source] = []
        self._brought: Brought | None = None
        self._unusable: ConfigError | None = None

    def lay_checked(self, *layers: Layer | None) -> None:
        """Checks each layer, then lays it over what is there."""
        for layer in layers:
            if layer:
                check(layer)
                self._sources.append(layer.source)
                self.lay(layer)
                self._lay_imported(layer)

    def lay_project(self, file: pathlib.Path | None, data_dir: pathlib.Path | None) -> None:
        """Lays what narrows of the project's file and, once it is trusted, what it brings.

        One that cannot be used is an error where it was trusted; else it is ignored.
        """
        if file is None:
            return
        try:
            self._lay_project(file, data_dir)
        except ConfigError as error:
            from .unusable import STAND_IN, ignored, was_accepted

            if was_accepted(file, data_dir):
                raise
            self._problems += (ignored(file, error),)
            self._unusable = error
            source = Source("project", str(file), error.reason)
            self._sources.append(source)
            self.lay(
                Layer(source, narrowed(Layer(source, {"mode": STAND_IN}), self._values).values)
            )

    def _lay_project(self, file: pathlib.Path, data_dir: pathlib.Path | None) -> None:
        layer = read("project", file)
        if layer:
            check(layer)
            if "rules" in layer.values:
                from .unusable import check_rules, was_accepted

                # What was trusted `kedge rules lint` goes through as a whole.
                if not was_accepted(file, data_dir):
                    check_rules(layer)
            left: Narrowed = narrowed(layer, self._values)
            brings = _brought(Layer(layer.source, left.gated), data_dir) if left.gated else None
            self._sources.append(layer.source)
            self._problems += left.problems
            self.lay(Layer(layer.source, left.values))
            if brings is not None:
                self._lay_brought(brings)

    def _lay_brought(self, brings: "Brought") -> None:
        self._brought = brings
        self._problems += brings.problems
        for layer in brings.layers if brings.trusted else ():
            self._sources.append(layer.source)
            self.lay(layer)

    def _lay_imported(self, layer: Layer) -> None:
        if "hooks_from" not in layer.values:
            return
        from .brought import imported

        for hooks, problems in imported(layer, pathlib.Path(layer.source.where).parent):
            self._problems += problems
            self._sources.append(hooks.source)
            self.lay(hooks)

    def lay(self, layer: Layer) -> None:
        """Lays a layer that is known to be good."""
        self._merge(self._values, layer.values, (), layer.source)

    def _merge(self, into: Table, values: Table, path: KeyPath, source: Source) -> None:
        for key, value in values.items():
            here = (*path, key)
            below = into.get(key)
            if isinstance(value, dict):
                inner: Table = below if isinstance(below, dict) else {}
                into[key] = inner
                self._merge(inner, value, here, source)
            elif here in CONCATENATED and isinstance(value, list):
                into[key] = self._added(below, value, here, source)
            else:
                into[key] = value
                self._origins[dotted(here)] = Origin(source, here)

    def _added(
        self, below: Value | None, values: list[Value], path: KeyPath, source: Source
    ) -> list[Value]:
        result = list(below) if isinstance(below, list) else []
        for index, value in enumerate(values):
            # What is said twice of rules is for `kedge rules lint` to name.
            if value not in result or path[0] == "rules":
                self._origins[f"{dotted(path)}[{len(result)}]"] = Origin(source, path, index)
                result.append(value)
        return result

    def loaded(self, package_version: str) -> Loaded:
        settings = msgspec.convert(self._values, Settings)
        version = _version(package_version, self._sources)
        problems = sorted(self._problems, key=lambda problem: (problem.file, problem.line))
        return Loaded(
            settings, self._origins, tuple(problems), version, self._brought, self._unusable
        )


def _version(package_version: str, sources: Iterable[Source]) -> str:
    """Twelve hexadecimal digits over the package's version and what every other layer says.

    Paths of files are left out, so that the same content has the same version everywhere. The
    commit of the user's repository belongs here once kedge keeps that repository.
    """
    said = [
        (source.layer, "" if source.is_file else source.where, source.prefix, source.text)
        for source in sources
    ]
    return _digest((package_version, said))


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:12]
