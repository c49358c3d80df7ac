"""What must not happen in any mode, by any rule: what no undo brings back, and what would let the
agent change the rules that it is under, or have the keys that it is run with.
"""

import os.path
from collections.abc import Iterator, Sequence
from typing import Final

from ..effects import CommandPart, Effect, within
from ..ports import Action, Deny, Verdict
from .territory import Territory

SYSTEM: Final = frozenset({
    "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/media", "/mnt", "/opt",
    "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/Applications",
    "/Library", "/System", "/Users", "/Volumes", "/private",
})  # fmt: skip
"""Directories that are never deleted whole."""

DEVICES: Final = frozenset({
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/stdin",
    "/dev/stdout", "/dev/stderr", "/dev/ptmx",
})  # fmt: skip
"""What may be written of devices. What is in `/dev/fd`, `/dev/pts` and `/dev/shm` may, too."""

START_UP: Final = frozenset({
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile",
    ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc",
    ".login", ".inputrc", ".xprofile", ".xinitrc", ".xsession", ".pam_environment", ".gitconfig",
    ".ssh", ".config/fish", ".config/git", ".config/autostart", ".config/systemd",
    ".config/environment.d", "Library/LaunchAgents",
})  # fmt: skip
"""What runs, or says what runs, when a person logs in or opens a shell. Below home."""

SYSTEM_START_UP: Final = (
    *("/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh"),
    *("/etc/zshrc", "/etc/zshenv", "/etc/environment", "/etc/ld.so.preload", "/etc/sudoers"),
    *("/etc/sudoers.d", "/etc/crontab", "/etc/cron.d", "/etc/systemd", "/etc/init.d"),
    *("/var/spool/cron", "/Library/LaunchAgents", "/Library/LaunchDaemons"),
)

KERNEL: Final = ("/sys", "/proc/sys", "/proc/sysrq-trigger", "/boot")

_GIT: Final = ("hooks", "config", "config.worktree", "modules", "worktrees")
"""What within a git directory makes git run programs, or holds directories that do."""
_GIT_STORES: Final = ("objects", "refs")
_FORMATTERS: Final = ("wipefs", "blkdiscard", "sfdisk", "sgdisk", "fdisk", "parted", "mkswap")
_LISTING: Final = frozenset({"-l", "--list", "-n", "--no-act", "-V", "--version", "--help"})


class HardGates:
    """Denies what nobody can allow. Pure."""

    name = "hard gates"

    def __init__(
        self, territory: Territory, own: Sequence[str] = (), keys: Sequence[str] = ()
    ) -> None:
        """`own`: kedge's own directories, absolute and without links; `keys`: the files in them
        that hold keys."""
        self._territory = territory
        self._own = tuple(own)
        self._keys = tuple(keys)
        self._home = territory.home.rstrip("/")

    def check(self, action: Action) -> Sequence[Verdict]:
        """See `Validator.check`."""
        verdicts: list[Verdict] = []
        for place, effect in enumerate(action.effects):
            if reason := next(self._reasons(effect), ""):
                verdicts.append(Deny(reason, (place,)))
        return verdicts

    def _reasons(self, effect: Effect) -> Iterator[str]:
        match effect.kind:
            case "run":
                if effect.command is not None and (disk := _formatted(effect.command)):
                    yield f"it would overwrite {disk}"
            case "write" | "delete":
                if effect.kind == "delete" and effect.recursive:
                    yield from self._deletion(_whole(effect.target))
                yield from self._change(effect.target)
            case "read":
                yield from self._reading(_whole(effect.target))
            case "reach":
                pass

    def _reading(self, path: str) -> Iterator[str]:
        # A directory that only has kedge's own below it, as home, is for others to judge.
        if within(path, self._own) and any(within(keys, (path,)) for keys in self._keys):
            yield f"{path} holds the keys that kedge keeps"

    def _deletion(self, path: str) -> Iterator[str]:
        kept = (*self._territory.roots, self._home) if self._home else self._territory.roots
        for one in kept:
            if within(one, (path,)):
                what = "the home directory" if one == self._home else "the workspace"
                yield f"it would delete {what}: {path}"
        if path in SYSTEM or path == "/":
            yield f"it would delete {path}, which the system needs"
        for own in self._own:
            if within(own, (path,)):
                yield f"it would delete kedge's own files: {path}"
        if any(inside in ("", *_GIT_STORES) for inside in _in_git(path)):
            yield f"it would delete the history of a repository: {path}"

    def _change(self, path: str) -> Iterator[str]:
        if within(path, self._own) or ".kedge" in self._names(path):
            yield f"{path} is kedge's own: only a person changes it"
        if any(inside in ("", *_GIT) for inside in _in_git(path)):
            yield f"{path} can make git run programs"
        if self._home and path.startswith(f"{self._home}/"):
            below = path[len(self._home) + 1 :]
            if any(within(below, (name,)) for name in START_UP):
                yield f"{path} is obeyed whenever a person logs in or opens a shell"
        if within(path, SYSTEM_START_UP):
            yield f"{path} is obeyed whenever somebody logs in or the system starts"
        if within(path, KERNEL) or _is_device(path):
            yield f"{path} is a device, or the kernel's"

    def _names(self, path: str) -> list[str]:
        """The names in a path that the person did not choose by working there."""
        for root in self._territory.roots:
            if within(path, (root,)):
                path = path[len(root) :]
        return path.casefold().split("/")


def _whole(path: str) -> str:
    """The directory, where a pattern means everything in it."""
    head, _, tail = path.rpartition("/")
    return (head or "/") if tail and not tail.strip("*.?") else path.rstrip("/") or "/"


def _in_git(path: str) -> list[str]:
    """The name below each git directory in a path; empty for such a directory itself."""
    names = [*path.casefold().split("/"), ""]
    return [names[place + 1] for place, name in enumerate(names) if name == ".git"]


def _is_device(path: str) -> bool:
    if not path.startswith("/dev/") or path in DEVICES:
        return False
    return not within(path, ("/dev/fd", "/dev/pts", "/dev/shm", "/dev/mqueue"))


def _formatted(command: CommandPart) -> str:
    """The device that a command would overwrite; empty if it would not."""
    name, *words = command.words or ("",)
    name = os.path.basename(name)
    for word in words:
        device = word.removeprefix("of=")
        if not _is_device(device):
            continue
        if name == "dd" and word.startswith("of="):
            return device
        if (name.startswith("mkfs") or name in _FORMATTERS) and _LISTING.isdisjoint(words):
            return device
    return ""
