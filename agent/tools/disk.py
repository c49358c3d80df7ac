"""The files of a workspace as the file tools use them: whole contents in and out, what was never
seen is not replaced, and every failure is worded for the model.
"""

import contextlib
import os
from collections.abc import Generator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from ...sandbox.errors import Conflict, NotAFile, OutsideRoots, SandboxError, TooLarge
from ...sandbox.ports import Change, Write
from ..effects import Effect
from ..errors import ToolError
from ..ports import Arguments
from .listing import existing, printable
from .workspace import Workspace

MOST_BYTES = 16 * 1024 * 1024
"""Size of the largest file that is taken. Contents are decoded and split whole, which takes
about eight times their size in memory for a moment."""

_LISTED_ENTRIES = 100
_SCANNED_ENTRIES = 10_000


class Disk:
    """Reads and changes files. Every method may raise `ToolError`: `outside_workspace`, or
    `other` for what the disk refuses."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def place(self, asked: str) -> Path:
        """Where a file to be written is or would be, links resolved."""
        place = self._workspace.resolve(asked)
        if asked.endswith("/"):
            raise ToolError("other", f"{asked!r} names a directory: a file was expected.")
        return place

    def entry(self, asked: str) -> Path:
        """The name itself, where the last part of a path may be a link that is not followed."""
        parent, name = os.path.split(asked)
        return self._workspace.resolve(parent or ".") / name

    def writes_file(self, arguments: Arguments) -> tuple[Effect, ...]:
        """The effect of a call that writes the one file which its `file_path` names."""
        return (self.effect("write", self.place(str(arguments["file_path"]))),)

    def effect(self, kind: Literal["read", "write"], place: Path) -> Effect:
        """What would happen to a place, in valid Unicode as records need it."""
        return Effect(kind, printable(str(place)))

    def shown(self, place: Path) -> str:
        """A place as it is written to the model."""
        return printable(self._workspace.shown(place))

    def read(self, place: Path) -> bytes | None:
        """The whole content of a file; None if there is none."""
        with self._worded():
            try:
                return self._workspace.files.read(place, MOST_BYTES)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def apply(self, changes: Sequence[Change]) -> None:
        """Carry out all changes or none; also raises `conflict`."""
        with self._worded():
            self._workspace.files.apply(changes)

    def write(self, place: Path, data: bytes) -> None:
        """Replace or make a file; the model knows its content then."""
        self.apply((Write(place, data),))
        self._workspace.saw(place, data)

    def mode(self, place: Path) -> int:
        """The permission bits of a file."""
        with self._worded():
            return os.stat(place).st_mode & 0o7777

    def missing(self, asked: str) -> ToolError:
        """The error for a file that is not there, with names like it."""
        here = f"The working directory is {printable(str(self._workspace.root))!r}."
        try:
            with self._worded():
                existing(self._workspace, asked)
        except ToolError as error:
            return ToolError(error.kind, f"{error} {here}")
        return ToolError("not_found", f"There was no {asked!r} a moment ago. {here}")

    def check_unchanged(self, place: Path, data: bytes) -> None:
        """Raise `stale` if the model knows another content of the file than this."""
        if self._workspace.known(place) and not self._workspace.current(place, data):
            raise ToolError(
                "stale",
                f"{self.shown(place)!r} has changed since it was last read or written. Nothing "
                "was done. Read it again, then make the change that it needs now.",
            )

    def check_seen(self, place: Path, data: bytes) -> None:
        """Raise `stale` if this is not the content that the model knows. Nothing is in an empty
        file that one would have to know."""
        if data and not self._workspace.known(place):
            raise self.unseen(place)
        self.check_unchanged(place, data)

    def unseen(self, place: Path) -> ToolError:
        """The error for a file whose content the model does not know."""
        return ToolError(
            "stale",
            f"{self.shown(place)!r} exists, but has not been read in this run. Nothing was done. "
            "Read it first, then send the call again.",
        )

    @contextlib.contextmanager
    def _worded(self) -> Generator[None]:
        try:
            yield
        except (OSError, SandboxError) as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError | SandboxError) -> ToolError:
        match error:
            case OutsideRoots():
                text = f"{error}. Paths outside are not reachable with this tool."
                return ToolError("outside_workspace", text)
            case Conflict():
                return ToolError("conflict", f"{error}. Nothing was done.")
            case NotAFile():
                holds = self._entries(error.path) if error.kind == "directory" else ""
                text = f"{self.shown(error.path)!r} is a {error.kind}, not a file.{holds}"
                return ToolError("other", text)
            case TooLarge():
                return ToolError(
                    "other",
                    f"{self.shown(error.path)!r} is larger than {error.limit // 2**20} MiB, too "
                    "large for this tool. Use grep, or bash with head, tail or sed.",
                )
            case OSError():
                path = self.shown(Path(os.fsdecode(error.filename or ".")))
                return ToolError(
                    "not_found" if isinstance(error, FileNotFoundError) else "other",
                    f"{path!r}: {error.strerror}. Nothing was done.",
                )
            case _:
                return ToolError("other", str(error))

    def _entries(self, directory: Path) -> str:
        try:
            with os.scandir(directory) as entries:
                names = sorted(
                    printable(entry.name) + ("/" if entry.is_dir(follow_symlinks=False) else "")
                    for entry in islice(entries, _SCANNED_ENTRIES)
                    if not self._workspace.files.hides(directory / entry.name)
                )
        except OSError:
            return ""
        if not names:
            return " It is empty."
        more = len(names) - _LISTED_ENTRIES
        shown = names[:_LISTED_ENTRIES] + ([f"... and {more} more"] if more > 0 else [])
        return "\n".join((" It holds:", *shown))
