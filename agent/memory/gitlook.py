"""What git says of a work tree, asked without letting the repository run anything.

Two processes are begun early and read late, so that they cost a session's start next to nothing.
Configuration of the system and the person is left out, hooks and monitors are switched off, no
lock is taken; whoever calls has made sure that the repository's own configuration runs nothing.
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from ..plainfile import plain_bytes

SECONDS: Final = 0.04
"""How long git may take in all."""
MAX_TRACKED: Final = 10_000
"""Files above which git is not asked what changed: it takes 3 to 5 µs for each."""
MAX_CHANGES: Final = 20
MAX_COMMITS: Final = 5
_SUBJECT: Final = 80

_NEUTRAL: Final = (
    *("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false", "-c", "core.quotePath=false", "-c", "color.ui=false"),
)
_ENV: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C.UTF-8",
}

Hides = Callable[[Path], bool]


class Looked(Struct, frozen=True):
    """What git said."""

    status: str
    """In words, for the model."""
    commits: tuple[str, ...] = ()
    """`ID SUBJECT`, latest first."""


class GitLook:
    """Git at work beside us. `result` is to be called exactly once."""

    def __init__(
        self,
        cwd: Path,
        root: Path,
        git_dir: Path,
        env: Mapping[str, str],
        seconds: float = SECONDS,
    ) -> None:
        """Begin; it is over `seconds` from now. Of `env` only PATH is passed on, as far as it leads
        outside `root`: whatever is called git in there is nobody's choice."""
        self._root = root
        self._deadline = time.monotonic() + seconds
        self._env = {**_ENV, "PATH": _outside(root, env.get("PATH", ""))}
        self._cwd = cwd
        self._log = self._start("log", f"-{MAX_COMMITS}", "--no-decorate", "--format=%h %s")
        self._many = tracked(git_dir / "index") > MAX_TRACKED
        self._status = (
            None
            if self._many
            else self._start("status", "--porcelain=v1", "-z", "--ignore-submodules=all")
        )

    def result(self, hides: Hides = lambda path: False) -> Looked:
        """What it said in time; `hides` says what is not named."""
        commits = _output(self._log, self._deadline)
        status = _output(self._status, self._deadline)
        lines = (commits or b"").decode("utf-8", "replace").splitlines()
        if self._many:
            words = "not looked at, the repository is large; ask git"
        elif status is None:
            words = "not known; ask git"
        else:
            words = _changes(status, self._root, hides)
        return Looked(words, tuple(_plain(line)[:_SUBJECT] for line in lines[:MAX_COMMITS]))

    def _start(self, *words: str) -> "subprocess.Popen[bytes] | None":
        return _git(words, self._cwd, self._env)


def is_changed(cwd: Path, env: Mapping[str, str], seconds: float = 0.2) -> bool | None:
    """Whether a file that git knows is changed; None if it fails or takes longer. Waits for it."""
    words = ("status", "--porcelain=v1", "--ignore-submodules=all", "--untracked-files=no")
    deadline = time.monotonic() + seconds
    status = _output(_git(words, cwd, {**_ENV, "PATH": env.get("PATH", os.defpath)}), deadline)
    return None if status is None else bool(status)


def _git(
    words: Sequence[str], cwd: Path, env: Mapping[str, str]
) -> "subprocess.Popen[bytes] | None":
    try:
        return subprocess.Popen(
            ("git", *_NEUTRAL, *words),
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


def _outside(root: Path, path: str) -> str:
    """The absolute folders of a search path that are not in `root`."""
    real = os.path.realpath(root)
    folders = (
        folder
        for folder in path.split(os.pathsep)
        if os.path.isabs(folder) and not Path(os.path.realpath(folder)).is_relative_to(real)
    )
    return os.pathsep.join(folders) or os.defpath


def _output(process: "subprocess.Popen[bytes] | None", deadline: float) -> bytes | None:
    """Everything that it prints, None if it fails or takes too long. It is over afterwards."""
    if process is None:
        return None
    try:
        output, _ = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()
        return None
    return output if process.returncode == 0 else None


def _changes(status: bytes, root: Path, hides: Hides) -> str:
    """The changes, from `git status --porcelain=v1 -z`: `XY PATH`, a rename's old name apart."""
    rows: list[str] = []
    fields = iter(status.decode("utf-8", "replace").split("\0"))
    for field in fields:
        if not field:
            continue
        code, path = field[:2], field[3:]
        if code[0] in "RC":
            next(fields, None)
        if not hides(root / path):
            rows.append(f"{code.strip()} {_plain(path)}")
    if not rows:
        return "clean"
    more = f" … and {len(rows) - MAX_CHANGES} more" if len(rows) > MAX_CHANGES else ""
    return f"{len(rows)} changed: {', '.join(rows[:MAX_CHANGES])}{more}"


def tracked(index: Path) -> int:
    """How many files an index names: its header, gitformat-index(5); 0 if there is none."""
    head = plain_bytes(index, 12) or b""
    return int.from_bytes(head[8:12], "big") if head[:4] == b"DIRC" else 0


def _plain(text: str) -> str:
    """One line without control characters."""
    return "".join(mark if mark.isprintable() else " " for mark in text)
