"""The register: what must outlive every summary, taken from the record and never from prose.

Open tasks, what the person demanded, what was decided, which files were read and changed. It grows
over the whole session, so that any number of compactions lose nothing of it.
"""

import re
from itertools import chain
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from .bookmarks import Bookmarks
from .checkpoint_facts import Rewound
from .events import ActionEnded, ActionProposed, Decision, Event, MessageAdded, TurnStarted
from .messages import Part, Text

Item = TypeVar("Item")

MAX_CONSTRAINTS: Final = 100
"""The latest ones are kept."""
MAX_SENTENCE: Final = 400
"""Characters above which a sentence is data that was pasted, not a demand."""
MAX_READ: Final = 300
"""Files read that are named, the latest ones; all that were changed are."""

_DEMAND: Final = re.compile(
    r"\b(?:never|always|must(?:n['’]t)?|do not|don['’]t|does not|doesn['’]t|only|without|avoid"
    r"|no longer|should(?:n['’]t)?|shall|cannot|can['’]t|may not|keep|leave|at most|at least"
    r"|instead of|rather than|make sure|ensure|required?|forbidden|prefer|remember)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+")
_BULLET: Final = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_FENCED: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_DECIDED: Final = re.compile(
    r"^[^\w\n]*(?:decision|decided)[^\w\n]*:\s*(.+)$", re.IGNORECASE | re.MULTILINE
)


class Task(Struct, frozen=True):
    """One line of the todo list."""

    content: str
    status: str = "pending"


class _Todo(Struct, frozen=True):
    items: tuple[Task, ...] = ()


Grown = tuple[list[Item], int]
"""A list that only grows, as far as it had grown: a copy at each of thousands of prompts would take
memory with the square of their number."""


class _Page(Struct, frozen=True):
    """All that a register holds."""

    tasks: tuple[Task, ...]
    heard: Grown[str]
    decisions: Grown[str]
    read: Grown[str]
    changed: Grown[tuple[str, str]]


class Register:
    """What one agent must not forget. Feed it every event of the session."""

    def __init__(self, path: tuple[str, ...] = ("main",)) -> None:
        self._path = path
        self.tasks: tuple[Task, ...] = ()
        self._heard: list[str] = []
        """What the person said. Few sessions are long enough for anybody to ask what it demands."""
        self._decisions: list[str] = []
        self._read: list[str] = []
        self._changed: list[tuple[str, str]] = []
        self._proposed: dict[str, ActionProposed] = {}
        self._bookmarks = Bookmarks[_Page]()

    @property
    def open_tasks(self) -> tuple[str, ...]:
        """What is still to be done, in order."""
        return tuple(task.content for task in self.tasks if task.status != "completed")

    @property
    def constraints(self) -> tuple[str, ...]:
        """Sentences in which the person demands or forbids something, oldest first."""
        found: dict[str, None] = {}
        for sentence in chain.from_iterable(map(demands, self._heard)):
            # What is said again counts as said last.
            found.pop(sentence, None)
            found[sentence] = None
        return tuple(found)[-MAX_CONSTRAINTS:]

    @property
    def decisions(self) -> tuple[str, ...]:
        """What the person answered to questions, and what the model called a decision."""
        return tuple(dict.fromkeys(self._decisions))

    @property
    def read(self) -> tuple[str, ...]:
        """Files that were read and not changed, the latest ones, oldest first."""
        changed = self.changed
        latest = [path for path in dict.fromkeys(reversed(self._read)) if path not in changed]
        return tuple(reversed(latest[:MAX_READ]))

    @property
    def changed(self) -> dict[str, str]:
        """Files that were changed, and how last, in the order of their first change."""
        return dict(self._changed)

    def add(self, event: Event) -> None:
        """Fold one more event in. Never raises."""
        if event.path != self._path:
            return
        match event.body:
            case TurnStarted(prompt):
                self._bookmarks.follow(event, self._page)
                self._hear(prompt)
            case MessageAdded("user", parts, origin="person"):
                self._hear(parts)
            case MessageAdded("assistant", parts):
                self._said(parts)
            case ActionProposed() as proposed:
                self._proposed[proposed.id] = proposed
            case Decision() as decision:
                self._decided(decision)
            case ActionEnded() as ended:
                self._ended(ended)
            case Rewound() as rewound:
                self._turn_to(self._bookmarks.follow(event, self._page))
                for change in rewound.files if rewound.what == "files" else ():
                    how = f"{change.change} by the person, who went back"
                    self._changed.append((change.path, how))
            case _:
                pass

    @property
    def _page(self) -> _Page:
        return _Page(
            self.tasks,
            (self._heard, len(self._heard)),
            (self._decisions, len(self._decisions)),
            (self._read, len(self._read)),
            (self._changed, len(self._changed)),
        )

    def _turn_to(self, page: _Page) -> None:
        self.tasks = page.tasks
        self._heard = _as_it_was(page.heard)
        self._decisions = _as_it_was(page.decisions)
        self._read = _as_it_was(page.read)
        self._changed = _as_it_was(page.changed)

    def _hear(self, parts: tuple[Part, ...]) -> None:
        self._heard += (
            part.text
            for part in parts
            if isinstance(part, Text) and not part.text.startswith("<context>")
        )

    def _said(self, parts: tuple[Part, ...]) -> None:
        for part in parts:
            # A log has thousands of texts, and few decide anything.
            if isinstance(part, Text) and "deci" in part.text.lower():
                for found in _DECIDED.findall(_FENCED.sub("", part.text)):
                    self._decisions.append(found.strip()[:MAX_SENTENCE])

    def _decided(self, decision: Decision) -> None:
        proposed = self._proposed.get(decision.id)
        if proposed is None:
            return
        if decision.modified is not None:
            self._proposed[decision.id] = msgspec.structs.replace(
                proposed, arguments=decision.modified
            )
        if decision.asked:
            verb = "allowed" if decision.outcome == "allow" else "refused"
            what = _named(proposed)
            because = f" ({decision.reason})" if decision.reason else ""
            self._decisions.append(f"the person {verb} {what}{because}")

    def _ended(self, ended: ActionEnded) -> None:
        proposed = self._proposed.pop(ended.id, None)
        for change in ended.changes:
            if change.moved_from:
                self._changed.append((change.moved_from, "moved away"))
            self._changed.append((change.path, change.change))
        if proposed is None or ended.status != "ok":
            return
        if proposed.tool == "todo" and (todo := _todo(proposed)) is not None:
            self.tasks = todo.items
        if proposed.tool == "read":
            self._read += (effect.target for effect in proposed.effects)


def _as_it_was(kept: Grown[Item]) -> list[Item]:
    """A list of its own, that other things may follow on."""
    grown, size = kept
    return grown[:size]


def demands(text: str) -> list[str]:
    """The sentences of a person that demand or forbid something, code blocks left out."""
    found: list[str] = []
    for sentence in _SENTENCE.split(_FENCED.sub("\n", text)):
        words = " ".join(_BULLET.sub("", sentence).split())
        if words and len(words) <= MAX_SENTENCE and _DEMAND.search(words):
            found.append(words)
    return found


def _todo(proposed: ActionProposed) -> _Todo | None:
    try:
        # As the tool understood them, they hold its own items; from a log, plain tables.
        return msgspec.convert(proposed.arguments, _Todo, from_attributes=True)
    except msgspec.ValidationError:
        return None


def _named(proposed: ActionProposed) -> str:
    """The call as a person would know it again."""
    targets = [effect.target for effect in proposed.effects]
    return " ".join((proposed.tool, " ".join(targets)))[:MAX_SENTENCE].strip()
