"""Going back in a session, and forth again: what would change, said beforehand and then done.

`kedge undo` and `kedge rewind` decide what to go back to; all that follows is the same.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct, structs

from ..agent.bus import Bus
from ..agent.checkpoint_facts import GOING_BACK, Checkpointed, Rewound
from ..agent.events import Event
from ..agent.ports import Log, Store
from ..config.errors import UsageError
from ..sandbox.checkpoints import Checkpoints
from ..sandbox.paths import Roots
from ..sandbox.restoring import Restored
from ..sandbox.snapshot import Changed
from .commands.settings import load_for_commands
from .counts import counted
from .keeping import checkpoints_of, shown_in, told
from .surroundings import Surroundings
from .terminal import Out, harmless, in_a_line
from .undoing import Span, Turn, history, in_one_place, not_kept, outside

Announce = Callable[[Rewound | Checkpointed], None]

_WORDS = {"created": "create", "modified": "change", "deleted": "remove"}
"""What putting a file back does."""
_BROKE_OFF = (
    "a turn broke off: what changed{} until the session was gone on with is taken for its own"
)


class Plan(Struct, frozen=True):
    """What is to be done to files."""

    spans: tuple[Span, ...]
    """What is to be undone, oldest first."""
    turns: tuple[Turn, ...]
    elsewhere: tuple[str, ...] = ()
    """Workspaces where earlier turns changed files, which stay."""
    only: tuple[str, ...] = ()
    """The files that this is about, where the others are undone already; empty: all."""

    @property
    def to(self) -> str:
        """The checkpoint to return to."""
        return self.spans[0].checkpoints[0]

    @property
    def later(self) -> tuple[str, ...]:
        """All others, oldest first."""
        return tuple(id for span in self.spans for id in span.checkpoints)[1:]

    @property
    def workspace(self) -> str:
        """Where the turns changed files."""
        return next((turn.workspace for turn in self.turns if turn.checkpoints), "")


class Session(Struct, frozen=True):
    """The session whose past is at stake."""

    store: Store
    id: str
    facts: Sequence[Event]
    data_dir: Path | None = None
    """See `checkpoints_of`."""

    def checkpoints(self, where: Surroundings, place: str, id: str) -> Checkpoints:
        """Those of a workspace of its, with the added directories that one of them has.

        Raises:
            UsageError: the workspace is gone.
        """
        workspace = Path(place)
        if not place or not workspace.is_dir():
            raise UsageError(
                f"the directory {place!r}, where that was done, is gone",
                hint="if it was moved, it can be undone where it was: move it back for that",
            )
        settings = load_for_commands(where).settings.checkpoints
        known = checkpoints_of(where, Roots.at(workspace), settings, data_dir=self.data_dir)
        try:
            added = tuple(one for one in known.roots_of(id)[1:] if one.is_dir())
        finally:
            known.close()
        roots = Roots.at(workspace, added)
        return checkpoints_of(where, roots, settings, data_dir=self.data_dir)


def plan_of(turns: Sequence[Turn]) -> Plan | None:
    """Undoing what these turns did to files, the oldest first; None if they did nothing. Where they
    worked in several places, in the last one."""
    here = in_one_place(turns)
    changing = tuple(turn for turn in here if turn.checkpoints)
    if not changing:
        return None
    spans = tuple(span for turn in changing for span in turn.spans)
    elsewhere = (turn.workspace for turn in turns if turn.checkpoints and turn not in here)
    return Plan(spans, changing, tuple(dict.fromkeys(elsewhere)))


class Prospect:
    """What a plan would do, as things are now."""

    def __init__(self, session: Session, checkpoints: Checkpoints, plan: Plan, *, force: bool):
        """Looks at the files; with `force`, also at those that somebody else changed since."""
        self._session = session
        self._checkpoints = checkpoints
        self._plan = plan
        now = checkpoints.take("to compare").id
        self._repositories = checkpoints.repositories_gone(plan.to, now)
        wanted, since = _ours_and_theirs(checkpoints, plan.spans, now)
        made = checkpoints.changes(plan.to, now, later=plan.later)
        meant = wanted.intersection(plan.only) if plan.only else wanted
        there = [change for change in made if change.path in meant]
        self.changes = [one for one in there if force or one.path not in since]
        """What is there and would be put back."""
        self._directories = wanted if force else wanted - since
        self.kept_back = [one for one in there if one not in self.changes]
        """What somebody else changed since, so that it stays."""

    def show(self, out: Out, err: Out) -> None:
        """Say what would be done, and what would not."""
        for change in self.changes:
            back = Changed(change.path, change.after, change.before)
            found = told(self._checkpoints, back, self._shown(change.path))
            lines = f"  +{found.added} -{found.removed}" if found.added or found.removed else ""
            out.say(f"{_WORDS[found.change]} {in_a_line(found.path)}{lines}\n")
        if self._plan.only:
            err.say("kedge: this is what the last undo or rewind left alone\n")
        for change in self.kept_back:
            words = "changed since by somebody else, left alone without --force"
            err.say(f"kedge: {words}: {in_a_line(self._shown(change.path))}\n")
        for place in self._plan.elsewhere:
            words = "left alone, until kedge undo is called again: what was done in"
            if not Path(place).is_dir():
                words = "cannot be undone, for the directory is gone or was moved: what was done in"
            err.say(f"kedge: {words} {in_a_line(place)}\n")
        if broke_off := [span for span in self._plan.spans if span.broke_off]:
            narrow = all(span.is_narrow for span in broke_off)
            words = _BROKE_OFF.format(" in files that it named" if narrow else "")
            err.say(f"kedge: {words}\n")
        for words in self._lasting():
            err.say(f"kedge: cannot be undone: {harmless(words)}\n")
        if not self.changes:
            err.say("kedge: the files are as they were already\n")

    def _lasting(self) -> list[str]:
        """What stays whatever is put back, in words."""
        turns, checkpoints = self._plan.turns, self._checkpoints
        roots = tuple(str(root) for root in checkpoints.roots_of(self._plan.to))
        used = {self._plan.to, *self._plan.later}
        words = [word for turn in turns for word in turn.lasting]
        words += (f"changes of {path}" for path in outside(self._session.facts, roots, turns))
        words += (f"the repository {self._shown(one)}/.git is gone" for one in self._repositories)
        words += not_kept(self._session.facts, turns)
        words += (one.notice for one in checkpoints.list() if one.id in used and one.notice)
        if any(turn.ran for turn in turns):
            words.append("what commands did to ignored files that no tool named, or elsewhere")
        return list(dict.fromkeys(words))

    def _shown(self, path: str) -> str:
        return shown_in(Path(self._plan.workspace), path)

    def carry_out(self, fact: Rewound) -> Restored:
        """Put the files back and record it.

        The session is held meanwhile, so that nobody works in it. Killed on the way, it is carried
        on by planning and doing it once more.
        """
        log = self._session.store.open(self._session.id)
        try:
            return self.put_back(fact, partial(_announce, _bus(self._session, log)))
        finally:
            log.close()

    def put_back(self, fact: Rewound, announce: Announce) -> Restored:
        """As `carry_out`, for who holds the session already; `announce` returns once a fact is on
        disk."""
        restored = self._checkpoints.restore(
            self._plan.to,
            [change.path for change in self.changes],
            directories=self._directories,
            later=self._plan.later,
            announce=lambda id: announce(Checkpointed(id, GOING_BACK)),
        )
        before = history(self._session.facts).begun or restored.before
        after = self._checkpoints.take("after going back").id
        changes = (told(self._checkpoints, one, self._shown(one.path)) for one in restored.changes)
        done = structs.replace(fact, before=before, after=after, files=tuple(changes))
        left = tuple(change.path for change in self.kept_back)
        if fact.finishes and restored.hindered:
            left = self._plan.only
        announce(structs.replace(done, partial=restored.hindered, left=left))
        return restored


def _ours_and_theirs(
    checkpoints: Checkpoints, spans: Sequence[Span], now: str
) -> tuple[set[str], set[str]]:
    """The paths that changed within spans, and those that changed after one of them, be they files
    or directories."""

    def between(before: str, after: str) -> set[str]:
        files = {change.path for change in checkpoints.changes(before, after)}
        return files | checkpoints.directories_changed(before, after)

    ours: set[str] = set()
    theirs: set[str] = set()
    nexts = [*(span.checkpoints[0] for span in spans[1:]), now]
    for span, then in zip(spans, nexts, strict=True):
        after = span.after or then
        end = span.checkpoints[-1] if span.is_narrow else after
        for id in span.checkpoints:
            ours |= between(id, end)
        since = between(end, after)
        named = {path for path in since if span.is_named(path)}
        ours |= named
        theirs |= since - named
        theirs |= between(after, then)
    return ours, theirs


def record(session: Session, fact: Rewound) -> None:
    """Record a going back that leaves files alone."""
    log = session.store.open(session.id)
    try:
        _announce(_bus(session, log), fact)
    finally:
        log.close()


def _bus(session: Session, log: Log) -> Bus:
    bus = Bus(session.id, log)
    bus.turn = session.facts[-1].turn
    return bus


def _announce(bus: Bus, fact: Rewound | Checkpointed) -> None:
    bus.announce(fact)
    bus.require_log(on_disk=True)


def agreed(question: str, err: Out, *, yes: bool) -> bool:
    """Whether a person wants it.

    Raises:
        UsageError: nobody is there to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", hint="look with --dry-run, then give --yes")
    err.say(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def files(count: int) -> str:
    """A number of files in words."""
    return counted(count, "file")


def said(restored: Restored, prospect: Prospect, fact: Rewound, err: Out) -> None:
    """Say what came of it."""
    refusals(restored, prospect, fact, err)
    back = "kedge undo" if fact.redone else "kedge undo --redo"
    words = "" if restored.hindered and fact.redone else f"; {back} takes it back"
    err.say(f"kedge: {files(len(restored.changes))} put back{words}\n")


def refusals(restored: Restored, prospect: Prospect, fact: Rewound, err: Out) -> None:
    """Say what could not be put back, and what to do where it can be still."""
    for reason in restored.refused:
        err.say(f"kedge: not done: {harmless(reason)}\n")
    if restored.hindered:
        again = " --redo" if fact.redone else " --force" if fact.finishes else ""
        err.say(f"kedge: move what is in the way, then kedge undo{again} does the rest\n")
    elif prospect.kept_back and not fact.redone:
        err.say("kedge: kedge undo --force undoes what was left alone, too\n")
