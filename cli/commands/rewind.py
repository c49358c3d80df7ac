"""`kedge rewind`: back to a prompt, to give it anew; conversation, files, or both."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Literal

from msgspec import Struct

from ...agent.bus import now
from ...agent.checkpoint_facts import Reach, Rewound
from ...agent.events import TurnStarted
from ...agent.session import new_session_id
from ...agent.stores.forking import fork as forked
from ...agent.transcript import transcript
from ...config.errors import UsageError
from ...config.exit_codes import EXIT_CODES
from ...sandbox.errors import SandboxError
from ..going_back import Prospect, Session, agreed, files, plan_of, record, refusals
from ..keeping import told
from ..surroundings import Surroundings, surroundings
from ..terminal import Out, harmless
from ..undoing import Turn, history
from .undo import forth, session_of

_COLUMNS = 60
"""Characters of a prompt that are listed."""
Only = Literal["", "conversation", "files"]


class _Prompt(Struct, frozen=True):
    """A prompt that can be gone back to."""

    number: int
    seq: int
    time: str
    words: str


def rewind(
    number: int | None,
    session: str,
    cd: str,
    only: Only,
    *,
    fork: bool,
    redo: bool,
    dry_run: bool,
    yes: bool,
    force: bool,
) -> int:
    """Go back to just before a prompt, or list them; 1 if something could not be done.

    Raises:
        KedgeError: there is no such prompt, nobody to ask, or a checkpoint is gone.
    """
    where = surroundings(cd)
    known = session_of(where, session)
    if redo:
        return forth(known, where, dry_run=dry_run, yes=yes, force=force)
    prompts = _prompts(known)
    if number is None:
        _list(known, where, prompts)
        return 0
    found = [place for place, one in enumerate(prompts) if one.number == number]
    if not found:
        raise UsageError(f"there is no prompt {number}", hint="kedge rewind lists them")
    if fork and only == "files":
        raise UsageError("--fork is about the conversation", hint="leave --only files away")
    back = _Back(known, where, prompts[found[0] :], only or "both", fork=fork, force=force)
    return back.go(dry_run=dry_run, yes=yes)


def _prompts(session: Session) -> list[_Prompt]:
    """The prompts that are in the conversation, oldest first."""
    talk = transcript(session.facts)
    words = {one.seq: one.words for one in talk.said if one.words}
    return [
        _Prompt(fact.turn, fact.seq, fact.ts, words[fact.seq])
        for fact in session.facts
        if isinstance(fact.body, TurnStarted) and fact.seq in words
    ]


class _Back:
    """One going back."""

    def __init__(
        self,
        session: Session,
        where: Surroundings,
        gone: list[_Prompt],
        what: Reach,
        *,
        fork: bool,
        force: bool,
    ) -> None:
        """`gone` is the prompt that is gone back to, with those after it."""
        self._session = session
        self._where = where
        self._gone = gone
        self._what: Reach = what
        self._fork = fork
        self._force = force
        turns = [turn for turn in history(session.facts).turns if turn.seq >= gone[0].seq]
        self._plan = plan_of(turns) if what != "conversation" else None

    def go(self, *, dry_run: bool, yes: bool) -> int:
        """Show, ask, do; the prompt goes to stdout."""
        err = Out(2)
        if self._what != "files":
            self._show_talk(err)
        if self._plan is None:
            return self._without_files(err, dry_run=dry_run, yes=yes)
        checkpoints = self._session.checkpoints(self._where, self._plan.workspace, self._plan.to)
        try:
            prospect = Prospect(self._session, checkpoints, self._plan, force=self._force)
            prospect.show(err, err)
            question = f"Go back, and do this to {files(len(prospect.changes))}?"
            if dry_run or not agreed(question, err, yes=yes):
                return 0
            fact = Rewound(self._gone[0].seq, self._recorded)
            restored = prospect.carry_out(fact)
        finally:
            checkpoints.close()
        refusals(restored, prospect, fact, err)
        self._finish(err)
        return EXIT_CODES["failed"] if restored.refused else 0

    @property
    def _recorded(self) -> Reach:
        """What of this session is gone back in: a fork leaves its conversation as it is."""
        return "files" if self._fork else self._what

    def _without_files(self, err: Out, *, dry_run: bool, yes: bool) -> int:
        if self._what != "conversation":
            err.say("kedge: no file was changed since\n")
        if self._what == "files" or dry_run or not agreed("Go back?", err, yes=yes):
            return 0
        if not self._fork:
            record(self._session, Rewound(self._gone[0].seq, "conversation"))
        self._finish(err)
        return 0

    def _show_talk(self, err: Out) -> None:
        for one in self._gone:
            err.say(f"take back prompt {one.number}: {_short(one.words)}\n")

    def _finish(self, err: Out) -> None:
        """Give the prompt back, and say how to go on."""
        prompt, session = self._gone[0], self._session
        go_on = "kedge -c"
        if self._fork:
            new = new_session_id()
            forked(session.store, session.id, new, now(), prompt.seq - 1)
            go_on = f"kedge -r {new}"
            err.say(f"kedge: session {session.id} stays as it is; {new} begins before the prompt\n")
        elif self._what != "files":
            err.say("kedge: kedge rewind --redo takes it back, until the next prompt\n")
        else:
            err.say("kedge: kedge rewind --redo takes it back\n")
        if self._what == "files":
            return
        if history(session.facts).workspace != str(self._where.cwd) and not self._fork:
            go_on = f"kedge -r {session.id}"
        err.say(f'kedge: the prompt was as follows; resume with: {go_on} -p "PROMPT"\n')
        Out(1).say(f"{harmless(prompt.words)}\n")


def _list(session: Session, where: Surroundings, prompts: list[_Prompt]) -> None:
    known = history(session.facts)
    turns = {turn.seq: turn for turn in known.turns if turn.checkpoints}
    undone = {turn.seq for one in known.undone for turn in one.turns if turn.checkpoints}
    undone -= turns.keys()
    effects = _effects(session, where, turns)
    for one in prompts:
        time = datetime.fromisoformat(one.time).astimezone().strftime("%Y-%m-%d %H:%M")
        did = "undone" if one.seq in undone else effects.get(one.seq, "")
        Out(1).say(
            f"{one.number:>4}  {time}  {_short(one.words):<{_COLUMNS}}  {did}".rstrip() + "\n"
        )
    if not prompts:
        Out(2).say("no prompt of this session can be gone back to\n")


def _effects(session: Session, where: Surroundings, turns: Mapping[int, Turn]) -> dict[int, str]:
    """What turns did to files, in words."""
    found: dict[int, str] = {}
    for turn in turns.values():
        before = turn.checkpoints[0]
        try:
            with closing(session.checkpoints(where, turn.workspace, before)) as checkpoints:
                changes = checkpoints.changes(before, turn.after)
                counted = [told(checkpoints, one, one.path) for one in changes]
        except SandboxError:
            found[turn.seq] = "files are not kept any more"
            continue
        except UsageError:
            found[turn.seq] = "its directory is gone"
            continue
        lines = (sum(one.added for one in counted), sum(one.removed for one in counted))
        found[turn.seq] = f"{files(len(counted))} +{lines[0]} -{lines[1]}"
    return found


def _short(words: str) -> str:
    line = harmless(" ".join(words.split()))
    return line if len(line) <= _COLUMNS else line[: _COLUMNS - 1] + "…"
