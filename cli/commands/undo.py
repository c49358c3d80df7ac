"""`kedge undo`: the files as they were before the last turns."""

import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from ...agent.bus import Bus
from ...agent.events import Event
from ...agent.kept import Rewound
from ...agent.ports import Store
from ...config.errors import UsageError
from ...config.exit_codes import EXIT_CODES
from ...sandbox.checkpoints import Checkpoints
from ...sandbox.paths import Roots
from ...sandbox.restoring import Restored
from ...sandbox.snapshot import Changed
from ..compose import saved_sessions
from ..keeping import checkpoints_of
from ..saved import latest, named
from ..surroundings import Surroundings, surroundings
from ..terminal import Out, harmless
from ..undoing import Turn, history, outside

_WORDS = {"created": "remove", "modified": "change back", "deleted": "bring back"}
"""What undoing a change is."""


class _Plan(Struct, frozen=True):
    """What is to be done."""

    to: str
    """The checkpoint to return to."""
    later: tuple[str, ...]
    after: str
    """The checkpoint of how the turns left things; empty: as they are now."""
    turns: tuple[Turn, ...]
    fact: Rewound


def undo(
    count: int, session: str, cd: str, *, redo: bool, dry_run: bool, yes: bool, force: bool
) -> int:
    """Undo the file effects of the last turns that had any, or with `redo` the last undoing; 1 if
    something could not be done.

    Raises:
        KedgeError: there is nothing to undo, nobody to ask, or a checkpoint is gone.
    """
    where = surroundings(cd)
    store = saved_sessions(where)
    id = named(store, session) if session else latest(store, where.cwd)
    facts = list(store.read(id))
    plan = _redone(facts) if redo else _undone(facts, count)
    checkpoints = _checkpoints(where, facts, plan.to)
    try:
        return _carry_out(store, id, facts, checkpoints, plan, dry_run, yes, force)
    finally:
        checkpoints.close()


def _undone(facts: Sequence[Event], count: int) -> _Plan:
    changing = [turn for turn in history(facts).turns if turn.checkpoints]
    if not changing:
        raise UsageError("no turn of this session changed files", hint="see kedge sessions show")
    turns = tuple(changing[-count:])
    to, *later = (id for turn in turns for id in turn.checkpoints)
    fact = Rewound(turns[0].seq, "files")
    return _Plan(to, tuple(later), turns[-1].after, turns, fact)


def _redone(facts: Sequence[Event]) -> _Plan:
    undone = history(facts).undone
    if not undone:
        raise UsageError("nothing was undone in this session", hint="leave --redo away to undo")
    last = undone[-1]
    fact = Rewound(last.seq, "files", redone=True)
    return _Plan(last.before, (), "", last.turns, fact)


def _checkpoints(where: Surroundings, facts: Sequence[Event], id: str) -> Checkpoints:
    from ...agent.events import SessionStarted

    opened = [fact.body.cwd for fact in facts if isinstance(fact.body, SessionStarted)]
    workspace = Path(opened[0]) if opened else where.cwd
    if not workspace.is_dir():
        raise UsageError(f"the session's directory {str(workspace)!r} is gone")
    known = checkpoints_of(where, Roots.at(workspace))
    try:
        roots = Roots.at(workspace, tuple(one for one in known.roots_of(id)[1:] if one.is_dir()))
    finally:
        known.close()
    return checkpoints_of(where, roots)


def _carry_out(
    store: Store,
    id: str,
    facts: Sequence[Event],
    checkpoints: Checkpoints,
    plan: _Plan,
    dry_run: bool,
    yes: bool,
    force: bool,
) -> int:
    now = checkpoints.take("to compare").id
    changes, kept_back = _planned(checkpoints, plan, now, force)
    out, err = Out(1), Out(2)
    for change in changes:
        out.say(f"{_WORDS[change.change]} {_shown(change.path)}\n")
    for change in kept_back:
        err.say(f"kedge: changed since, left alone without --force: {_shown(change.path)}\n")
    roots = tuple(str(root) for root in checkpoints.roots_of(plan.to))
    beyond = [f"changes of {path}" for path in outside(facts, roots, plan.turns)]
    for words in dict.fromkeys(word for turn in plan.turns for word in (*turn.lasting, *beyond)):
        err.say(f"kedge: cannot be undone: {harmless(words)}\n")
    if not changes:
        err.say("kedge: the files are as they were already\n")
    if dry_run or not _agreed(len(changes), err, yes=yes):
        return 0
    restored = _restore(store, id, checkpoints, plan, [change.path for change in changes])
    for reason in restored.refused:
        err.say(f"kedge: not done: {harmless(reason)}\n")
    back = "kedge undo" if plan.fact.redone else "kedge undo --redo"
    err.say(f"kedge: {len(restored.changes)} files; {back} takes it back\n")
    return EXIT_CODES["failed"] if restored.refused else 0


def _planned(
    checkpoints: Checkpoints, plan: _Plan, now: str, force: bool
) -> tuple[list[Changed], list[Changed]]:
    """The changes to undo; and those whose undoing would take away what came after."""
    wanted = {
        change.path
        for id in (plan.to, *plan.later)
        for change in checkpoints.changes(id, plan.after or now)
    }
    since = {change.path for change in checkpoints.changes(plan.after or now, now)}
    made = checkpoints.changes(plan.to, now, later=plan.later)
    there = [change for change in made if change.path in wanted]
    if force:
        return there, []
    clean = [change for change in there if change.path not in since]
    return clean, [change for change in there if change.path in since]


def _restore(
    store: Store, id: str, checkpoints: Checkpoints, plan: _Plan, paths: Sequence[str]
) -> Restored:
    """Restore, with the session held so that nobody works in it meanwhile."""
    from msgspec import structs

    log = store.open(id)
    try:
        bus = Bus(id, log)
        restored = checkpoints.restore(plan.to, paths, later=plan.later)
        bus.announce(structs.replace(plan.fact, before=restored.before))
    finally:
        log.close()
    return restored


def _agreed(count: int, err: Out, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", hint="look with --dry-run, then give --yes")
    err.say(f"Do this to {count} files? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _shown(path: str) -> str:
    return harmless(path.replace("\n", "\\n"))
