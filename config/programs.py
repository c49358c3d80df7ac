"""Programs that run whatever they are told to: a rule on one of them is a rule on anything."""

import os.path
import re
from typing import Final

RUN_ANYTHING: Final = frozenset({
    "sh", "bash", "zsh", "dash", "ksh", "fish", "csh", "tcsh", "busybox", "pwsh",
    "python", "pypy", "node", "nodejs", "deno", "bun", "ruby", "irb", "perl", "php", "lua",
    "luajit", "tclsh", "osascript", "Rscript", "R", "julia", "groovy", "scala", "ghci", "guile",
    "sbcl", "gdb", "lldb", "awk", "gawk", "mawk", "sed", "ed", "ex", "vi", "vim", "emacs",
    "sudo", "doas", "su", "pkexec", "runuser", "chroot", "unshare", "nsenter", "setpriv", "env",
    "xargs", "parallel", "find", "timeout", "time", "nice", "ionice", "nohup", "setsid", "stdbuf",
    "watch", "strace", "ltrace", "script", "expect", "ssh", "eval", "exec", "source", ".",
    "command", "builtin", "trap", "alias", "npx", "bunx", "pnpx", "uvx", "pipx", "docker",
    "podman", "kubectl", "systemd-run", "at", "batch", "crontab", "tmux", "screen", "flock",
})  # fmt: skip
"""Interpreters, shells, and what runs other commands."""

_VERSION = re.compile(r"[\d.]+$")


def runs_anything(program: str) -> bool:
    """Whether a program, named with or without its path and version, runs what it is told to."""
    name = os.path.basename(program)
    return name in RUN_ANYTHING or _VERSION.sub("", name) in RUN_ANYTHING
