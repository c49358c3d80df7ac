"""Events that are a remark in the transcript: what they say, in words."""

from collections.abc import Sequence
from typing import Final

from ....agent.checkpoint_facts import Rewound
from ....agent.events import (
    BreakerChanged,
    BudgetSpent,
    CheckEnded,
    Compacted,
    Event,
    Failure,
    Finding,
    MessageAdded,
    Notice,
    SessionStarted,
)
from ....agent.lineage import Forked, Renamed
from ....agent.messages import Text
from ....agent.person import ModelChanged
from ...counts import counted
from .blocks import Divider, Level, Opened, Said, Told

_LEVELS: Final[dict[str, Level]] = {"info": "note", "warning": "warning", "critical": "error"}
_NOTED: Final = frozenset({"background", "compaction", "trash"})
"""Notices that are news rather than warnings."""


def opened(id: int, event: Event, started: SessionStarted) -> Opened:
    """A session's beginning."""
    return Opened(
        id,
        event.seq,
        event.path,
        started.kedge_version,
        started.model,
        started.mode,
        started.sandbox,
        event.session,
        started.cwd,
        started.resumed_after is not None,
    )


def remark(event: Event) -> Told | Divider | None:
    """What an event has to say, still without an id; most have nothing."""
    match event.body:
        case Compacted() as compacted:
            return Divider(0, event.seq, event.path, _compacted(compacted), compacted.summary)
        case Forked(parent):
            return Divider(0, event.seq, event.path, f"forked from session {parent}")
        case _:
            told = _told(event) or _changed(event)
    if told is None:
        return None
    level, code, text, detail = told
    return Told(0, event.seq, event.path, level, code, text, detail)


_Words = tuple[Level, str, str, str]
"""Level, code, text, detail."""


def _told(event: Event) -> _Words | None:
    match event.body:
        case Notice(code, text):
            return ("note" if code in _NOTED else "warning", code, text, "")
        case Finding(monitor, severity, text):
            return (_LEVELS[severity], "finding", f"{monitor}: {text}", "")
        case BreakerChanged(name, state, reason):
            level: Level = "note" if state == "closed" else "warning"
            return (level, "breaker", f"{name} is {state}: {reason}", "")
        case BudgetSpent() as spent:
            return ("error" if spent.level == "hard" else "warning", "budget", _spent(spent), "")
        case Failure("credentials" as code, text):
            return ("error", code, text, "/key asks for another one, and goes on")
        case Failure(code, text, hint=hint):
            return ("error", code, text, hint)
        case CheckEnded() as check:
            return _check(check)
        case MessageAdded(role="user", parts=parts, origin="check"):
            words = "".join(part.text for part in parts if isinstance(part, Text))
            return ("note", "sent-back", "sent back to work", words)
        case _:
            return None


def _changed(event: Event) -> _Words | None:
    match event.body:
        case Renamed(name):
            words = f"the session is called {name!r}" if name else "the session has no name"
            return ("note", "name", words, "")
        case ModelChanged(model, effort, before):
            words = f"model {model}" + (f", effort {effort}" if effort else "")
            return ("note", "model", words + (f" (was {before})" if before != model else ""), "")
        case _:
            return None


def _check(check: CheckEnded) -> _Words:
    if check.ok:
        return ("note", "check", f"check passed: {check.name}", "")
    ended = f" (exit {check.exit_code})" if check.exit_code is not None else ""
    return ("error", "check", f"check failed: {check.name}{ended}", check.output)


def _spent(spent: BudgetSpent) -> str:
    used = f"{spent.spent:g} of {spent.limit:g} {spent.name} are spent"
    return f"{used} (limit of the {spent.scope})"


def _compacted(compacted: Compacted) -> str:
    if compacted.trigger == "undo":
        return "the model sees again what was summarised"
    sizes = ""
    if compacted.tokens_before:
        sizes = f": about {compacted.tokens_before:,} tokens became {compacted.tokens_after:,}"
    how = "summarised" if compacted.summary else "shortened"
    return f"what came before was {how} for the model{sizes}"


def retrying(notice: str) -> str:
    """What is said of a call that is tried again, what may be cut off last."""
    reason, _, when = notice.rpartition("; ")
    return f"{when}: {reason}" if reason else notice


def gone_back(
    id: int, event: Event, rewound: Rewound, undone: Sequence[Said], *, files: bool
) -> Divider:
    """What a person undid; the detail are the prompts that fell away. `files`: whether any had been
    changed since."""
    prompts = counted(len(undone), "prompt")
    words = {
        "conversation": f"rewound {prompts}, files left as they are"
        if files
        else f"rewound {prompts}, no files had changed",
        "files": f"files as they were before {prompts}",
        "both": f"rewound {prompts} and their file changes",
    }[rewound.what]
    if rewound.redone:
        words = "what was undone is done again"
    detail = "\n".join(f"> {said.text}" for said in undone)
    return Divider(id, event.seq, event.path, words, detail)
