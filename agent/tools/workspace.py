"""What the tools of one session share: where they may work, and what the model has seen."""

from hashlib import blake2b
from pathlib import Path

from ...sandbox.errors import OutsideRoots
from ...sandbox.paths import Roots, confine
from ..errors import ToolError


class Workspace:
    """The roots, and a ledger of file contents that the model knows.

    The ledger goes by content, not by time: a file counts as known if its bytes are those that
    were last read or written through a tool of this session.
    """

    def __init__(self, roots: Roots) -> None:
        self.roots = roots
        self._seen: dict[Path, bytes] = {}

    @property
    def root(self) -> Path:
        """The first root: relative paths start here."""
        return self.roots.workspace

    def resolve(self, path: str) -> Path:
        """The resolved place of a path that a model wrote.

        Raises:
            ToolError: `outside_workspace`; links are resolved first.
        """
        try:
            return confine(path, self.root, self.roots)
        except OutsideRoots as error:
            raise ToolError("outside_workspace", str(error)) from error

    def shown(self, path: Path) -> str:
        """A resolved path as it is written to the model: relative within the first root."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def saw(self, path: Path, data: bytes) -> None:
        """The model now knows this content of the file."""
        self._seen[path] = _digest(data)

    def forget(self, path: Path) -> None:
        """The file is gone."""
        self._seen.pop(path, None)

    def known(self, path: Path) -> bool:
        """Whether any content of the file was ever seen."""
        return path in self._seen

    def current(self, path: Path, data: bytes) -> bool:
        """Whether this content is the one that was last seen."""
        return self._seen.get(path) == _digest(data)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
