"""The seam to the place where actions happen: commands, their ends, and the sandbox itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

import msgspec


class Extra(msgspec.Struct, frozen=True):
    """What a person allows one command beyond the policy."""

    read: tuple[Path, ...] = ()
    """Hidden files and directories; what else is hidden below them stays so."""
    write: tuple[Path, ...] = ()
    """Protected files and directories, or existing ones outside; also to be read."""
    hosts: tuple[str, ...] = ()
    """`HOST` or `HOST:PORT`."""


class Command(msgspec.Struct, frozen=True):
    """One program run, complete: nothing is inherited that is not named here."""

    run: str | tuple[str, ...]
    """A text for the sandbox's shell, or a program with its arguments."""
    cwd: Path
    """An existing directory, absolute."""
    env: Mapping[str, str]
    """The whole environment; see `environment.clean_environment`."""
    stdin: bytes | None = None
    """What the command reads from its standard input; `None` gives the null device."""
    timeout: float | None = None
    """Seconds from the start after which the whole tree is ended; `None`: no limit."""
    extra: Extra | None = None
    """What a person allowed for this command alone."""


class Exit(msgspec.Struct, frozen=True):
    """How a command ended: `code` or `signal` is set.

    Neither is if the first process could not be ended, having become another user's.
    """

    code: int | None
    """The exit status, 0 to 255."""
    signal: str | None
    """The name of the signal that ended it, such as `SIGKILL`."""
    timed_out: bool
    """Whether it was ended because its time was up."""
    seconds: float
    """From the start to the end of the command's first process."""
    notes: tuple[str, ...] = ()
    """What the sandbox did about it, a sentence each: limits passed, things set aside."""


class Process(Protocol):
    """A command under way. Iterating gives its output, stdout and stderr merged, as it comes.

    Whoever starts a command iterates it: output is only read when asked for, so a command that is
    not listened to stops at a full pipe. One iteration at a time. The iteration ends when the
    command and everything that it left running have ended.
    """

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> bytes: ...

    async def wait(self) -> Exit:
        """Return how the command ended, once nothing of it is left. May be called repeatedly.

        Cancelling the waiting leaves the command alone.
        """
        ...

    async def kill(self, grace: float | None = None) -> Exit:
        """End the whole tree, politely and then by force, and wait. Harmless after the end.

        `grace` is for how many seconds it is asked politely, where somebody waits; `None`: as long
        as the sandbox thinks fit. Who asks first decides.
        """
        ...


class Sandbox(Protocol):
    """Runs commands. Belongs to one event loop."""

    async def start(self, command: Command) -> Process:
        """Start a command.

        Raises:
            CannotStart: the program or the directory cannot be used.
            NotAvailable: the sandbox cannot work on this host, or is closed.
        """
        ...

    async def close(self) -> None:
        """End every command still under way. Afterwards nothing can be started."""
        ...


class Write(msgspec.Struct, frozen=True, tag="write"):
    """A file gets this content, whether it existed or not."""

    path: Path
    data: bytes
    mode: int | None = None
    """Permission bits; `None` keeps those of an existing file and obeys the umask for a new one."""


class Delete(msgspec.Struct, frozen=True, tag="delete"):
    """A file or link is removed; the target of a link is left alone."""

    path: Path


class Move(msgspec.Struct, frozen=True, tag="move"):
    """A file gets another name, which must be free, and, if given, a new content on the way."""

    source: Path
    target: Path
    data: bytes | None = None


Change = Write | Delete | Move
"""One step of a set that happens as a whole or not at all."""


class Files(Protocol):
    """Files, as far as they may be touched.

    Paths are absolute or relative to the workspace. Every method may raise `OutsideRoots`, those
    that read or change a file `Protected`, and `OSError` with the path in `filename`. All of them
    block; contents are bytes.
    """

    def confine(self, path: str | Path, cwd: Path) -> Path:
        """Return where `path`, as seen from `cwd`, leads: absolute, without links or dots."""
        ...

    def hides(self, path: Path) -> bool:
        """Whether a resolved path must not be read: lists and searches pass it over."""
        ...

    def read(self, path: Path, limit: int) -> bytes:
        """Return the whole content. Raises `TooLarge` above `limit` bytes, and `NotAFile`."""
        ...

    def write(self, path: Path, data: bytes, *, mode: int | None = None) -> None:
        """Replace or make a file, and its parents, in one step. Raises `NotAFile`."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file or link. Raises `NotAFile` for a directory."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name. Raises `Conflict` if `target` is taken."""
        ...

    def apply(self, changes: Sequence[Change]) -> None:
        """Carry out all changes or none. Raises `Conflict`, `NotAFile`, `NotRestored`."""
        ...
