"""The sandbox as settings and command line want it. Imports little: `kedge sandbox run` is felt."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ..config.errors import UsageError
from ..config.layers import Flag, Loaded, load
from ..config.paths import Home, home
from ..config.sandbox import LEVELS, packaged_policy
from ..config.values import Value
from ..config.version import VERSION
from ..sandbox.compiling import person_home
from ..sandbox.guard import Guard
from ..sandbox.paths import Roots
from ..sandbox.policy import Policy, effective
from ..sandbox.ports import Extra, Files, Sandbox
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..sandbox.denials import Denial
    from ..sandbox.egress import Reached


class Wanted(Struct, frozen=True):
    """What a command line says about the sandbox."""

    cwd: str = ""
    level: str = ""
    hosts: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    """Let in although they are hidden."""
    write: tuple[str, ...] = ()
    """Let in although they are protected, or outside."""


def wanted_policy(wanted: Wanted, env: Mapping[str, str]) -> Policy:
    """The policy for a command line, all layers of settings below it.

    Raises:
        KedgeError: a directory, a level or the configuration is wrong.
    """
    cwd = Path(wanted.cwd or ".").resolve()
    for name in (str(cwd), *wanted.added):
        if not os.path.isdir(cwd / name):
            raise UsageError(f"{name!r} is not a directory", hint="give an existing one")
    if wanted.level and wanted.level not in LEVELS:
        raise UsageError(f"no level {wanted.level!r}", hint=f"one of {', '.join(LEVELS)}")
    own = home(env)
    flags: dict[str, Flag] = {}
    if wanted.level:
        flags["sandbox.level"] = Flag("--level", wanted.level)
    if wanted.hosts:
        listed: list[Value] = list(wanted.hosts)
        flags["sandbox.allow_hosts"] = Flag("--allow-host", listed)
    loaded = load(
        env=env,
        cwd=cwd,
        config_dir=own.config_dir,
        data_dir=own.data_dir,
        package_version=VERSION,
        flags=flags,
    )
    roots = Roots.at(cwd, tuple(cwd / name for name in wanted.added))
    policy = policy_of(loaded, roots, own, env)
    extra = Extra(tuple(map(cwd.joinpath, wanted.read)), tuple(map(cwd.joinpath, wanted.write)))
    return policy.widened(extra) if wanted.read or wanted.write else policy


def policy_of(
    loaded: Loaded,
    roots: Roots,
    own: Home,
    env: Mapping[str, str],
    *,
    scratch: tuple[Path, ...] = (),
) -> Policy:
    """The effective policy of a run with these settings.

    `scratch`: kedge's own directories that commands may write.

    Raises:
        SandboxError: the workspace is the whole file system.
    """
    said = {
        key.removeprefix("sandbox."): str(origin)
        for key, origin in loaded.origins.items()
        if key.startswith("sandbox.")
    }
    settings = loaded.settings.sandbox
    if settings.level == "workspace-write" and loaded.settings.mode == "plan":
        settings = replace(settings, level="read-only")
    return effective(
        packaged_policy(),
        settings,
        roots,
        person_home(env),
        origins=said,
        own=(own.config_dir, own.state_dir, own.data_dir, own.cache_dir),
        code=(Path(sys.prefix), Path(sys.base_prefix)),
        scratch=scratch,
    )


class Confinement(Struct, frozen=True):
    """Where the actions of a session happen."""

    sandbox: Sandbox
    files: Files
    label: str
    """What is enforced, as it is stamped on records; `off` if nothing is."""
    explain: "Callable[[str, Path], Sequence[Denial]]"
    """What the sandbox kept a failed command from, given its output and directory."""
    guard: Guard
    """What is special about paths, whatever the level."""


def confinement(
    loaded: Loaded,
    roots: Roots,
    where: Surroundings,
    scratch: Path,
    tell: "Callable[[Reached], None]",
) -> Confinement:
    """The sandbox that the settings ask for, proven. Not to be called within an event loop.

    `tell` hears of each host that a command reached, or was refused, once.

    Raises:
        NotAvailable: this host cannot keep what was asked for; `hint` says what would change that.
    """
    from ..sandbox.files import RootedFiles

    if loaded.settings.sandbox.level == "off":
        from ..sandbox.direct import DirectSandbox

        return Confinement(
            DirectSandbox(),
            RootedFiles(roots),
            "off",
            lambda output, cwd: (),
            _anywhere(policy_of(loaded, roots, where.home, where.env)),
        )
    from ..sandbox.choose import attested, sandbox_on
    from ..sandbox.registry import Registry

    own = where.home
    # The scratch folder is new every time; what is remembered of the host does not depend on it.
    proven = attested(policy_of(loaded, roots, own, where.env), where.env, own.cache_dir)
    policy = policy_of(loaded, roots, own, where.env, scratch=(scratch,))
    registry = Registry(own.state_dir / "sandboxes")
    sandbox = sandbox_on(proven.rung, policy, where.env, registry, _once(tell))
    files = RootedFiles(roots, Guard(policy))
    return Confinement(
        sandbox,
        files,
        proven.label,
        lambda said, cwd: _caused(said, policy, cwd),
        _anywhere(policy),
    )


def _anywhere(policy: Policy) -> Guard:
    """What is special about paths. Whether anything may be written is for the mode to say."""
    return Guard(replace(policy, level="workspace-write"))


def _once(tell: "Callable[[Reached], None]") -> "Callable[[Reached], None]":
    heard: set[Reached] = set()

    def hear(reached: "Reached") -> None:
        if reached not in heard:
            heard.add(reached)
            tell(reached)

    return hear


def _caused(output: str, policy: Policy, cwd: Path) -> "Sequence[Denial]":
    # Few commands fail.
    from ..sandbox.denials import denials

    return denials(output, policy, cwd)
