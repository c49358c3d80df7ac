"""The options of a run: one table, from which both readers of the command line are made.

The thin door (`door.py`) reads the common case without importing anything; Typer (`app.py`) reads
everything else, and writes the help and the complaints. A test holds the two together.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Kind = Literal["flag", "text", "integer", "number"]

Value = str | bool | int | float | tuple[str, ...] | None


class Option(Struct, frozen=True):
    """One option of the command line."""

    name: str
    """The long spelling, with its dashes."""
    help: str
    kind: Kind = "text"
    short: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    repeat: bool = False
    """May be given several times; its value is a tuple."""
    at_least: float | None = None
    setting: str = ""
    """The dotted setting that the option overrides."""

    @property
    def field(self) -> str:
        """The name of its value."""
        return self.name.lstrip("-").replace("-", "_")

    @property
    def default(self) -> Value:
        """The value when it is not given."""
        if self.repeat:
            return ()
        return False if self.kind == "flag" else None


FORMATS = ("text", "json", "stream-json")
LEVELS = ("read-only", "workspace-write", "off")
MODES = ("plan", "ask", "auto", "full")
ON_ASK = ("ask", "deny", "fail")

OPTIONS: tuple[Option, ...] = (
    Option(
        "--print", "One-shot: work on PROMPT, print the answer, exit.", "flag", "-p",
    ),
    Option(
        "--model", "The model, for example anthropic/claude-opus-5-5 or scripted:FILE.",
        short="-m", metavar="PROVIDER/NAME", setting="model.name",
    ),
    Option(
        "--mode", "How much may happen without asking.",
        choices=MODES, metavar="|".join(MODES), setting="mode",
    ),
    Option("--allow", "A rule for what may happen, such as 'bash(npm test *)'.", metavar="RULE",
           repeat=True, setting="rules.allow"),
    Option("--deny", "A rule for what must not.", metavar="RULE", repeat=True,
           setting="rules.deny"),
    Option("--on-ask", "Questions: ask on this terminal (where there is one), deny, or fail with "
           "exit code 7.", choices=ON_ASK, metavar="|".join(ON_ASK)),
    Option(
        "--sandbox", "How commands and file tools are confined.",
        choices=LEVELS, metavar="|".join(LEVELS), setting="sandbox.level",
    ),
    Option(
        "--output-format",
        "text: the answer alone; json: one result; stream-json: every record as it happens.",
        choices=FORMATS, metavar="|".join(FORMATS),
    ),
    Option("--cd", "Work in this directory.", short="-C", metavar="DIR"),
    Option("--add-dir", "A further directory to work in.", metavar="DIR", repeat=True),
    Option("--continue", "Go on with the last session of this directory.", "flag", "-c"),
    Option("--resume", "Go on with this session (its id or name, or how one begins); at a terminal "
           "without one: choose.", short="-r", metavar="[ID|NAME]"),
    Option("--fork", "Go on in a new session; the old one stays as it is.", "flag"),
    Option("--verify", "A command that must succeed before the work counts as done.",
           metavar="CMD", repeat=True),
    Option("--json-schema", "The answer must be JSON that fits this schema.",
           metavar="FILE|JSON"),
    Option("--image", "A picture that belongs to the prompt.", metavar="FILE", repeat=True),
    Option("--max-turns", "Stop after N model calls.", "integer", metavar="N", at_least=1,
           setting="limits.max_turns"),
    Option("--max-cost", "Stop when this much money is spent.", "number", metavar="USD",
           at_least=0, setting="limits.max_cost"),
    Option("--max-seconds", "Stop after this time.", "number", metavar="S", at_least=0,
           setting="limits.max_seconds"),
    Option("--output", "Write the answer to a file, too.", short="-o", metavar="FILE"),
    Option("--set", "Set a configuration value for this run.", short="-s", metavar="KEY=VALUE",
           repeat=True),
    Option("--profile", "Use a profile of the user's configuration.", metavar="NAME"),
    Option("--require-trust", "Fail where the project brings what you do not trust (kedge trust).",
           "flag"),
    Option("--no-session", "Keep no session log.", "flag"),
    Option("--verbose", "Show progress also where stderr is no terminal.", "flag", "-v"),
    Option("--inline", "Interactive: finished blocks go into the terminal's own scrollback.",
           "flag"),
    Option("--plain", "Interactive: line by line, for screen readers and simple terminals.",
           "flag"),
)  # fmt: skip


ONE_SHOT = ("on_ask", "output_format", "json_schema", "output", "verbose")
"""Fields of the options that mean nothing without --print."""
INTERACTIVE = ("inline", "plain")
"""Fields of those that mean nothing with it."""

COMMANDS = (
    *("demo", "login", "logout", "models", "sessions", "why", "audit", "config", "rules", "grants"),
    *("hooks", "trust"),
    *("undo", "rewind", "breakers", "trash", "sandbox", "schema", "tool", "memory"),
    "compact",
)
"""The words that a command line may begin with instead."""


USUAL = (
    *("help", "version", "exec", "run", "chat", "continue", "resume", "auth", "setup-token"),
    *("doctor", "mcp", "status", "usage", "cost", "stats", "agents", "init", "plan"),
    *("theme", "review", "update", "upgrade", "install", "uninstall"),
)
"""Words that other agents have for commands: none of them alone is a prompt. See `usual.py`."""


def choosing(arguments: Sequence[str]) -> list[str]:
    """The command line with `--resume=` for a `-r` that no session follows: what begins with a dash
    is an option, not the name of one."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    pairs = zip(arguments[:end], [*arguments[1:end], "-"], strict=False)
    alone = ("--resume", "-r")
    return [
        *("--resume=" if one in alone and after.startswith("-") else one for one, after in pairs),
        *arguments[end:],
    ]


class Run(Struct, frozen=True):
    """A run as it was asked for."""

    prompt: str | None
    values: dict[str, Value]
    """Field of each option to its value, defaults filled in."""
    chosen: dict[tuple[str, ...], str] = {}
    """Settings that a person has chosen since, at the session, by key."""

    def flag(self, field: str) -> bool:
        """Whether a flag was given."""
        return self.values[field] is True

    def text(self, field: str) -> str:
        """The words given for an option; empty if none were."""
        value = self.values[field]
        return value if isinstance(value, str) else ""

    def texts(self, field: str) -> tuple[str, ...]:
        """All words given for an option that may be repeated."""
        value = self.values[field]
        return value if isinstance(value, tuple) else ()

    @property
    def output_format(self) -> str:
        """`text`, `json` or `stream-json`."""
        return self.text("output_format") or "text"
