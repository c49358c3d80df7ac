"""Keeps the workspace before it is changed, so that it can be returned to and compared with."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from ..config.errors import KedgeError
from .bus import Bus
from .checkpoint_facts import BROKE_OFF, GOING_BACK, NOT_KEPT, Checkpointed, Rewound
from .effects import FileChange, reads_only
from .events import Event, Notice, SessionStarted, TurnStarted
from .ports import Action

_CHANGES = ("write", "delete", "run")


class Checkpoint(Struct, frozen=True):
    """A checkpoint."""

    id: str
    notice: str = ""
    """Words for a person where something is not covered."""


class Keeper(Protocol):
    """Keeps the workspace. Cancellable."""

    async def keep(self, reason: str, named: Sequence[str]) -> Checkpoint:
        """Keep everything, and the files at these resolved paths even if they are ignored.

        Raises:
            KedgeError: it could not be kept.
        """
        ...

    def misses(self, path: str) -> bool:
        """Whether the last checkpoint does not say what was at a resolved path."""
        ...

    def could_cover(self, path: str) -> bool:
        """Whether a checkpoint can: it lies in the workspace."""
        ...

    async def changes(self, before: str, after: str) -> tuple[FileChange, ...]:
        """The files that differ between two checkpoints, without diffs.

        Raises:
            KedgeError: they cannot be compared.
        """
        ...

    def shown(self, path: str) -> str:
        """A resolved path as `FileChange` has it."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...


class Net(Struct, frozen=True):
    """What became of the files in a run, seen from the files themselves."""

    changes: tuple[FileChange, ...]
    beyond: frozenset[str]
    """Paths, as shown, that tools changed and no checkpoint covers."""


class Keeping:
    """The checkpoints of one session's turns."""

    def __init__(self, keeper: Keeper | None, bus: Bus, cwd: str = "") -> None:
        """Without a keeper nothing is kept. `cwd` is where the session works."""
        self._keeper = keeper
        self._bus = bus
        self._cwd = cwd
        self._last_cwd = ""
        self._broke_off = False
        self._turn = 0
        self._first = ""
        self._named: set[str] = set()
        self._noticed = ""

    def recall(self, fact: Event) -> None:
        """Take in what the log says: whether the last turn changed something and nobody kept how
        it left things."""
        match fact.body:
            case SessionStarted(cwd):
                self._last_cwd = cwd
            case TurnStarted() | Rewound(what="files" | "both") | Checkpointed(closes=True):
                self._broke_off = False
            case Checkpointed(reason=reason) if reason != GOING_BACK:
                self._broke_off = True
            case _:
                pass

    async def begin(self) -> None:
        """A run begins. First, how a turn that broke off left things is kept: what is changed from
        here on is not its own. Where it worked elsewhere, that cannot be said from here."""
        self._turn, self._first, self._named = 0, "", set()
        broke_off, self._broke_off = self._broke_off, False
        if self._keeper is not None and broke_off and self._last_cwd == self._cwd:
            await self._keep(self._keeper, BROKE_OFF, (), closes=True)

    async def before(self, action: Action) -> None:
        """Keep the workspace if this is the first action of the turn to change it, runs a command
        that may, or names what no checkpoint covers."""
        effects = [one for one in action.effects if one.kind in _CHANGES and not reads_only(one)]
        if self._keeper is None or not effects:
            return
        named = {one.target for one in effects if one.kind != "run"}
        self._named |= named
        runs = any(one.kind == "run" or one.part is not None for one in effects)
        fresh = self._turn != self._bus.turn
        keeper = self._keeper
        if fresh or runs or any(keeper.could_cover(one) and keeper.misses(one) for one in named):
            self._turn = self._bus.turn
            id = await self._keep(keeper, f"before {action.call.name}", sorted(named))
            self._first = self._first or id

    async def end(self) -> Net | None:
        """Keep how the run leaves things; what it changed, if that can be said."""
        if self._keeper is None or not self._first:
            return None
        id = await self._keep(self._keeper, "after the turn", (), closes=True)
        if not id:
            return None
        try:
            changes = await self._keeper.changes(self._first, id)
        except KedgeError as error:
            self._bus.emit(Notice("changes", f"the changes could not be compared: {error}"))
            return None
        beyond = (one for one in self._named if self._keeper.misses(one))
        return Net(changes, frozenset(map(self._keeper.shown, beyond)))

    async def close(self) -> None:
        """The session is over."""
        if self._keeper is not None:
            await self._keeper.close()

    async def _keep(
        self, keeper: Keeper, reason: str, named: Sequence[str], *, closes: bool = False
    ) -> str:
        try:
            kept = await keeper.keep(reason, named)
        except KedgeError as error:
            self._say(f"what follows cannot be undone: {error}")
            return ""
        self._bus.emit(Checkpointed(kept.id, reason, closes))
        self._say(kept.notice)
        return kept.id

    def _say(self, words: str) -> None:
        """The same words once."""
        if words and words != self._noticed:
            self._bus.emit(Notice(NOT_KEPT, words))
        self._noticed = words
