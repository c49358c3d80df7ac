"""The sandbox as settings and command line want it. Imports little: `kedge sandbox run` is felt."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from ..config.errors import UsageError
from ..config.layers import Flag, Loaded, load
from ..config.paths import Home, home
from ..config.sandbox import LEVELS, packaged_policy
from ..config.values import Value
from ..config.version import VERSION
from ..sandbox.compiling import person_home
from ..sandbox.paths import Roots
from ..sandbox.policy import Policy, effective
from ..sandbox.ports import Files, Sandbox
from .surroundings import Surroundings


class Wanted(Struct, frozen=True):
    """What a command line says about the sandbox."""

    cwd: str = ""
    level: str = ""
    hosts: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


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
    loaded = load(env=env, cwd=cwd, config_dir=own.config_dir, package_version=VERSION, flags=flags)
    roots = Roots.at(cwd, tuple(cwd / name for name in wanted.added))
    return policy_of(loaded, roots, own, env)


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
        scratch=scratch,
    )


class Confinement(Struct, frozen=True):
    """Where the actions of a session happen."""

    sandbox: Sandbox
    files: Files
    label: str
    """What is enforced, as it is stamped on records; `off` if nothing is."""
    explain: Callable[[str, Path], Sequence[str]]
    """What of a command's failure, given its output and directory, the sandbox caused."""


def confinement(loaded: Loaded, roots: Roots, where: Surroundings, scratch: Path) -> Confinement:
    """The sandbox that the settings ask for, proven. Not to be called within an event loop.

    Raises:
        NotAvailable: this host cannot keep what was asked for; `hint` says what would change that.
    """
    from ..sandbox.files import RootedFiles

    if loaded.settings.sandbox.level == "off":
        from ..sandbox.direct import DirectSandbox

        return Confinement(DirectSandbox(), RootedFiles(roots), "off", lambda output, cwd: ())
    from ..sandbox.choose import attested, sandbox_on
    from ..sandbox.guard import Guard
    from ..sandbox.registry import Registry

    own = where.home
    # The scratch folder is new every time; what is remembered of the host does not depend on it.
    proven = attested(policy_of(loaded, roots, own, where.env), where.env, own.cache_dir)
    policy = policy_of(loaded, roots, own, where.env, scratch=(scratch,))
    registry = Registry(own.state_dir / "sandboxes")
    sandbox = sandbox_on(proven.rung, policy, where.env, registry)
    files = RootedFiles(roots, Guard(policy))
    return Confinement(sandbox, files, proven.label, lambda said, cwd: _caused(said, policy, cwd))


def _caused(output: str, policy: Policy, cwd: Path) -> tuple[str, ...]:
    """Sentences for the model on what the sandbox kept a command from."""
    from ..sandbox.denials import denials

    doing = {"read": "reading", "write": "writing", "connect": "connecting to"}
    kept = [f"{doing[denial.what]} {denial.target}" for denial in denials(output, policy, cwd)]
    if not kept:
        return ()
    return (
        f"The sandbox kept it from {', '.join(kept)}. Only the person can allow that: go on "
        "without, or say what you would need.",
    )
