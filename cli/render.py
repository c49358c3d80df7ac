"""Events as lines for a person: the progress of a run, on stderr."""

from collections.abc import Sequence

from ..agent.events import (
    ActionEnded,
    ActionProposed,
    CheckEnded,
    Decision,
    Event,
    Failure,
    FileChange,
    MessageAdded,
    Notice,
    Result,
    SessionStarted,
    TextStreamed,
    TurnStarted,
)
from ..agent.messages import Part, Text
from .terminal import Style, harmless

MAX_OUTPUT_LINES = 12
"""Lines of a result that are shown."""
MAX_DIFF_LINES = 40

_SHOWN_ARGUMENTS = ("file_path", "command", "pattern", "path", "patch", "id")


class Renderer:
    """Turns events into text to append. Keeps only what the next line depends on."""

    def __init__(self, style: Style, *, stored: bool = False) -> None:
        """`stored` events come from a log, which holds no streamed text."""
        self._style = style
        self._stored = stored
        self._streaming = False
        self._proposed: dict[str, ActionProposed] = {}

    def render(self, event: Event) -> str:
        """What the event adds to the screen; often nothing."""
        match event.body:
            case TextStreamed(text):
                self._streaming = True
                return harmless(text)
            case ActionProposed() as proposed:
                self._proposed[proposed.id] = proposed
                return ""
            case Decision(outcome="deny") as decision:
                return self._denied(decision)
            case ActionEnded() as ended:
                return self._ended(ended)
            case MessageAdded() as message:
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
                return self._line(self._style.dim(_opening(started, event.session)))
            case TurnStarted(prompt) if self._stored:
                return self._line(self._style.strong(f"> {_words(prompt)}"))
            case Notice(_, text):
                return self._line(self._style.hint(f"! {harmless(text)}"))
            case Failure(_, text):
                return self._line(self._style.bad(f"✗ {harmless(text)}"))
            case _:
                return ""

    def _line(self, text: str) -> str:
        fresh = "\n" if self._streaming else ""
        self._streaming = False
        return f"{fresh}{text}\n"

    def _message(self, message: MessageAdded) -> str:
        words = _words(message.parts)
        if message.role == "assistant":
            if self._stored:
                return self._line(words) if words else ""
            return self._line("") if self._streaming else ""
        return self._line(self._style.hint(f"→ {(words or ' ').splitlines()[0]}"))

    def _denied(self, decision: Decision) -> str:
        proposed = self._proposed[decision.id]
        if decision.by == "schema":
            return ""
        return self._line(
            self._style.bad(f"✗ {_title(proposed)}: not allowed: {harmless(decision.reason)}")
        )

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
        lines = [f"{mark} {self._style.strong(_title(proposed))}{self._style.dim(detail)}"]
        lines += self._body(ended, proposed)
        return self._line("\n".join(lines))

    def _body(self, ended: ActionEnded, proposed: ActionProposed) -> list[str]:
        if ended.changes:
            return [line for change in ended.changes for line in self._diff(change)]
        if ended.status == "ok" and all(effect.kind == "read" for effect in proposed.effects):
            return []
        lines = _words(ended.content).rstrip().splitlines()
        if len(lines) > MAX_OUTPUT_LINES:
            hidden = len(lines) - MAX_OUTPUT_LINES
            lines = [f"… {hidden} lines before", *lines[-MAX_OUTPUT_LINES:]]
        return [self._style.dim(f"  {line}") for line in lines]

    def _diff(self, change: FileChange) -> list[str]:
        moved = f" (from {change.moved_from})" if change.moved_from else ""
        lines = [
            f"  {change.change} {harmless(change.path + moved)} "
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
        return self._line(f"{mark} {self._style.strong('check')} {harmless(check.name)}")

    def _result(self, result: Result) -> str:
        paint = self._style.good if result.exit_code == 0 else self._style.bad
        evidence = result.evidence
        lines = [paint(f"{'✓' if result.exit_code == 0 else '✗'} {result.status}") + _facts(result)]
        for change in evidence.files_changed:
            counts = f"+{change.added} -{change.removed}"
            lines.append(f"  {change.change} {harmless(change.path)} {counts}")
        for check in evidence.checks:
            outcome = "passed" if check.ok else "failed"
            lines.append(f"  check {outcome}: {harmless(check.name)}")
        lines += [f"  unverified: {harmless(claim)}" for claim in evidence.unverified_claims]
        return self._line("\n".join(lines))


def _words(parts: Sequence[Part]) -> str:
    return harmless("".join(part.text for part in parts if isinstance(part, Text)))


def _opening(started: SessionStarted, session: str) -> str:
    return harmless(
        f"kedge {started.kedge_version} · {started.model} · mode {started.mode} · "
        f"sandbox {started.sandbox} · session {session}"
    )


def _title(proposed: ActionProposed) -> str:
    arguments, tool = proposed.arguments, harmless(proposed.tool)
    if isinstance(arguments, str):
        return tool
    for name in _SHOWN_ARGUMENTS:
        value = arguments.get(name)
        if isinstance(value, str) and value:
            first = (harmless(value).strip() or " ").splitlines()[0]
            return f"{tool} {first if len(first) <= 100 else first[:99] + '…'}"
    return tool


def _facts(result: Result) -> str:
    tokens_in = sum(cost.usage.input_tokens for cost in result.usage.values())
    tokens_out = sum(cost.usage.output_tokens for cost in result.usage.values())
    cost = "cost unknown" if result.cost_usd is None else f"${result.cost_usd:.4f}"
    calls = "1 model call" if result.turns == 1 else f"{result.turns} model calls"
    return (
        f" · {calls} · {tokens_in} tokens in, {tokens_out} out · {cost} · "
        f"{result.duration_ms / 1000:.1f} s"
    )
