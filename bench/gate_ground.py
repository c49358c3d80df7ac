"""The scratch repository that the corpus is about, and the real gate on it."""

import json
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from kedge.agent.gate import Gate
from kedge.agent.ports import Ruling
from kedge.cli.commands.settings import load_for_commands
from kedge.cli.surroundings import Surroundings
from kedge.cli.trials import Ground
from kedge.config.paths import home
from kedge.config.rule_settings import RuleList
from kedge.config.rules import Rule, parse_rule

CORPUS = Path(__file__).parent / "corpus"
SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TEXTS: Mapping[RuleList, Sequence[str]] = {
    "allow": ("bash(make *)", "bash(pytest *)", "bash(npm run test:*)", "edit(src/**)",
              "web(domain:*.example.org)"),
    "ask": ("bash(git push *)",),
    "deny": ("bash(sudo *)", "read(.env)", "read(secrets/**)", "edit(*.lock)"),
}  # fmt: skip
RULES = tuple(parse_rule(text, verdict) for verdict, texts in _TEXTS.items() for text in texts)
"""As somebody may have written for one project."""


class Entry(Struct, frozen=True):
    """A line of the corpus."""

    command: str
    kind: str
    does: str = ""


def corpus(name: str) -> list[Entry]:
    """One of the two lists."""
    lines = (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()
    rows: list[dict[str, str]] = [json.loads(line) for line in lines]
    return [Entry(row["command"], row["class"], row.get("does", "")) for row in rows]


def distinct(count: int) -> list[str]:
    """So many different commands: all of the corpus, then pairs of these, the same each time."""
    single = [entry.command for name in ("harmless", "sneaky") for entry in corpus(name)]
    made = dict.fromkeys(single)
    draw = random.Random(4)
    while len(made) < count:
        joiner = draw.choice((" && ", " | ", "; ", " || ", "\n"))
        made[draw.choice(single) + joiner + draw.choice(single)] = None
    return list(made)[:count]


@contextmanager
def scratch() -> Iterator[Path]:
    """The repository, made anew; its parent is somebody's home."""
    with TemporaryDirectory(prefix="kedge-gate-") as place:
        path = Path(place).resolve() / "work"
        path.mkdir()
        subprocess.run(
            ["bash", CORPUS / "scratch.sh"], cwd=path, check=True, env=environment(path.parent)
        )
        yield path


def environment(person: Path) -> Mapping[str, str]:
    """That of a person who has configured nothing."""
    return {"PATH": SYSTEM, "HOME": str(person), "LANG": "C.UTF-8"}


class Bench:
    """A workspace and its gate, as `kedge rules test` has them: no sandbox, no grants."""

    def __init__(self, workspace: Path, rules: Sequence[Rule] = ()) -> None:
        env = environment(workspace.parent)
        where = Surroundings(env, workspace, home(env))
        self._ground = Ground(load_for_commands(where), where, workspace)
        self._gate = self.gate(rules)

    def gate(self, rules: Sequence[Rule]) -> Gate:
        """A gate with other rules, in mode `ask`."""
        return self._ground.gate("ask", rules)

    def decide(self, command: str, gate: Gate | None = None) -> Ruling:
        """The whole decision: from the text to the ruling."""
        action = self._ground.command(command)
        return (gate or self._gate).review(action, lambda arguments: action)
