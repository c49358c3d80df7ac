"""The sandbox as settings and command line want it. Imports little: `kedge sandbox run` is felt."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from ..sandbox.inside.names import fits
from ..sandbox.paths import Roots
from ..sandbox.policy import Entry, Policy, effective
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
    try:
        cwd = Path(wanted.cwd or ".").resolve()
    except FileNotFoundError as error:
        hint = "go to one that exists, or name one with --cwd"
        raise UsageError("the current directory was removed", hint=hint) from error
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
        ConfigError: a deny rule is wrong.
    """
    said = {
        key.removeprefix("sandbox."): str(origin)
        for key, origin in loaded.origins.items()
        if key.startswith("sandbox.")
    }
    settings = loaded.settings.sandbox
    if settings.level == "workspace-write" and loaded.settings.mode == "plan":
        settings = replace(settings, level="read-only")
    ruled = _ruled(loaded, roots)
    policy = effective(
        packaged_policy(),
        settings,
        roots,
        person_home(env),
        origins=said,
        own=(own.config_dir, own.state_dir, own.data_dir, own.cache_dir),
        code=(Path(sys.prefix), Path(sys.base_prefix)),
        scratch=scratch,
    )
    return replace(
        policy,
        never_read=(*policy.never_read, *ruled.never_read),
        never_write=(*policy.never_write, *ruled.never_write),
        # What is free beats what is hidden; a person's rule beats what we call free.
        free=tuple(one for one in policy.free if not _is_named(one.value, ruled.never_read)),
    )


class _Ruled(Struct, frozen=True):
    """What deny rules say of the sandbox."""

    never_read: tuple[Entry, ...] = ()
    never_write: tuple[Entry, ...] = ()


def _ruled(loaded: Loaded, roots: Roots) -> _Ruled:
    rules = loaded.settings.rules
    if not rules.deny:
        return _Ruled()
    # Who denies nothing does not wait for the grammar of rules.
    from ..config.rule_hiding import hidden_by, kept_by
    from ..config.rules import rules_of

    denies = rules_of(replace(rules, allow=(), ask=()), loaded.origins)
    project = str(roots.workspace)
    hidden, kept = hidden_by(denies, project), kept_by(denies, project)
    return _Ruled(
        tuple(Entry(value, origin) for value, origin in hidden.items()),
        tuple(Entry(value, origin) for value, origin in kept.items()),
    )


def _is_named(name: str, entries: Iterable[Entry]) -> bool:
    return any(fits(name.casefold(), entry.value.casefold()) for entry in entries)


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
    permit: Callable[[Iterable[Path]], None] = lambda paths: None
    """Lets the file tools write just these paths until it is called again."""


def confinement(
    loaded: Loaded,
    roots: Roots,
    where: Surroundings,
    scratch: Path,
    tell: "Callable[[Reached], None]" = lambda reached: None,
    held: Callable[[str], None] = lambda note: None,
) -> Confinement:
    """The sandbox that the settings ask for, proven. Not to be called within an event loop.

    `tell` hears of each host that a command reached, or was refused, once; `held` of what was held
    back after a command, in a sentence.

    Raises:
        NotAvailable: this host cannot keep what was asked for; `hint` says what would change that.
    """
    from ..sandbox.files import RootedFiles

    if loaded.settings.sandbox.level == "off":
        return _unconfined(loaded, roots, where)
    from ..sandbox.choose import attested, sandbox_on
    from ..sandbox.registry import Registry

    own = where.home
    # The scratch folder is new every time; what is remembered of the host does not depend on it.
    proven = attested(policy_of(loaded, roots, own, where.env), where.env, own.cache_dir)
    policy = policy_of(loaded, roots, own, where.env, scratch=(scratch,))
    registry = Registry(own.state_dir / "sandboxes")
    sandbox = sandbox_on(proven.rung, policy, where.env, registry, _once(tell), held)
    obeyed = Guard(policy)
    files = RootedFiles(roots, obeyed)
    return Confinement(
        sandbox,
        files,
        proven.label,
        lambda said, cwd: _caused(said, policy, cwd),
        _anywhere(policy),
        obeyed.permit,
    )


def _unconfined(loaded: Loaded, roots: Roots, where: Surroundings) -> Confinement:
    """No sandbox; what rules deny reading of is hidden from lists and searches all the same."""
    from ..sandbox.direct import DirectSandbox
    from ..sandbox.files import RootedFiles

    policy = policy_of(loaded, roots, where.home, where.env)
    hidden = _ruled(loaded, roots).never_read
    alone = replace(policy, never_read=hidden, never_write=(), free=())
    files = RootedFiles(roots, _Hiding(alone) if hidden else None)
    return Confinement(DirectSandbox(), files, "off", lambda said, cwd: (), _anywhere(policy))


class _Hiding(Guard):
    """Hides what the policy hides, and lets everything be written."""

    def lets_write(self, path: Path) -> bool:
        """See `Guard.lets_write`."""
        return True


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
