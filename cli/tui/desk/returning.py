"""Going back in the session that is open, and forth again. Everything here blocks."""

from collections.abc import Sequence
from pathlib import Path

from ....agent.events import TurnStarted
from ....agent.kept import Reach, Rewound
from ....agent.transcript import transcript
from ....config.errors import UsageError
from ....sandbox.errors import SandboxError
from ...commands.undo import redone, undone
from ...going_back import Announce, Plan, Prospect, Session, files, plan_of
from ...keeping import shown_in, told
from ...kept import Kept
from ...undoing import Turn, history
from .points import Point


class Returning:
    """What can be gone back to in one session, as its log stands now."""

    def __init__(self, id: str, kept: Kept) -> None:
        """Raises:
        StoreError: its log cannot be read.
        """
        self._session = Session(kept.store, id, tuple(kept.store.read(id)), kept.data_dir)
        self._where = kept.where

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
            return points[0].words, "no file was changed since"
        reach: Reach = "conversation" if plan is None else what
        return points[0].words, self._carry_out(plan, Rewound(seq, reach), announce)

    def undo(self, count: int, announce: Announce) -> str:
        """Undo what the last turns did to files; in words what came of it.

        Raises:
            KedgeError: they did nothing, or a checkpoint is gone.
        """
        plan, fact = undone(self._session.facts, count)
        return self._carry_out(plan, fact, announce)

    def redo(self, announce: Announce) -> str:
        """Take the last going back back; in words what came of it.

        Raises:
            KedgeError: there is none, or a checkpoint is gone.
        """
        plan, fact = redone(self._session.facts)
        return self._carry_out(plan, fact, announce)

    def _carry_out(self, plan: Plan | None, fact: Rewound, announce: Announce) -> str:
        if plan is None:
            announce(fact)
            return "the files stay as they are"
        checkpoints = self._session.checkpoints(self._where, plan.workspace, plan.to)
        try:
            prospect = Prospect(self._session, checkpoints, plan, force=False)
            restored = prospect.put_back(fact, announce)
            return _came_of(len(prospect.changes), len(prospect.kept_back), restored.refused)
        finally:
            checkpoints.close()


def _came_of(count: int, kept_back: int, refused: Sequence[str]) -> str:
    said = [f"{files(count - len(refused))} put back"]
    if kept_back:
        said.append(f"{files(kept_back)} left alone, changed since by somebody else")
    return "; ".join([*said, *(f"not done: {reason}" for reason in refused)])
