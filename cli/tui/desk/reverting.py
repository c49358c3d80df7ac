"""What a session changed in all, file by file, and putting single files back. Everything blocks."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from ....agent.checkpoint_facts import Checkpointed, Rewound
from ....agent.tools.excerpt import diff
from ....config.errors import KedgeError, UsageError
from ....sandbox.checkpoints import Checkpoints
from ....sandbox.snapshot import Change, Changed
from ...going_back import Announce, Session, plan_of
from ...keeping import shown_in
from ...storage import Storage
from ...undoing import history

_BYTECODE = "__pycache__"
"""What running Python leaves behind is no change that anybody made."""
_LARGEST = 512 << 10
"""Bytes of a file up to which its lines are compared."""


class FileDiff(Struct, frozen=True):
    """What became of one file since the session began."""

    path: str
    """Absolute."""
    shown: str
    """Relative to the workspace, where it lies in it."""
    change: Change
    added: int
    removed: int
    text: str
    """A unified diff; empty where there is none."""
    compared: bool = True
    """Whether both sides are text that is not too large."""

    @property
    def why_none(self) -> str:
        """Why there is no diff, in words."""
        if not self.compared:
            return "it is no text, or too large to be compared"
        return "the text is the same" if self.change == "modified" else "the file is empty"


class Reverting:
    """The changes of one session, as its log and the files stand now."""

    def __init__(self, id: str, storage: Storage) -> None:
        """Raises:
        StoreError: its log cannot be read.
        """
        self._session = Session(storage.store, id, tuple(storage.store.read(id)), storage.data_dir)
        self._where = storage.where
        # Also turns that were undone: that may have left files alone.
        whole = (one for one in self._session.facts if not isinstance(one.body, Rewound))
        plan = plan_of(history(whole).turns)
        self._first = plan.to if plan else ""
        self._later = plan.later if plan else ()
        self._place = plan.workspace if plan else ""

    def changes(self) -> list[FileDiff]:
        """Every file that is otherwise than when the session began, whoever changed it.

        Raises:
            KedgeError: a checkpoint is gone, or the directory.
        """
        if not self._first:
            return []
        with self._checkpoints() as kept:
            found = kept.changes(self._first, later=self._later)
            return [self._diff(kept, one) for one in found if _BYTECODE not in one.path]

    def put_back(self, path: str, announce: Announce, to: str = "") -> str:
        """Make one file as it was when the session began, or at a checkpoint; gives the checkpoint
        from just before, so that this can be taken back.

        It is on record as a part of the last turn: undoing that turn undoes this, too.

        Raises:
            KedgeError: it is as it was already, or cannot be put back.
        """
        with self._checkpoints() as kept:
            later = () if to else self._later
            done = kept.restore(
                to or self._first,
                [path],
                later=later,
                announce=lambda id: announce(Checkpointed(id, "before a file was put back")),
            )
            after = kept.take("after a file was put back").id
            announce(Checkpointed(after, "after a file was put back", closes=True))
        if done.refused:
            raise KedgeError(f"not put back: {'; '.join(done.refused)}")
        if not done.changes:
            raise UsageError("the file is as it was already")
        return done.before

    @contextmanager
    def _checkpoints(self) -> Generator[Checkpoints]:
        kept = self._session.checkpoints(self._where, self._place, self._first)
        try:
            yield kept
        finally:
            kept.close()

    def _diff(self, kept: Checkpoints, change: Changed) -> FileDiff:
        old, new = map(_text, kept.contents((change.before, change.after)))
        shown = shown_in(Path(self._place), change.path)
        if old is None or new is None:
            return FileDiff(change.path, shown, change.change, 0, 0, "", compared=False)
        found = diff(old, new, shown)
        return FileDiff(change.path, shown, change.change, found.added, found.removed, found.text)


def _text(content: bytes | None) -> str | None:
    """A file as text; None for what has no lines to compare."""
    if content is None:
        return ""
    if len(content) > _LARGEST or b"\0" in content:
        return None
    return content.decode(errors="replace")
