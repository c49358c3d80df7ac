"""What is gathered while a command line is gone through, and what is known at each point of it."""

import os
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ..effects import Effect, Risk
from .files import is_device, resolve
from .parts import Analysis, Part, Place, Problem
from .words import HIDDEN, Piece, Word, joined

MAX_PARTS = 100
"""Commands in one line that are judged. What has more, nobody reads before saying yes; the rest is
only listed, for rules to refuse it."""
LISTED_PARTS = 5000
MAX_DEPTH = 20
"""Strings within strings, and groups within groups."""
MAX_ROUNDS = 200
"""Rounds of all its loops together that are gone through."""
MAX_DIRECTORIES = 4
"""Directories that a command may be in, depending on how those before it ended."""

_RANK: dict[Risk, int] = {"safe": 0, "unknown": 1, "opaque": 2, "dangerous": 3}
_KNOWN_VARIABLES = (
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "TERM",
    "TMPDIR",
    "PATH",
    "HOSTNAME",
)
"""What may be printed of the environment: the rest may be secret."""


class State:
    """What is known before a command runs."""

    def __init__(
        self,
        cwds: tuple[str, ...],
        variables: dict[str, tuple[Piece, ...] | None],
        names: dict[str, str],
    ) -> None:
        self.cwds = cwds
        """Where it may be; empty if nobody knows."""
        self.variables = variables
        """Those whose value is known; None for those that this line sets to what it makes itself,
        `HIDDEN` for those that it sets to what may be secret."""
        self.names = names
        """Functions and aliases of this line, each with a sentence on what it is."""

    def copy(self) -> "State":
        return State(self.cwds, dict(self.variables), dict(self.names))

    def or_else(self, other: "State") -> None:
        """What is known if either may be so."""
        cwds = tuple(dict.fromkeys((*self.cwds, *other.cwds)))
        known = self.cwds and other.cwds and len(cwds) <= MAX_DIRECTORIES
        self.cwds = cwds if known else ()
        for name in (*other.variables, *self.variables):
            ours, theirs = self.variables.get(name), other.variables.get(name)
            if HIDDEN in (ours, theirs):
                self.variables[name] = HIDDEN
            elif ours != theirs or name not in other.variables or name not in self.variables:
                self.variables[name] = None
        self.names.update(other.names)


class Feed(Struct, frozen=True):
    """What comes in by a pipe."""

    text: str | None = None
    """The very text, where it is known."""
    names: tuple[str, ...] = ()
    """The directories below which all the names lie that it consists of; empty if it is not known
    to consist of names."""
    separated: bool = False
    """Whether the names are ended by NUL."""
    prefixed: bool = False
    """Whether none of them begins with a dash."""
    files_only: bool = False
    """Whether none of them is a link."""
    network: bool = False
    """Whether it comes from elsewhere."""


class Setting(Struct, frozen=True):
    """What a command is wrapped in."""

    prefixes: tuple[tuple[str, str], ...] = ()
    """Of every wrapper, outermost first: its name, and all its words."""
    exact: bool = True
    """Whether what is wrapped means the same without its wrappers."""
    feed: Feed | None = None
    """What comes in by a pipe; None if nothing does."""
    operands: Feed | None = None
    """What is appended to its words when it runs (`xargs`)."""
    host: bool = False
    """Whether it runs on another machine: its paths are none of ours."""

    def under(self, name: str, words: Sequence[Word], exact: bool) -> "Setting":
        """Within one more wrapper."""
        prefix = (name, joined(words))
        return msgspec.structs.replace(
            self, prefixes=(*self.prefixes, prefix), exact=self.exact and exact
        )


class Judgement:
    """What is found out about one simple command."""

    def __init__(self, why: str = "", risk: Risk = "safe") -> None:
        self.risk: Risk = risk
        self.why = why
        self.effects: list[Effect] = []

    def at_least(self, risk: Risk, why: str) -> None:
        """Raise the risk, with its reason; never lower it."""
        if _RANK[risk] > _RANK[self.risk]:
            self.risk, self.why = risk, why

    def touch(self, kind: Literal["read", "write", "delete", "reach"], target: str,
              span: tuple[int, int], recursive: bool = False) -> None:  # fmt: skip
        """Add an effect; what goes to a device that keeps nothing has none."""
        if kind in ("reach", "delete") or not is_device(target):
            self.effects.append(Effect(kind, target, span=span, recursive=recursive))


