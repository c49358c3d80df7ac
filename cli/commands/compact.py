"""`kedge compact`: the conversation of a session, made shorter or whole again."""

import asyncio
import signal
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from ...agent.bus import Bus
from ...agent.compactor import measured
from ...agent.events import Compacted, Event, Finding, MessageAdded, Notice
from ...agent.ports import Store
from ...agent.session import Session
from ...agent.spending import ModelLost
from ...agent.transcript import transcript
from ...config.errors import UsageError
from ...config.exit_codes import EXIT_CODES
from ..catalogue import Catalogue
from ..compacted import summary_of, told
from ..compose import Composed, compose, saved_sessions
from ..counts import counted
from ..money import dollars
from ..options import OPTIONS, Run, Value
from ..saved import latest, named
from ..surroundings import surroundings
from ..terminal import Out, harmless


def compact(
    focus: str, session: str, given: Mapping[str, Value], *, undo: bool, dry_run: bool
) -> int:
    """Have a session's conversation summarised, or take the last compaction back; 1 if there was
    nothing to do. `given` are options of a run.

    Raises:
        KedgeError: there is no such session, it is in use, or the summary could not be had.
    """
    where = surroundings(str(given["cd"] or ""))
    store = saved_sessions(where)
    id = named(store, session, Catalogue(where).names) if session else latest(store, where.cwd)
    if undo:
        if focus or dry_run:
            raise UsageError("--undo goes without a focus and without --dry-run")
        return _undo(store, id)
    values = {option.field: option.default for option in OPTIONS}
    composed = compose(Run(None, {**values, **given, "resume": id}), where)
    return asyncio.run(_work(composed, store, id, focus, dry_run=dry_run))


async def _work(composed: Composed, store: Store, id: str, focus: str, *, dry_run: bool) -> int:
    session = composed.session
    try:
        if dry_run:
            return _foretold(session)
        task = asyncio.ensure_future(session.compact(focus))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        before = max(event.seq for event in store.read(id))
        try:
            state = await task
        except asyncio.CancelledError:
            Out(2).say("kedge: stopped; the conversation stays as it was\n")
            return EXIT_CODES["interrupted"]
    finally:
        await composed.close()
    if state is None:
        Out(2).say("kedge: the conversation is too short to be summarised\n")
        return EXIT_CODES["failed"]
    _report(state, [event for event in store.read(id) if event.seq > before])
    return EXIT_CODES["done"]


def _foretold(session: Session) -> int:
    outlook = session.outlook
    assert outlook is not None, "every session of the command line can be compacted"
    by_itself = f", by itself at ~{outlook.threshold:,}" if outlook.threshold else ""
    would = (
        f"{counted(outlook.summarised, 'message')} would be summarised, {outlook.kept} would stay"
    )
    if not outlook.summarised:
        would = "too short to be summarised"
    Out(1).say(f"~{outlook.tokens:,} tokens{by_itself}; {would}\n")
    return EXIT_CODES["done"]


def _report(state: Compacted, events: Sequence[Event]) -> None:
    out, err = Out(1), Out(2)
    for event in events:
        if isinstance(event.body, Notice | Finding):
            err.say(f"kedge: {harmless(event.body.text)}\n")
    used = [body for event in events if isinstance(body := event.body, MessageAdded | ModelLost)]
    known = [one.cost_usd for one in used if one.cost_usd is not None]
    cost = dollars(sum(known), estimated=any(one.estimated for one in used))
    spent = f", for {cost}" if len(known) == len(used) else ""
    out.say(f"{told(state)}{spent}\n")
    if words := summary_of(state):
        out.say(f"\n{harmless(words)}\n")
    err.say("kedge: the log keeps it all; kedge compact --undo takes it back\n")


def _undo(store: Store, id: str) -> int:
    log = store.open(id)
    try:
        known = transcript(store.read(id))
        before = known.uncompacted
        if before is None:
            raise UsageError("nothing of this session was left out", hint="see kedge sessions show")
        state = measured(replace(before, trigger="undo"), known)
        bus = Bus(id, log)
        bus.turn = known.turn
        bus.announce(state)
        bus.require_log(on_disk=True)
    finally:
        log.close()
    Out(1).say(f"{told(state)}\n")
    return EXIT_CODES["done"]
