"""Turns a policy into what the helper is told, and into the environment of commands."""

import os
import pwd
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from .environment import looks_secret
from .inside.names import FREE, NEVER_READ, NEVER_WRITTEN, fits
from .inside.plan import Plan
from .inside.repositories import enclosing, read_text, settings, shared_directory
from .policy import Bounds, Entry, Policy

_GIT_SETTINGS = {
    "user": ("name", "email"),
    "core": ("autocrlf", "eol", "ignorecase", "quotepath", "safecrlf"),
    "init": ("defaultbranch",),
    "safe": ("directory",),
    "pull": ("rebase", "ff"),
    "push": ("default",),
    "merge": ("conflictstyle",),
}
"""The settings of the person's git that hold inside as well: none runs a program."""
_INSIDE = "/run/kedge"


def compile_plan(policy: Policy, env: Mapping[str, str], *, without: tuple[str, ...] = ()) -> Plan:
    """What the helper needs to know. Reads the file system, but changes nothing.

    `without` leaves walls out, for tests of the self-test.
    """
    home = str(policy.home)
    homes = _homes(policy)
    hidden = [path for path in _expanded(policy.private, homes) if os.path.isdir(path)]
    around = _around(policy, [*hidden, *homes])
    roots = _roots(policy, around)
    private = [*hidden, *(one for one in homes if not _holds(one, roots) and os.path.isdir(one))]
    free = [entry.value for entry in policy.free]
    names = protected_names(policy)
    may_read = [str(path) for path in policy.may_read]
    seen = [around] if around and _within(around, private) else []
    let_in = [path for path in may_read if path not in roots and not _within(path, roots)]
    return Plan(
        workspace=str(policy.roots.workspace),
        roots=roots,
        around=around,
        writable=policy.level != "read-only",
        private=sorted({os.path.realpath(path) for path in private}),
        scratch=[str(path) for path in policy.scratch],
        home=home,
        shown=sorted({*_shown(policy, env, private, roots), *let_in, *seen}),
        never_read=[path for path in names.never_read if os.path.lexists(path)],
        never_write=[
            path for path in names.never_write if os.path.lexists(path) and _within(path, roots)
        ],
        may_read=may_read,
        may_write=[str(path) for path in policy.may_write],
        rules=names.rules,
        placeholders=[e.value for e in policy.placeholders if e.value not in free],
        git_settings=_git_settings(policy, home),
        git_ignored=_git_ignored(env, home),
        limits=limits_of(policy.bounds),
        without=list(without),
    )


class Protected(msgspec.Struct, frozen=True):
    """What is protected, by place and by name."""

    never_read: list[str]
    """Absolute paths."""
    never_write: list[str]
    rules: list[str]
    """For names below the roots; see `inside.names`."""


def protected_names(policy: Policy) -> Protected:
    """What the policy protects."""
    homes = _homes(policy)
    hidden, unread = _split(policy.never_read, homes)
    kept, unwritten = _split(policy.never_write, homes)
    free = [entry.value for entry in policy.free]
    spared = {path for value in free for path in _at_homes(value, homes)}
    return Protected(
        [path for path in hidden if path not in spared],
        [path for path in kept if path not in spared],
        [
            *(FREE + name for name in free),
            *(NEVER_READ + name for name in unread),
            *(NEVER_WRITTEN + name for name in unwritten),
        ],
    )


