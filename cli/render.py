"""Events as lines for a person: the progress of a run, on stderr."""

from collections.abc import Sequence

from ..agent.checkpoint_facts import Rewound
from ..agent.effects import FileChange
from ..agent.events import (
    ActionEnded,
    ActionProposed,
    ActionStarted,
    BreakerChanged,
    BudgetSpent,
    CheckEnded,
    Compacted,
    Decision,
    Event,
    Failure,
    Finding,
    MessageAdded,
    Notice,
    Result,
    SessionStarted,
    TextStreamed,
    TurnStarted,
)
from ..agent.messages import Part, Text, said_in
from .compacted import summary_of, told
from .counts import counted
from .money import dollars
from .terminal import Style, harmless, in_a_line
from .titles import title

MAX_OUTPUT_LINES = 12
"""Lines of a result that are shown."""
MAX_DIFF_LINES = 40


class Renderer:
    """Turns events into text to append. Keeps only what the next line depends on."""

    def __init__(
        self, style: Style, *, stored: bool = False, announces: bool = False, elsewhere: str = ""
    ) -> None:
        """`stored` events come from a log, which holds no streamed text; `announces` says to tell
        when an action that is more than reading begins; `elsewhere` says where to read what is left
        out here and in no file."""
        self._style = style
        self._elsewhere = elsewhere
        self._stored = stored
        self._announces = announces
        self._cwd = ""
        self._proposed: dict[str, ActionProposed] = {}
        self._reasons: set[str] = set()
        """Why something was denied, as far as it was said."""
        self.streaming = False
        """Whether what was rendered last ended amid a text, on a line that goes on."""

    def title(self, id: str) -> str:
        """What the action with this id is called."""
        return title(self._proposed[id], self._cwd)

    def render(self, event: Event) -> str:
        """What the event adds to the screen; often nothing."""
        match event.body:
            case TextStreamed(text):
                self.streaming = True
                return harmless(text)
            case ActionProposed() as proposed:
                self._proposed[proposed.id] = proposed
                return ""
            case ActionStarted(id) if self._announces:
                return self._started(id)
            case Decision(outcome="deny") as decision:
                return self._denied(decision)
            case ActionEnded() as ended:
                return self._ended(ended)
            case MessageAdded() as message if len(event.path) == 1:
                return self._message(message)
            case CheckEnded() as check:
                return self._check(check)
            case Result() as result:
                return self._result(result)
            case _:
                return self._remark(event)

    def _remark(self, event: Event) -> str:
        match event.body:
            case SessionStarted() as started:
                self._cwd = started.cwd
                lines = [self._style.dim(_opening(started, event.session))]
                lines += (self._style.hint(f"! {harmless(it)}") for it in started.config_problems)
                return self._line("\n".join(lines))
            case TurnStarted(prompt) if self._stored:
                return self._line(self._style.strong(f"> {harmless(said_in(prompt))}"))
            case Notice(_, text):
                return self._line(self._style.hint(f"! {harmless(text)}"))
            case Finding(monitor, severity, text):
                paint = self._style.hint if severity == "info" else self._style.bad
                return self._line(paint(f"! {monitor}: {harmless(text)}"))
            case Compacted() as compacted:
                return self._compacted(compacted)
            case Rewound() as rewound:
                return self._line(self._style.hint(f"! {_went_back(rewound)}"))
            case BreakerChanged(name, state, reason):
                return self._line(self._style.hint(f"! {name} is {state}: {harmless(reason)}"))
            case BudgetSpent(level="soft") as spent:
                return self._line(self._style.hint(f"! {_nearing(spent)}"))
            case Failure(_, text):
                return self._line(self._style.bad(f"✗ {harmless(text)}"))
            case _:
                return ""

    def _compacted(self, compacted: Compacted) -> str:
        lines = [self._style.hint(f"! {told(compacted)}")]
        if self._stored:
            words = harmless(summary_of(compacted)).splitlines()
            lines += (self._style.dim(f"  {line}") for line in words)
        return self._line("\n".join(lines))

    def _line(self, text: str) -> str:
        fresh = "\n" if self.streaming else ""
        self.streaming = False
        return f"{fresh}{text}\n"

    def _message(self, message: MessageAdded) -> str:
        words = _words(message.parts)
        if message.role == "assistant":
            if self._stored:
                return self._line(words) if words else ""
            return self._line("") if self.streaming else ""
        if words.startswith("<context>"):
            return ""  # for the model; a notice has told the person
        return self._line(self._style.hint(f"→ {(words or ' ').splitlines()[0]}"))

    def _denied(self, decision: Decision) -> str:
        if decision.by == "schema":
            return ""
        words = f"✗ {self.title(decision.id)}: not allowed"
        if decision.reason not in self._reasons:
            self._reasons.add(decision.reason)
            words += f": {harmless(decision.reason)}"
        return self._line(self._style.bad(words))

    def _started(self, id: str) -> str:
        if _only_reads(self._proposed[id]):
            return ""
        return self._line(self._style.dim(f"▸ {self.title(id)}"))

    def _ended(self, ended: ActionEnded) -> str:
        if ended.status == "denied" or ended.id not in self._proposed:
            return ""
        proposed = self._proposed[ended.id]
        ok = ended.status == "ok" and not ended.exit_code
        mark = self._style.good("✓") if ok else self._style.bad("✗")
        detail = f" ({ended.duration_ms} ms)"
        if ended.exit_code:
            detail = f" (exit {ended.exit_code}, {ended.duration_ms} ms)"
        elif ended.status != "ok":
            detail = f" ({ended.status})"
        lines = [f"{mark} {self._style.strong(self.title(ended.id))}{self._style.dim(detail)}"]
        lines += self._body(ended, proposed)
        return self._line("\n".join(lines))

    def _body(self, ended: ActionEnded, proposed: ActionProposed) -> list[str]:
        if ended.changes:
            return [line for change in ended.changes for line in self._diff(change)]
        # What was read is not repeated; what touches nothing (the todo list) is worth seeing.
        if ended.status == "ok" and proposed.effects and _only_reads(proposed):
            return []
        whole = f"all of it: {ended.full_output}" if ended.full_output else self._elsewhere
        return self._tail(_words(ended.content), whole)

    def _tail(self, text: str, whole: str = "") -> list[str]:
        lines = text.rstrip().splitlines()
        if len(lines) > MAX_OUTPUT_LINES:
            hidden = len(lines) - MAX_OUTPUT_LINES
            left_out = f"… {counted(hidden, 'line')} before"
            told = f"{left_out}; {in_a_line(whole)}" if whole else left_out
            lines = [told, *lines[-MAX_OUTPUT_LINES:]]
        return [self._style.dim(f"  {line}") for line in lines]

    def _diff(self, change: FileChange) -> list[str]:
        moved = f" (from {change.moved_from})" if change.moved_from else ""
        lines = [
            f"  {change.change} {in_a_line(change.path + moved)} "
            + self._style.good(f"+{change.added} ")
            + self._style.bad(f"-{change.removed}")
        ]
        diff = [
            line for line in harmless(change.diff).splitlines() if line[:3] not in ("---", "+++")
        ]
        for line in diff[:MAX_DIFF_LINES]:
            paint = {"+": self._style.good, "-": self._style.bad, "@": self._style.hint}
            lines.append("  " + paint.get(line[:1], self._style.dim)(line))
        if len(diff) > MAX_DIFF_LINES:
            lines.append(self._style.dim(f"  … {len(diff) - MAX_DIFF_LINES} more lines"))
        return lines

    def _check(self, check: CheckEnded) -> str:
        mark = self._style.good("✓") if check.ok else self._style.bad("✗")
        lines = [f"{mark} {self._style.strong('check')} {harmless(check.name)}"]
        if not check.ok:
            lines += self._tail(harmless(check.output))
        return self._line("\n".join(lines))

    def _result(self, result: Result) -> str:
        paint = self._style.good if result.exit_code == 0 else self._style.bad
        evidence = result.evidence
        lines = [paint(f"{'✓' if result.exit_code == 0 else '✗'} {result.status}") + _facts(result)]
        for change in evidence.files_changed:
            counts = f"+{change.added} -{change.removed}"
            lines.append(f"  {change.change} {in_a_line(change.path)} {counts}")
        for check in evidence.checks:
            outcome = "passed" if check.ok else "failed"
            lines.append(f"  check {outcome}: {harmless(check.name)}")
        lines += [f"  unverified: {harmless(claim)}" for claim in evidence.unverified_claims]
        if advice := what_to_do(result):
            lines.append(self._style.hint(f"  {advice}"))
        return self._line("\n".join(lines))


