"""What the file tools of a session share: the files they may touch, what the model has seen."""

from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final

from msgspec import Struct

from ...sandbox.errors import OutsideRoots, SandboxError
from ...sandbox.ports import Files
from ..checkpoint_facts import Rewound
from ..errors import ToolError
from ..events import ActionEnded, ActionProposed, Event

_KNOWING: Final = frozenset({"read", "write", "edit", "apply_patch"})
"""The tools after which the model knows a file's content."""


class _Known(Struct, frozen=True):
    """A file that the model knew."""

    until: float
    """When it was read or written last, as Unix time."""
    seq: int
    """The record that says so."""


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
        self._proposed: dict[str, ActionProposed] = {}
        self._before: dict[Path, _Known] = {}
        """Files that the log says were known."""

    def hear(self, event: Event) -> None:
        """Take from the record what the model knew, so that a resumed session has it."""
        match event.body:
            case ActionProposed(id, tool) as proposed if tool in _KNOWING:
                self._proposed[id] = proposed
            case ActionEnded(id, status=status) if id in self._proposed:
                proposed = self._proposed.pop(id)
                known_at = datetime.fromisoformat(event.ts).timestamp()
                known = ("read", "write") if status == "ok" else ()
                for effect in proposed.effects:
                    if effect.kind in known:
                        self._before[Path(effect.target)] = _Known(known_at, event.seq)
            case Rewound(to, "conversation" | "both", redone=False):
                # What the model no longer sees, it does not know.
                self._seen.clear()
                self._before = {path: one for path, one in self._before.items() if one.seq < to}
            case _:
                pass

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
        self._before.pop(path, None)

    def known(self, path: Path) -> bool:
        """Whether any content of the file was ever seen."""
        return path in self._seen or path in self._before

    def current(self, path: Path, data: bytes) -> bool:
        """Whether this content, just read, is the one that was last seen.

        What an earlier process saw counts as long as the file's status has not changed since; that
        time, unlike the content's own, nobody can set.
        """
        if path in self._seen:
            return self._seen[path] == _digest(data)
        try:
            return path.stat().st_ctime <= self._before[path].until
        except (KeyError, OSError):
            return False


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
