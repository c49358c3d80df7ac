"""Keeps the workspace of a session. Imports what that needs when something is about to change."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from ..agent.effects import FileChange
from ..agent.keeping import Checkpoint
from ..config.checkpoints import CheckpointSettings
from ..config.errors import KedgeError
from ..sandbox.paths import Roots
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..sandbox.checkpoints import Checkpoints
    from ..sandbox.snapshot import Changed

_BYTECODE = "__pycache__"
"""What running Python leaves behind is no change that anybody made."""
_COMPARED = 512 << 10
"""Bytes of a file up to which its lines are counted."""


def checkpoints_of(
    where: Surroundings,
    roots: Roots,
    settings: CheckpointSettings,
    stopped: Callable[[], bool] = lambda: False,
    data_dir: Path | None = None,
) -> "Checkpoints":
    """The checkpoints of a workspace, which all its sessions share; unless they are in a `data_dir`
    of their own."""
    from ..agent.tools.ignore import Ignores
    from ..sandbox.checkpoints import Checkpoints
    from ..sandbox.looking import Caps

    own = where.home
    name = blake2b(str(roots.workspace).encode(errors="surrogateescape"), digest_size=10)
    folder = (data_dir or own.data_dir) / "checkpoints" / name.hexdigest()
    caps = Caps(settings.file_bytes, settings.total_bytes, settings.files)
    avoid = (own.config_dir, own.state_dir, own.data_dir, own.cache_dir)
    return Checkpoints(folder, roots, Ignores.above, caps=caps, avoid=avoid, stopped=stopped)


class WorkspaceKeeper:
    """See `Keeper`: works in a thread, which ends soon after nobody waits for it any more."""

    def __init__(
        self,
        where: Surroundings,
        roots: Roots,
        settings: CheckpointSettings,
        data_dir: Path | None = None,
    ) -> None:
        """`data_dir`: see `checkpoints_of`."""
        self._where = where
        self._data_dir = data_dir
        self._roots = roots
        self._settings = settings
        self._stop = threading.Event()
        self._made: Checkpoints | None = None

    @property
    def _checkpoints(self) -> "Checkpoints":
        if self._made is None:
            self._made = checkpoints_of(
                self._where, self._roots, self._settings, self._stop.is_set, self._data_dir
            )
        return self._made

    async def keep(self, reason: str, named: Sequence[str]) -> Checkpoint:
        """See `Keeper`."""
        self._stop.clear()
        try:
            taken = await asyncio.to_thread(self._checkpoints.take, reason, named)
        except asyncio.CancelledError:
            self._stop.set()
            raise
        return Checkpoint(taken.id, taken.notice)

    def misses(self, path: str) -> bool:
        """See `Keeper`."""
        return not self._checkpoints.covers(path)

    def could_cover(self, path: str) -> bool:
        """See `Keeper`."""
        return any(Path(path).is_relative_to(root) for root in self._roots.all)

    async def changes(self, before: str, after: str) -> tuple[FileChange, ...]:
        """See `Keeper`."""
        return await asyncio.to_thread(self._changes, before, after)

    def _changes(self, before: str, after: str) -> tuple[FileChange, ...]:
        found = [
            change
            for change in self._checkpoints.changes(before, after)
            if _BYTECODE not in Path(change.path).parts
        ]
        return tuple(told(self._checkpoints, change, self.shown(change.path)) for change in found)

    def shown(self, path: str) -> str:
        """See `Keeper`."""
        return shown_in(self._roots.workspace, path)

    async def close(self) -> None:
        """Throw away what is too old or too much, and let go of what is open."""
        self._stop.set()
        if self._made is not None:
            await asyncio.to_thread(self._tidy, self._made)

    def _tidy(self, made: "Checkpoints") -> None:
        settings = self._settings
        # Where it fails, the next session tries again; nothing depends on it.
        with contextlib.suppress(KedgeError):
            made.tidy(settings.keep_days, settings.keep_bytes)
        made.close()


def told(checkpoints: "Checkpoints", change: "Changed", shown: str) -> FileChange:
    """A change with its lines counted, without its diff."""
    # Only what changed something compares texts.
    from ..agent.tools.excerpt import diff

    texts = checkpoints.contents((change.before, change.after))
    old, new = (_text(content) for content in texts)
    counted = diff(old, new, shown)
    return FileChange(shown, change.change, counted.added, counted.removed)


def shown_in(workspace: Path, path: str) -> str:
    """A path as a person reads it: relative to the workspace where it lies in it."""
    place = Path(path)
    shown = str(place.relative_to(workspace)) if place.is_relative_to(workspace) else path
    return shown.encode(errors="surrogateescape").decode(errors="replace")


def _text(content: bytes | None) -> str:
    """A file as text; empty for what has no lines to count."""
    if content is None or len(content) > _COMPARED or b"\0" in content:
        return ""
    return content.decode(errors="replace")