_WIDER = {
    "plan": "run again with --mode auto to let it work",
    "ask": "run again with --mode auto to let it work in the sandbox, or allow more with --allow",
    "auto": "run again with --allow RULE or --mode full to allow more",
}


def what_to_do(result: Result) -> str:
    """Why a run ended early and what a person can do about it, where no line said so before."""
    if result.status in ("turn_limit", "budget") and result.error is not None:
        return explained(result.error)
    if result.status == "blocked":
        return _WIDER.get(result.mode, "")
    return ""


def explained(failure: Failure) -> str:
    """What went wrong and what to do, in one line."""
    return harmless("; ".join(filter(None, (failure.text, failure.hint))))


def _went_back(rewound: Rewound) -> str:
    """A going back in words."""
    way = "redid the last undo" if rewound.redone else "went back"
    what = "conversation and files" if rewound.what == "both" else rewound.what
    return f"the person {way} ({what}; files put back: {len(rewound.files)})"


def _nearing(spent: BudgetSpent) -> str:
    return f"{spent.spent:g} of {spent.limit:g} {spent.name} are spent (limit of the {spent.scope})"


def _only_reads(proposed: ActionProposed) -> bool:
    """Whether it looks at files. What a command prints is worth seeing, whatever it does."""
    return all(effect.kind == "read" for effect in proposed.effects)


def _words(parts: Sequence[Part]) -> str:
    return harmless("".join(part.text for part in parts if isinstance(part, Text)))


def _opening(started: SessionStarted, session: str) -> str:
    return harmless(
        f"kedge {started.kedge_version} · {started.model} · mode {started.mode} · "
        f"sandbox {started.sandbox} · session {session}"
    )


def _facts(result: Result) -> str:
    tokens_in = sum(cost.usage.input_tokens for cost in result.usage.values())
    tokens_out = sum(cost.usage.output_tokens for cost in result.usage.values())
    cost = dollars(result.cost_usd, estimated=result.cost_estimated)
    calls = counted(result.turns, "model call")
    return (
        f" · {calls} · {tokens_in} tokens in, {tokens_out} out · {cost} · "
        f"{result.duration_ms / 1000:.1f} s"
    )
