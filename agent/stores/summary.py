"""What a list says of a session, and what was said in it: folds of its facts."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from ..events import Event, MessageAdded, Result, SessionStarted, TurnStarted
from ..lineage import Forked, Renamed
from ..messages import legible_text, said_in

MAX_PROMPT = 500
EXCERPT = 160
"""Characters of a text that are shown around what was found."""
_TERM = re.compile(r'"([^"]+)"?|(\S+)')


class Summary(msgspec.Struct, omit_defaults=True):
    """A session in one row."""

    id: str
    started: str = ""
    """RFC 3339, as is `updated`."""
    updated: str = ""
    cwd: str = ""
    """Where it was opened last."""
    project: str = ""
    """The repository that it belongs to, wherever that is checked out; else its directory."""
    model: str = ""
    name: str = ""
    prompt: str = ""
    """The beginning of the first one, at most `MAX_PROMPT` characters."""
    status: str = "unfinished"
    """Of the last run; `unfinished` if the log breaks off, `damaged` where it cannot be read."""
    prompts: int = 0
    cost_usd: float | None = 0.0
    """Of its own runs; null if the price of one is not known."""
    parent: str = ""
    """The session that it was forked from."""
    upto: int = 0
    """The last record that it took over from there."""
    seq: int = 0
    """Of its last record."""

    def add(self, event: Event) -> None:
        """Fold one more fact in."""
        self.seq, self.updated = event.seq, event.ts
        match event.body:
            case SessionStarted() as opened:
                self._open(opened, event)
            case Forked(parent, upto):
                self.parent, self.upto = parent, upto
                self.started, self.status, self.cost_usd = event.ts, "unfinished", 0.0
                self.name = ""
            case Renamed(name):
                self.name = name
            case TurnStarted(prompt):
                self.prompts += 1
                self.prompt = self.prompt or said_in(prompt)[:MAX_PROMPT]
                self.status = "unfinished"
            case Result(status=status, cost_usd=cost):
                self.status = status
                known = cost is not None and self.cost_usd is not None
                self.cost_usd = round((self.cost_usd or 0) + (cost or 0), 9) if known else None
            case _:
                pass

    def _open(self, opened: SessionStarted, event: Event) -> None:
        self.started = self.started or event.ts
        self.model = opened.model
        self.cwd, self.project = opened.cwd, opened.repository or opened.cwd


class Where(msgspec.Struct, frozen=True):
    """Whose sessions are meant: those of a directory and of its project; by default all."""

    cwd: str = ""
    project: str = ""

    def holds(self, summary: Summary) -> bool:
        """Whether a session is among them."""
        return not self.cwd or summary.cwd == self.cwd or summary.project == self.project


EVERYWHERE = Where()


class Said(msgspec.Struct, frozen=True):
    """Words of a conversation."""

    session: str
    seq: int
    ts: str
    speaker: Literal["person", "model"]
    text: str


KINDS = frozenset({"session.started", "forked", "renamed", "turn.started", "message", "result"})
"""Of the facts that `Summary` and `said` look at."""


def said(event: Event) -> Said | None:
    """The words of a fact, if it is a prompt or an answer."""
    speaker: Literal["person", "model"] = "person"
    match event.body:
        case TurnStarted(prompt):
            text = said_in(prompt)
        case MessageAdded("user", parts, "person"):
            text = said_in(parts)
        case MessageAdded("assistant", parts) if len(event.path) == 1:
            text, speaker = said_in(parts), "model"
        case _:
            return None
    if not text.strip():
        return None
    return Said(event.session, event.seq, event.ts, speaker, text)


def terms(query: str) -> tuple[str, ...]:
    """What to look for: words, or phrases within double quotes; all have to be there. A star at
    the end of a word stands for any ending."""
    found = (quoted or bare for quoted, bare in _TERM.findall(legible_text(query)))
    return tuple(term for term in found if any(map(str.isalnum, term)))


def excerpt(text: str, looked_for: Sequence[str], room: int = EXCERPT) -> str:
    """The part of a text around the first term that is in it, in one line of about `room`
    characters."""
    line = " ".join(text.split())
    folded = line.casefold()
    places = [folded.find(term.rstrip("*").casefold()) for term in looked_for]
    first = min((place for place in places if place >= 0), default=0)
    begin = max(0, first - room // 3)
    end = begin + room
    return ("…" if begin else "") + line[begin:end].strip() + ("…" if end < len(line) else "")
