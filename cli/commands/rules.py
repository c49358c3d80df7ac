"""`kedge rules`: what the rules would say, and what is wrong with them."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ...agent.errors import ToolError
from ...agent.gate import Gate
from ...config.errors import KedgeError, UsageError
from ...config.exit_codes import EXIT_CODES
from ...config.layers import Loaded
from ...config.rule_lint import lint
from ...config.rule_settings import RuleSettings
from ...config.rules import Rule, items_of, parse_rule, rules_of
from ...config.settings import Mode
from ..surroundings import Surroundings, surroundings
from ..terminal import Out, Style, harmless
from ..trials import Ground, Trial, refused, tried
from .settings import load_for_commands


class Asked(msgspec.Struct, frozen=True):
    """One line of `kedge rules test --json`."""

    command: str | None = None
    tool: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"{}")
    rules: RuleSettings | None = None
    """Instead of the configured ones."""
    cwd: str | None = None
    """The workspace, instead of the current directory."""


def try_rules(words: tuple[str, ...], mode: Mode, cd: str, *, as_json: bool) -> None:
    """Print what would be decided on a command line: without a sandbox, without grants.

    `words` are one whole line, or the words of one command. Without any, lines of JSON from stdin
    are answered, one each.

    Raises:
        KedgeError: the configuration or the directory is wrong; there is no command.
    """
    where = surroundings(cd)
    bench = _Bench(load_for_commands(where), where, mode)
    out = Out(1)
    if words:
        line = words[0] if len(words) == 1 else shlex.join(words)
        trial = bench.answer(Asked(line))
        if as_json:
            out.write(_encoded(trial))
        else:
            out.say(shown(trial, line, Style.of(out, where.env)))
    elif as_json:
        for asked in sys.stdin.buffer:
            if asked.strip():
                out.write(bench.line(asked))
    else:
        raise UsageError("no command", hint="name one, or use --json and write lines to stdin")


def lint_rules(cd: str, *, as_json: bool) -> int:
    """Print what is wrong with the configured rules; 3 if one of them cannot be used.

    Raises:
        KedgeError: the configuration or the directory is wrong otherwise.
    """
    loaded = load_for_commands(surroundings(cd))
    if loaded.unusable is not None:
        raise loaded.unusable
    remarks = lint(items_of(loaded.settings.rules, loaded.origins))
    out = Out(1)
    for remark in remarks:
        if as_json:
            out.write(msgspec.json.encode(remark) + b"\n")
        else:
            out.say(harmless(f"{remark.origin}: {remark.level}: {remark.text}") + "\n")
    if not remarks and not as_json:
        count = sum(1 for _ in items_of(loaded.settings.rules, loaded.origins))
        out.say(f"nothing is wrong with {count} rule{'' if count == 1 else 's'}\n")
    errors = any(remark.level == "error" for remark in remarks)
    return EXIT_CODES["config"] if errors else 0


class _Bench:
    """Answers trials; keeps what it made for the next."""

    def __init__(self, loaded: Loaded, where: Surroundings, mode: Mode) -> None:
        self._loaded = loaded
        self._where = where
        self._mode: Mode = mode
        self._configured = rules_of(loaded.settings.rules, loaded.origins)
        self._grounds: dict[Path, Ground] = {}
        self._gates: dict[tuple[Path, tuple[Rule, ...]], Gate] = {}

    def line(self, line: bytes) -> bytes:
        """The answer to a line of JSON, as one."""
        try:
            return _encoded(self.answer(msgspec.json.decode(line, type=Asked)))
        except (KedgeError, ValueError, msgspec.MsgspecError) as error:
            return msgspec.json.encode({"error": str(error)}) + b"\n"

    def answer(self, asked: Asked) -> Trial:
        """What would be decided.

        Raises:
            KedgeError: the directory is wrong, or the call cannot be understood.
            ValueError: a rule is wrong, or the line names no call, or two.
            MsgspecError: the arguments do not fit.
        """
        cwd = self._where.cwd / (asked.cwd or "")
        ground = self._ground(cwd)
        rules = self._configured if asked.rules is None else _given(asked.rules)
        gate = self._gate(cwd, ground, rules)
        if (asked.command is None) == (asked.tool is None):
            raise ValueError("a line has either 'command' or 'tool' with 'args'")
        if asked.command is not None:
            return tried(gate, ground.command(asked.command))
        try:
            return tried(gate, ground.call(asked.tool or "", bytes(asked.args)))
        except ToolError as error:
            if error.kind != "outside_workspace":
                raise
            return refused(error)

    def _ground(self, cwd: Path) -> Ground:
        if cwd not in self._grounds:
            self._grounds[cwd] = Ground(self._loaded, self._where, cwd)
        return self._grounds[cwd]

    def _gate(self, cwd: Path, ground: Ground, rules: tuple[Rule, ...]) -> Gate:
        key = (cwd, rules)
        if key not in self._gates:
            if len(self._gates) > _KEPT:
                self._gates.clear()
            self._gates[key] = ground.gate(self._mode, rules)
        return self._gates[key]


_KEPT = 256
"""Gates that are kept: a list of lines may have rules of its own on each."""


def _given(settings: RuleSettings) -> tuple[Rule, ...]:
    return tuple(parse_rule(item, name) for name, item, _ in items_of(settings, {}))


def _encoded(trial: Trial) -> bytes:
    return msgspec.json.encode(trial) + b"\n"


def shown(trial: Trial, line: str, style: Style) -> str:
    """A trial in words, the part that decided marked in the line."""
    paint = {"allow": style.good, "ask": style.hint, "deny": style.bad}[trial.verdict]
    rule = f", by the rule {trial.rule}" if trial.rule else ""
    rows = [f"{paint(trial.verdict)}: {trial.reason} ({trial.by}{rule})", ""]
    rows += _marked(line, trial.marks, style)
    if len(trial.parts) > 1 or any(part.why for part in trial.parts):
        rows += ["", style.strong("parts")]
        rows += (_row(part.verdict, part.text, _why(part.risk, part.why)) for part in trial.parts)
    rows += ["", style.strong("considered")]
    rows += (
        _row(voice.verdict, voice.by, f"{voice.reason}{f' [{voice.rule}]' if voice.rule else ''}")
        for voice in trial.considered
    )
    return "\n".join(rows) + "\n"


def _row(verdict: str, name: str, words: str) -> str:
    return harmless(f"  {verdict:<6} {' '.join(name.split()):<24} {words}").rstrip()


def _why(risk: str, why: str) -> str:
    # What is known to do only what its effects say needs no further word.
    return why if risk in ("", "safe") else f"{risk}: {why}"


def _marked(text: str, marks: tuple[tuple[int, int], ...], style: Style) -> Iterator[str]:
    """The lines of a command, under each a line that points at what is marked in it."""
    start = 0
    for line in text.split("\n"):
        yield f"  {harmless(line)}"
        places = range(start, start + len(line))
        pointers = "".join(
            "^" if any(begin <= place < end for begin, end in marks) else " " for place in places
        )
        if pointers.strip():
            yield style.bad(f"  {pointers.rstrip()}")
        start += len(line) + 1
