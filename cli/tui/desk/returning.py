"""Going back in the session that is open, and forth again. Everything here blocks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ....agent.checkpoint_facts import Reach, Rewound
from ....agent.events import TurnStarted
from ....agent.transcript import transcript
from ....config.errors import UsageError
from ....sandbox.errors import SandboxError
from ....sandbox.restoring import Restored
from ....sandbox.snapshot import Change
from ...commands.undo import redone, undone
from ...going_back import Announce, Plan, Prospect, Session, files, plan_of
from ...keeping import shown_in, told
from ...storage import Storage
from ...terminal import in_a_line
from ...undoing import Turn, history
from .points import Point

_NAMED: Final = 5
"""Files that are named of those that something was done to."""
_DONE: Final[dict[Change, str]] = {
    "created": "restored",
    "modified": "changed back",
    "deleted": "deleted",
}
"""What putting a file back did to it."""
_THEIRS: Final = "changed since by somebody else"


class Returning:
    """What can be gone back to in one session, as its log stands now."""

    def __init__(self, id: str, storage: Storage) -> None:
        """Raises:
        StoreError: its log cannot be read.
        """
        self._session = Session(storage.store, id, tuple(storage.store.read(id)), storage.data_dir)
        self._where = storage.where

    def points(self) -> list[Point]:
        """The prompts of the conversation, oldest first."""
        words = {one.seq: one.words for one in transcript(self._session.facts).said if one.words}
        turns = {turn.seq: turn for turn in history(self._session.facts).turns}
        return [
            self._point(fact.seq, fact.turn, words[fact.seq], fact.ts, turns.get(fact.seq))
            for fact in self._session.facts
            if isinstance(fact.body, TurnStarted) and fact.seq in words
        ]

    def _point(self, seq: int, number: int, words: str, when: str, turn: Turn | None) -> Point:
        changed: tuple[str, ...] = ()
        restorable = turn is not None and bool(turn.checkpoints)
        if turn is not None and restorable:
            try:
                changed = self._changed(turn)
            except SandboxError:
                restorable = False
        lasting = tuple(dict.fromkeys(turn.lasting)) if turn else ()
        return Point(seq, number, words, when, changed, lasting, restorable)

    def _changed(self, turn: Turn) -> tuple[str, ...]:
        checkpoints = self._session.checkpoints(self._where, turn.workspace, turn.checkpoints[0])
        try:
            found = checkpoints.changes(turn.checkpoints[0], turn.after)
            place = Path(turn.workspace)
            shown = (told(checkpoints, one, shown_in(place, one.path)) for one in found)
            return tuple(f"{one.change} {one.path} +{one.added} -{one.removed}" for one in shown)
        finally:
            checkpoints.close()

    def rewind(self, seq: int, what: Reach, announce: Announce) -> tuple[str, str]:
        """Go back behind a prompt: its words, and what became of the files, in words.

        Raises:
            UsageError: there is no such prompt.
            SandboxError: a checkpoint is gone.
        """
        points = [point for point in self.points() if point.seq == seq]
        if not points:
            raise UsageError("that prompt is not in the conversation any more")
        turns = [turn for turn in history(self._session.facts).turns if turn.seq >= seq]
        plan = None if what == "conversation" else plan_of(turns)
        if plan is None and what == "files":
            return points[0].words, "no files had changed"
        if plan is None and what == "both":
            announce(Rewound(seq, "conversation"))
            return points[0].words, "no files had changed"
        return points[0].words, self._carry_out(plan, Rewound(seq, what), announce)

    def undo(self, count: int, announce: Announce, *, force: bool = False) -> str:
        """Undo what the last turns did to files, with `force` also where somebody else changed them
        since, also in what was undone last; in words what came of it.

        Raises:
            KedgeError: they did nothing, or a checkpoint is gone.
        """
        plan, fact = undone(self._session.facts, count, force=force)
        return self._carry_out(plan, fact, announce, force=force)

    def redo(self, announce: Announce) -> str:
        """Take the last going back back; in words what came of it.

        Raises:
            KedgeError: there is none, or a checkpoint is gone.
        """
        plan, fact = redone(self._session.facts)
        return self._carry_out(plan, fact, announce)

    def _carry_out(
        self, plan: Plan | None, fact: Rewound, announce: Announce, *, force: bool = False
    ) -> str:
        if plan is None:
            announce(fact)
            return "the files stay as they are"
        checkpoints = self._session.checkpoints(self._where, plan.workspace, plan.to)
        try:
            prospect = Prospect(self._session, checkpoints, plan, force=force)
            place = Path(plan.workspace)
            theirs = _named([shown_in(place, one.path) for one in prospect.kept_back])
            if theirs and not prospect.changes and not history(self._session.facts).begun:
                return self._left(theirs, fact, announce)
            restored = prospect.put_back(fact, announce)
            return _came_of(restored, place, theirs, fact)
        finally:
            checkpoints.close()

    def _left(self, theirs: str, fact: Rewound, announce: Announce) -> str:
        """All files are left alone: none of them counts as put back, so that it can be forced."""
        if fact.what == "both":
            announce(replace(fact, what="conversation"))
        how = "" if fact.redone else "; /undo --force undoes it nonetheless"
        return f"no file was put back: {_THEIRS}: {theirs}{how}"


def _came_of(restored: Restored, place: Path, theirs: str, fact: Rewound) -> str:
    did = [f"{_DONE[one.change]} {shown_in(place, one.path)}" for one in restored.changes]
    said = [f"{files(len(did))} put back" + (f": {_named(did)}" if did else "")]
    if theirs:
        way = "" if fact.redone else " (/undo --force undoes that, too)"
        said.append(f"left alone, {_THEIRS}: {theirs}{way}")
    return "; ".join([*said, *(f"not done: {reason}" for reason in restored.refused)])


def _named(names: Sequence[str]) -> str:
    more = [f"{len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return ", ".join([*map(in_a_line, names[:_NAMED]), *more])
