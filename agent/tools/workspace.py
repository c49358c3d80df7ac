"""What the file tools of a session share: the files they may touch, what the model has seen."""

from hashlib import blake2b
from pathlib import Path

from ...sandbox.errors import OutsideRoots, SandboxError
from ...sandbox.ports import Files
from ..errors import ToolError


class Workspace:
    """The files, and a ledger of their contents as far as the model knows them.

    The ledger goes by content, not by time: a file counts as known if its bytes are those that
    were last read or written through a tool of this session.
    """

    def __init__(self, files: Files, root: Path) -> None:
        """`root` is resolved and one of the roots of `files`; relative paths start there."""
        self.files = files
        self.root = root
        self._seen: dict[Path, bytes] = {}

    def resolve(self, path: str) -> Path:
        """Where a path that a model wrote leads, links resolved.

        Raises:
            ToolError: `outside_workspace`, or `other` for what can be no path.
        """
        try:
            return self.files.confine(path, self.root)
        except OutsideRoots as error:
            text = f"{error}. Paths outside are not reachable with this tool."
            raise ToolError("outside_workspace", text) from error
        except SandboxError as error:
            raise ToolError("other", str(error)) from error

    def shown(self, path: Path) -> str:
        """A resolved path as it is written to the model: relative within the root."""
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
