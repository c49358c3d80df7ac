"""What can go wrong where actions happen.

    SandboxError              exit code 1
    ├── NotAvailable          exit code 5; the sandbox itself cannot work on this host
    ├── CannotStart           the command's program or directory is not there
    ├── OutsideRoots          exit code 6; a path leads out of the directories that may be touched
    ├── Protected             exit code 6; a path inside them that the policy protects
    ├── NotAFile              a directory, pipe, device or socket where a file was needed
    ├── TooLarge              a file is larger than the caller can take
    ├── Damaged               what was kept cannot be read any more, nor added to
    ├── Conflict              a set of changes that contradicts itself or the disk
    └── NotRestored           a set of changes failed half-way and could not be taken back

Ordinary failures of the file system (missing, not permitted, disk full) stay `OSError`, with the
path in `filename`.
"""

import errno
from pathlib import Path
from typing import Literal

from ..config.errors import KedgeError
from ..config.exit_codes import EXIT_CODES


class SandboxError(KedgeError):
    """An action could not be carried out."""


class NotAvailable(SandboxError):
    """The sandbox cannot work here, or was closed."""

    exit_code = EXIT_CODES["sandbox"]


class CannotStart(SandboxError):
    """The command never ran: its program or its directory cannot be used."""

    def __init__(self, message: str, *, hint: str = "", status: int = 127) -> None:
        self.status = status
        """What a shell answers for it: 127 for a program that is not there, 126 for one that is."""
        super().__init__(message, hint=hint)


def status_of(number: int) -> int:
    """What a shell answers for a program that could not be run for this reason."""
    return 127 if number in (errno.ENOENT, errno.EINVAL) else 126


class Damaged(SandboxError):
    """What was kept cannot be read any more, and nothing can be added to it."""


class OutsideRoots(SandboxError):
    """A path leads out of the directories that may be touched."""

    exit_code = EXIT_CODES["blocked"]

    def __init__(self, asked: str, resolved: Path, roots: tuple[Path, ...]) -> None:
        self.asked = asked
        """The path as it was given."""
        self.resolved = resolved
        """Where it leads, links and dots resolved."""
        self.roots = roots
        """The directories that it had to stay in, the workspace first."""
        leads = "" if asked == str(resolved) else f" leads to {str(resolved)!r}, which"
        super().__init__(
            f"{asked!r}{leads} is outside the workspace {str(roots[0])!r}",
            hint="use a path inside, or let its directory in with --add-dir",
        )


class Protected(SandboxError):
    """A path that the policy protects, although it lies in a directory that may be touched."""

    exit_code = EXIT_CODES["blocked"]

    def __init__(self, path: Path, what: Literal["read", "write"]) -> None:
        self.path = path
        self.what = what
        """What would have to be allowed."""
        words = "holds secrets" if what == "read" else "is obeyed by programs outside the sandbox"
        super().__init__(
            f"{str(path)!r} {words}, so it may not be {'read' if what == 'read' else 'written'}",
            hint="only a person can allow it, for one run",
        )


class NotAFile(SandboxError):
    """Something that is no regular file stands at a path that was read, written or removed."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        """`directory`, `pipe`, `device`, `socket` or `link`."""
        super().__init__(f"{str(path)!r} is a {kind}, not a file")


class TooLarge(SandboxError):
    """A file holds more than the caller can take; nothing of it was returned."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.limit = limit
        """Bytes that would have been taken."""
        super().__init__(f"{str(path)!r} is larger than {limit} bytes")


class Conflict(SandboxError):
    """A change that contradicts another of its set, or what is on disk; nothing was changed."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{str(path)!r} {reason}")


class NotRestored(SandboxError):
    """A set of changes failed half-way, and putting things back failed too."""

    def __init__(self, left: tuple[str, ...]) -> None:
        self.left = left
        """What could not be put back, one sentence each, naming the kept original."""
        super().__init__(
            "the changes failed half-way and were not fully taken back: " + "; ".join(left),
            hint="rename the kept originals back by hand",
        )
