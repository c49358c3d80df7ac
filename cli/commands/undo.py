"""`kedge undo`: the files as they were before the last turns."""

from collections.abc import Sequence

from msgspec import structs

from ...agent.checkpoint_facts import Reach, Rewound
from ...agent.events import Event
from ...config.errors import UsageError
from ...config.exit_codes import EXIT_CODES
from ..catalogue import Catalogue
from ..compose import saved_sessions
from ..going_back import Plan, Prospect, Session, agreed, files, plan_of, record, said
from ..saved import latest, named
from ..surroundings import Surroundings, surroundings
from ..terminal import Out
from ..undoing import Span, Undone, history


def session_of(where: Surroundings, said: str) -> Session:
    """The session that is meant, or else the last one here.

    Raises:
        UsageError: there is none, or there are several.
    """
    store = saved_sessions(where)
    id = named(store, said, Catalogue(where).names) if said else latest(store, where.cwd)
    return Session(store, id, tuple(store.read(id)))


def undo(
    count: int, session: str, cd: str, *, redo: bool, dry_run: bool, yes: bool, force: bool
) -> int:
    """Undo the file effects of the last turns that had any, or with `redo` the last going back; 1
    if something could not be done.

    Raises:
        KedgeError: there is nothing to undo, nobody to ask, or a checkpoint is gone.
    """
    where = surroundings(cd)
    known = session_of(where, session)
    if redo:
        return forth(known, where, dry_run=dry_run, yes=yes, force=force)
    plan, fact = undone(known.facts, count, force=force)
    return put_back(known, where, plan, fact, dry_run=dry_run, yes=yes, force=force)


def undone(facts: Sequence[Event], count: int, *, force: bool) -> tuple[Plan, Rewound]:
    """How the file effects of the last turns that had any are undone; with `force`, where the last
    going back left some of them, those alone, be it of how many turns.

    Raises:
        UsageError: there is none.
    """
    known = history(facts)
    last = known.unfinished
    if force and last is not None and (rest := plan_of(last.turns)) is not None:
        to = rest.turns[0].seq
        return structs.replace(rest, only=last.left), Rewound(to, "files", finishes=True)
    changing = [turn for turn in known.turns if turn.checkpoints]
    plan = plan_of(changing[-count:])
    if plan is None:
        raise UsageError("no turn of this session changed files", hint="see kedge sessions show")
    return plan, Rewound(plan.turns[0].seq, "files")


def forth(session: Session, where: Surroundings, *, dry_run: bool, yes: bool, force: bool) -> int:
    """Take the last going back back, conversation and files; 1 if something could not be done.

    Raises:
        KedgeError: nothing was gone back in, or the conversation has gone on since.
    """
    plan, fact = redone(session.facts)
    if plan is None:
        return _talk_again(session, fact, dry_run=dry_run, yes=yes)
    return put_back(session, where, plan, fact, dry_run=dry_run, yes=yes, force=force)


def redone(facts: Sequence[Event]) -> tuple[Plan | None, Rewound]:
    """How the last going back is taken back; without a plan if it left files alone.

    Raises:
        UsageError: nothing was gone back in, or the conversation has gone on since.
    """
    known = history(facts)
    if not known.undone:
        raise UsageError("nothing was undone in this session", hint="leave --redo away to undo")
    last = known.undone[-1]
    fact = Rewound(last.seq, _what(last, known.last), redone=True)
    if not last.before:
        return None, fact
    return Plan((Span([last.before], last.after),), last.turns), fact


def _what(last: Undone, prompted: int) -> Reach:
    """What comes back: the conversation does not where it took another way since."""
    if last.what == "files" or prompted < last.seq:
        return last.what
    if last.what == "both":
        return "files"
    raise UsageError(
        "the conversation has gone on since", hint="the log keeps it all: see kedge sessions show"
    )


def _talk_again(session: Session, fact: Rewound, *, dry_run: bool, yes: bool) -> int:
    err = Out(2)
    if not dry_run and agreed("Take the prompts up again?", err, yes=yes):
        record(session, fact)
        err.say("kedge: the conversation is as it was before kedge rewind\n")
    return 0


def put_back(
    session: Session,
    where: Surroundings,
    plan: Plan,
    fact: Rewound,
    *,
    dry_run: bool,
    yes: bool,
    force: bool,
) -> int:
    """Show what a plan would do to files, ask, do it; 1 if something could not be done."""
    checkpoints = session.checkpoints(where, plan.workspace, plan.to)
    out, err = Out(1), Out(2)
    try:
        prospect = Prospect(session, checkpoints, plan, force=force)
        prospect.show(out, err)
        question = f"Do this to {files(len(prospect.changes))}?"
        if dry_run or not agreed(question, err, yes=yes):
            return 0
        restored = prospect.carry_out(fact)
        said(restored, prospect, fact, err)
        return EXIT_CODES["failed"] if restored.refused else 0
    finally:
        checkpoints.close()
