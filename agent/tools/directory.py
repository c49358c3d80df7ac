"""The working directory that commands share, learned from each shell as it ends.

A trap on the shell's exit writes the directory to a private file. The command follows on the same
line, so that it is parsed, counted in lines and ended exactly as by `bash -c`: whatever `exit`,
`set -e`, a here-document or a syntax error do, the trap neither sees nor changes. Subshells do not
inherit it (POSIX, Shell Command Language 2.14, trap). A command that sets its own exit trap, or
`exec`s another program, tells nothing: then the directory stays, and the model is told.
"""

import os
import shlex
from pathlib import Path

import msgspec

from ...sandbox.errors import SandboxError
from ...sandbox.paths import Roots, confine

_TRAP = '{{ set +x; jobs -rp; command pwd -P || command printf %s "$PWD"; }} 2>/dev/null >|{} || :'
"""Process ids of running jobs, one per line (bash only), then the directory, also if it was
removed; silent under `set -x`, and not stopped by `set -C` or `set -e`."""


class Followed(msgspec.Struct, frozen=True):
    """What a command left behind."""

    notice: str
    """What the model has to know of the directory; empty if it is where it was."""
    jobs: int = 0
    """Jobs of the shell that were still running when it exited."""


class WorkingDirectory:
    """Where the next command starts: always inside the roots, the workspace to begin with."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self.path = roots.workspace

    def check(self) -> str:
        """Return to the workspace if the directory is gone; words about that, or nothing."""
        return "" if self.path.is_dir() else self._return(f"{_shown(self.path)} is gone")

    def traced(self, command: str, report: Path) -> str:
        """The command, made to write to `report`, in an existing directory, where it ends."""
        trap = _TRAP.format(shlex.quote(str(report)))
        return f"trap {shlex.quote(trap)} EXIT; {command}"

    def follow(self, report: Path) -> Followed:
        """Go where the command went, as it wrote to `report`."""
        try:
            told = os.fsdecode(report.read_bytes())
        except OSError:
            told = ""
        jobs, slash, rest = told.partition("/")
        if not slash:
            return Followed(f"The working directory stays {_shown(self.path)}.")
        return Followed(self._go(slash + rest.removesuffix("\n")), len(jobs.split()))

    def _go(self, wanted: str) -> str:
        try:
            path = confine(wanted, self.path, self._roots)
        except SandboxError:
            return self._return(f"{_shown(wanted)} is outside the workspace")
        if not path.is_dir():
            return self._return(f"{_shown(wanted)} is gone")
        if path == self.path:
            return ""
        self.path = path
        return f"The working directory is now {_shown(path)}."

    def _return(self, why: str) -> str:
        self.path = self._roots.workspace
        return f"{why}: the working directory is {_shown(self.path)} again."


def _shown(path: str | Path) -> str:
    """A path as words: names that are not UTF-8 could not be sent."""
    return os.fsencode(path).decode(errors="replace")
