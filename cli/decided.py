"""What was decided in stored sessions: each action with its decision and its end, as one row."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from ..agent.effects import Effect
from ..agent.events import (
    ActionEnded,
    ActionProposed,
    Considered,
    Decision,
    Event,
    Grant,
    SessionStarted,
)
from ..agent.person import ModeChanged
from .titles import title


class Row(Struct, omit_defaults=True):
    """One decision, with what it was about and what came of it."""

    session: str
    seq: int
    """Of the decision."""
    ts: str
    path: tuple[str, ...]
    tool: str
    about: str
    """The action in one line."""
    arguments: dict[str, object] | str
    effects: tuple[Effect, ...]
    outcome: str
    by: str
    reason: str
    rule: str = ""
    considered: tuple[Considered, ...] = ()
    modified: dict[str, object] | None = None
    asked: bool = False
    waited_ms: int = 0
    grant: Grant | None = None
    mode: str = ""
    """What decided then; as `sandbox`, it may change within a session."""
    sandbox: str = ""
    config_version: str = ""
    proposed_seq: int = 0
    status: str = ""
    """How the action ended; empty if the log does not say."""


def decisions(events: Iterable[Event]) -> Iterator[Row]:
    """The decisions of a session, in order."""
    rows: dict[str, Row] = {}
    proposed: dict[str, tuple[int, ActionProposed]] = {}
    started: SessionStarted | None = None
    for event in events:
        match event.body:
            case SessionStarted():
                started = event.body
            case ModeChanged(mode, sandbox=sandbox) if started is not None:
                started = structs.replace(started, mode=mode, sandbox=sandbox)
            case ActionProposed(id):
                if id in rows:
                    yield rows.pop(id)
                proposed[id] = (event.seq, event.body)
            case Decision(id) if id in proposed:
                rows[id] = _row(event, event.body, *proposed.pop(id), started)
            case ActionEnded(id, status=status) if id in rows:
                row = rows.pop(id)
                row.status = status
                yield row
            case _:
                pass
    yield from rows.values()


def _row(
    event: Event,
    decision: Decision,
    proposed_seq: int,
    proposed: ActionProposed,
    started: SessionStarted | None,
) -> Row:
    row = Row(
        session=event.session,
        seq=event.seq,
        ts=event.ts,
        path=event.path,
        tool=proposed.tool,
        about=title(proposed, started.cwd if started else ""),
        arguments=proposed.arguments,
        effects=proposed.effects,
        outcome=decision.outcome,
        by=decision.by,
        reason=decision.reason,
        rule=decision.rule,
        considered=decision.considered,
        modified=decision.modified,
        asked=decision.asked,
        waited_ms=decision.waited_ms,
        grant=decision.grant,
        proposed_seq=proposed_seq,
    )
    if started is not None:
        row.mode, row.sandbox = started.mode, started.sandbox
        row.config_version = started.config_version
    return row