class Line:
    """Gathers parts, effects and problems; knows the state at the point that was reached."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.state = State((place.cwd,), self._variables(), {})
        self.depth = 0
        self._rounds = 0
        self._known: dict[str, str] = {}
        self._parts: list[Part] = []
        self._effects: list[Effect] = []
        self._problems: list[Problem] = []

    def _variables(self) -> dict[str, tuple[Piece, ...] | None]:
        env = self.place.env
        names = [name for name in _KNOWN_VARIABLES if env.get(name)]
        values = {name: env[name] for name in names} | {"HOME": self.place.home}
        return {name: (Piece(value, value, True),) for name, value in values.items()}

    def inherited(self) -> State:
        """What a new process knows: where it is, and the environment."""
        return State(self.state.cwds, self._variables(), {})

    @property
    def full(self) -> bool:
        """Whether there are too many parts to judge more of them."""
        return len(self._parts) >= MAX_PARTS

    def variables(self) -> dict[str, tuple[Piece, ...] | None]:
        """What is known of variables, `PWD` included."""
        known = self.state.variables
        if len(self.state.cwds) == 1:
            cwd = self.state.cwds[0]
            known["PWD"] = (Piece(cwd, cwd, True),)
        else:
            known["PWD"] = None
        return known

    def another_round(self) -> bool:
        """Whether a loop may be gone through once more; loops in loops come to many."""
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            self.problem("it has too many loops to go through", (0, 0))
        return self._rounds <= MAX_ROUNDS

    def problem(self, text: str, span: tuple[int, int]) -> None:
        """Note why the whole has to be asked about."""
        if not any(problem.text == text for problem in self._problems):
            self._problems.append(Problem(text, span))

    def add(
        self, words: Sequence[Word], setting: Setting, judgement: Judgement, exact: bool = True,
        rests: bool = False,
    ) -> None:  # fmt: skip
        """Add a part with its effects; `rests`: it may run any rest of its words."""
        if self.full:
            self.problem(f"it runs more than {MAX_PARTS} commands", _hull(words))
        if len(self._parts) >= LISTED_PARTS:
            return
        text = joined(words)
        part = Part(
            words=tuple(word.text for word in words),
            text=text,
            span=_hull(words),
            risk=judgement.risk,
            why=judgement.why,
            wrappers=tuple(name for name, _ in setting.prefixes),
            forms=_all_forms(words, setting, rests),
            exact=exact and setting.exact and all(word.written for word in words),
        )
        self._parts.append(part)
        index = len(self._parts) - 1
        self._effects.append(Effect("run", text, index, part.span, part.command()))
        for effect in judgement.effects:
            self._effects.append(msgspec.structs.replace(effect, part=index))

    def redirect(self, judgement: Judgement, part: int | None) -> None:
        """Add the effects of redirects, which are those of the part they stand at."""
        for effect in judgement.effects:
            self._effects.append(msgspec.structs.replace(effect, part=part))

    def mark(self) -> int:
        """How many parts there are by now."""
        return len(self._parts)

    def since(self, mark: int) -> Sequence[Part]:
        """The parts that were added after a mark."""
        return self._parts[mark:]

    def read_by(self, part: Part) -> tuple[str, ...]:
        """What the last part reads."""
        last = len(self._parts) - 1
        if not self._parts or self._parts[last] is not part:
            return ()
        reads = (effect for effect in self._effects if effect.part == last)
        return tuple(effect.target for effect in reads if effect.kind == "read")

    def analysis(self) -> Analysis:
        """All of it."""
        return Analysis(tuple(self._parts), tuple(self._effects), tuple(self._problems))

    def targets(self, path: str) -> tuple[str, ...]:
        """Where a path may lead from here; empty if nobody knows."""
        if path.startswith("/"):
            return (self.resolve(path, "/"),)
        return tuple(dict.fromkeys(self.resolve(path, cwd) for cwd in self.state.cwds))

    def resolve(self, path: str, cwd: str) -> str:
        """The absolute path without links and dots."""
        return resolve(path, cwd, self._known)


def _hull(words: Sequence[Word]) -> tuple[int, int]:
    if not words:
        return (0, 0)
    return min(word.span[0] for word in words), max(word.span[1] for word in words)


def _all_forms(words: Sequence[Word], setting: Setting, rests: bool) -> tuple[str, ...]:
    forms = dict.fromkeys(_forms(words, setting))
    if rests:
        for index in range(1, len(words)):
            forms.update(dict.fromkeys(_spellings(words[index:])))
            # One word may be a whole line for a shell.
            forms[words[index].value] = None
    return tuple(forms)


def _forms(words: Sequence[Word], setting: Setting) -> Iterator[str]:
    """Every spelling of a command that a rule may mean."""
    for text in _spellings(words):
        yield text
        for index, (name, _) in enumerate(setting.prefixes):
            whole = " ".join(prefix for _, prefix in setting.prefixes[index:])
            yield f"{whole} {text}".strip()
            yield f"{os.path.basename(name)} {text}"


def _spellings(words: Sequence[Word]) -> Iterator[str]:
    text = joined(words)
    yield text
    if not words:
        return
    rest = joined(words[1:])
    name = words[0].value or words[0].text
    base = os.path.basename(name)
    yield f"{base} {rest}".strip()
    short = _without_globals(base, words[1:])
    if short is not None:
        yield f"{base} {joined(short)}".strip()


_VALUED = {
    "git": ("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env", "--exec-path"),
    "docker": ("-H", "--host", "-c", "--context", "--config", "-l", "--log-level"),
    "kubectl": ("-n", "--namespace", "--context", "--kubeconfig", "--cluster", "--user", "-s"),
    "npm": ("--prefix", "-C", "-w", "--workspace"),
    "pnpm": ("-C", "--dir", "--filter", "-F"),
    "yarn": ("--cwd",),
    "cargo": ("-C", "--config", "-Z", "--color"),
    "make": ("-C", "-f", "-j"),
}
"""Options before the subcommand that have a value as the next word."""


def _without_globals(name: str, words: Sequence[Word]) -> Sequence[Word] | None:
    """The words from the subcommand on, where options stand before it."""
    valued = _VALUED.get(name)
    if valued is None or not words or not words[0].text.startswith("-"):
        return None
    index = 0
    while index < len(words) and words[index].text.startswith("-"):
        index += 2 if words[index].text in valued else 1
    return words[index:]