def inner_environment(
    policy: Policy, env: Mapping[str, str], proxy: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a command: what the policy lists of `env`, and what the inside needs."""
    listed = {entry.value for entry in policy.environment}
    globs = [name for name in listed if "*" in name]
    kept = {
        name: value
        for name, value in env.items()
        if (name in listed or any(fits(name, pattern) for pattern in globs))
        and not looks_secret(name, value, listed=name in listed)
    }
    roots = [str(root) for root in policy.roots.all]
    path = [part for part in kept.get("PATH", os.defpath).split(":") if _is_safe(part, roots)]
    kept["PATH"] = ":".join(path) or "/usr/bin:/bin"
    home = str(policy.home)
    kept["HOME"] = home if os.path.isdir(home) else "/tmp"
    return kept | {
        "TMPDIR": "/tmp",
        "GIT_CONFIG_GLOBAL": f"{_INSIDE}/gitconfig",
        "GIT_TERMINAL_PROMPT": "0",
        "PIP_NO_INPUT": "1",
        **proxy,
    }


def _around(policy: Policy, hidden: list[str]) -> str:
    """The work tree of the repository in which the workspace lies, if it is not its top.

    Not one that holds what is hidden, such as a home directory that is a repository itself: what
    is committed there is more than the workspace's own.
    """
    workspace = str(policy.roots.workspace)
    if os.path.lexists(f"{workspace}/.git"):
        return ""
    entry = next(iter(enclosing(workspace)), "")
    work = os.path.dirname(entry)
    if not entry or not shared_directory(entry) or _holds_any(work, hidden):
        return ""
    return "" if _within(f"{work}/", map(str, policy.roots.all)) else work


def _roots(policy: Policy, around: str) -> list[str]:
    """The directories that are written, none in another, with the git directories of those that
    are worktrees, and of the repository around."""
    wanted = [str(root) for root in policy.roots.all]
    wanted += filter(None, (shared_directory(f"{one}/.git") for one in (*wanted, around) if one))
    outermost = [path for path in wanted if not _within(path, wanted)]
    return list(dict.fromkeys(outermost))


def _homes(policy: Policy) -> list[str]:
    """The home directory, and the account's own where HOME names another, as CI runners do:
    tools and keys lie there."""
    homes = [str(policy.home), os.path.realpath(_account_home())]
    return [one for one in dict.fromkeys(homes) if one != "/"]


def _split(entries: Iterable[Entry], homes: list[str]) -> tuple[list[str], list[str]]:
    """The absolute paths that entries mean, those of names at home included; and the names."""
    absolute: list[str] = []
    names: list[str] = []
    for value in (entry.value for entry in entries):
        if value.startswith(("/", "~/")):
            absolute += _at_homes(value, homes)
            continue
        names.append(value)
        if "*" not in value:
            absolute += (f"{home}/{value}" for home in homes)
    return absolute, names


def _at_homes(value: str, homes: list[str]) -> list[str]:
    return [home + value[1:] for home in homes] if value.startswith("~/") else [value]


def _expanded(entries: Iterable[Entry], homes: list[str]) -> Iterator[str]:
    for entry in entries:
        yield from map(os.path.realpath, _at_homes(entry.value, homes))


def _shown(
    policy: Policy, env: Mapping[str, str], private: list[str], roots: list[str]
) -> list[str]:
    """What of the hidden directories stays to be seen: tools, and what the programs in PATH need.

    Nothing that would show a whole hidden directory, and nothing in a root.
    """
    wanted = {path for path in _expanded(policy.shown, _homes(policy)) if os.path.exists(path)}
    for part in (*env.get("PATH", "").split(":"), f"{sys.prefix}/bin", f"{sys.base_prefix}/bin"):
        if part.startswith("/") and os.path.isdir(part):
            wanted.add(os.path.realpath(_toolchain(part, private)))
    # Our own programs run inside as well, such as the search; a clone may lie anywhere.
    wanted.add(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    hidden = [*private, "/run"]
    kept = {path for path in wanted if _within(path, hidden) and not _holds_any(path, hidden)}
    return sorted(
        path for path in kept if not _within(path, (*roots, *kept)) and not _holds_any(path, roots)
    )


def _toolchain(part: str, hidden: Iterable[str]) -> str:
    """The directory that a directory of programs belongs to: its virtual environment, if any.

    Never one that is hidden itself, nor `.local`, where much else lies.
    """
    above = os.path.dirname(part)
    is_whole = (
        not (above in hidden or os.path.basename(above) == ".local")
        and os.path.basename(part) == "bin"
        and (os.path.exists(f"{above}/pyvenv.cfg") or os.path.isdir(f"{above}/lib"))
    )
    return above if is_whole else part


def _git_settings(policy: Policy, home: str) -> str:
    lines = ['[safe]\n\tdirectory = "*"\n']
    for file in (f"{home}/.config/git/config", f"{home}/.gitconfig"):
        for section, subsection, name, value in settings(file):
            if not subsection and name in _GIT_SETTINGS.get(section, ()):
                quoted = value.replace("\\", "\\\\").replace('"', '\\"')
                lines.append(f'[{section}]\n\t{name} = "{quoted}"\n')
    return "".join(lines)


def _git_ignored(env: Mapping[str, str], home: str) -> str:
    """The patterns of what the person's git ignores everywhere."""
    folder = env.get("XDG_CONFIG_HOME") or f"{home}/.config"
    named = f"{folder}/git/ignore"
    for file in (f"{home}/.config/git/config", f"{home}/.gitconfig"):
        for section, _, name, value in settings(file):
            if (section, name) == ("core", "excludesfile"):
                named = os.path.join(home, value.removeprefix("~/"))
    return read_text(named)


def limits_of(bounds: Bounds) -> dict[str, int]:
    """The bounds as the inside takes them."""
    return {name: getattr(bounds, name) for name in bounds.__struct_fields__}


def _is_safe(part: str, roots: list[str]) -> bool:
    """Whether programs may be looked for in a directory: not where commands can write."""
    return part.startswith("/") and part not in roots and not _within(part, roots)


def _within(path: str, roots: Iterable[str]) -> bool:
    return any(path.startswith(f"{root}/") for root in roots)


def _holds_any(path: str, others: Iterable[str]) -> bool:
    """Whether `path` is one of the others, or one lies in it."""
    return any(one == path or one.startswith(f"{path}/") for one in others)


def _holds(path: str, roots: Iterable[str]) -> bool:
    """Whether a root is `path` or holds it."""
    return any(path == root or path.startswith(f"{root}/") for root in roots)


def person_home(env: Mapping[str, str]) -> Path:
    """The home directory of whoever runs this."""
    return Path(env.get("HOME") or _account_home())


def _account_home() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        # Containers run under numbers that no account has.
        return "/"
