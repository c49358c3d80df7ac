"""Files in which one more folder may be read: where the whole of what was cut is kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import OutsideRoots
from .files import RootedFiles
from .paths import Roots
from .ports import Change, Files


class AlsoReadable:
    """`ports.Files` around other files. What is in the folder can be read and nothing else."""

    def __init__(self, files: Files, folder: Path) -> None:
        """`folder` is absolute and without links; it need not exist yet."""
        self._files = files
        self._folder = RootedFiles(Roots(folder))

    def around(self, files: Files) -> None:
        """Wrap other files from here on."""
        self._files = files

    def confine(self, path: str | Path, cwd: Path) -> Path:
        """See `Files.confine`. What leads out of both is told of the wrapped files' roots."""
        try:
            return self._files.confine(path, cwd)
        except OutsideRoots as outside:
            try:
                return self._folder.confine(path, cwd)
            except OutsideRoots:
                raise outside from None

    def hides(self, path: Path) -> bool:
        """See `Files.hides`."""
        return self._files.hides(path)

    def read(self, path: Path, limit: int) -> bytes:
        """See `Files.read`."""
        try:
            return self._files.read(path, limit)
        except OutsideRoots as outside:
            try:
                return self._folder.read(path, limit)
            except OutsideRoots:
                raise outside from None

    def write(self, path: Path, data: bytes, *, mode: int | None = None) -> None:
        """See `Files.write`."""
        self._files.write(path, data, mode=mode)

    def remove(self, path: Path) -> None:
        """See `Files.remove`."""
        self._files.remove(path)

    def rename(self, source: Path, target: Path) -> None:
        """See `Files.rename`."""
        self._files.rename(source, target)

    def apply(self, changes: Sequence[Change]) -> None:
        """See `Files.apply`."""
        self._files.apply(changes)


if TYPE_CHECKING:
    _: type[Files] = AlsoReadable
