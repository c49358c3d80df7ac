"""Tries the gate without doing anything: what would be decided on a command or a call of a tool."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct, json, structs

from ..agent.commands.parts import Place
from ..agent.effects import Effect
from ..agent.errors import ToolError
from ..agent.events import Considered
from ..agent.gate import Gate
from ..agent.messages import ToolCall
from ..agent.ports import Action, Ruling, Tool
from ..agent.tools.files import file_tools
from ..agent.tools.search import search_tools
from ..agent.tools.todo import Todo
from ..agent.tools.workspace import Workspace
from ..config.errors import UsageError
from ..config.layers import Loaded
from ..config.rules import Rule
from ..config.secrets import key_variables
from ..config.settings import Mode
from ..sandbox.compiling import person_home
from ..sandbox.direct import DirectSandbox
from ..sandbox.environment import clean_environment
from ..sandbox.files import RootedFiles
from ..sandbox.guard import Guard
from ..sandbox.paths import Roots
from .confine import policy_of
from .judging import command_effects, gate_of, own_directories, territory_of
from .surroundings import Surroundings

Outcome = Literal["allow", "ask", "deny"]


class PartVerdict(Struct, frozen=True):
    """What would be decided on one part of an action, were it alone."""

    text: str
    risk: str
    """Of a command; empty for what is no command."""
    why: str
    verdict: Outcome


class Trial(Struct, frozen=True):
    """What would be decided."""

    verdict: Outcome
    by: str
    rule: str
    """With its origin; empty where no rule decided."""
    reason: str
    parts: tuple[PartVerdict, ...]
    considered: tuple[Considered, ...]
    marks: tuple[tuple[int, int], ...] = ()
    """The characters of the command that the verdict is about."""


class Ground:
    """A directory, as if a session without a sandbox worked in it."""

    def __init__(self, loaded: Loaded, where: Surroundings, cwd: Path) -> None:
        """`cwd` is the whole workspace.

        Raises:
            UsageError: it is no directory.
            SandboxError: it is the whole file system.
        """
        try:
            roots = Roots.at(cwd)
        except OSError as error:
            raise UsageError(f"{str(cwd)!r} is not a directory") from error
        policy = policy_of(loaded, roots, where.home, where.env)
        # What may be written at all is for the mode to say, here only what is special is.
        guard = Guard(structs.replace(policy, level="workspace-write"))
        home = Path(os.path.realpath(person_home(where.env)))
        self.territory = territory_of(roots, home)
        self.hides = guard.hides
        self.protects: Callable[[Path], bool] = lambda path: not guard.lets_write(path)
        self.own = own_directories(where.home)
        # As commands of a session get it.
        env = clean_environment(where.env, key_variables(loaded.settings.providers))
        self._place = Place(
            str(roots.workspace),
            self.territory.roots,
            str(home),
            tuple(env.get("PATH", os.defpath).split(":")),
            env,
        )
        workspace = Workspace(RootedFiles(roots, guard), roots.workspace)
        made = (
            *file_tools(workspace, loaded.settings.read),
            *search_tools(workspace, DirectSandbox(), env),
            Todo().tool(),
        )
        self._tools: Mapping[str, Tool] = {tool.name: tool for tool in made}

    def gate(self, mode: Mode, rules: Sequence[Rule]) -> Gate:
        """The gate of such a session."""
        return gate_of(
            mode,
            self.territory,
            confined=False,
            own=self.own,
            hides=self.hides,
            protects=self.protects,
            rules=rules,
        )

    def command(self, line: str) -> Action:
        """A call of `bash`."""
        arguments: dict[str, object] = {"command": line}
        return Action(ToolCall("", "bash", ""), arguments, command_effects(line, self._place))

    def call(self, tool: str, arguments: bytes) -> Action:
        """A call of any tool, with its arguments as JSON.

        Raises:
            ToolError: there is no such tool, or it would refuse the call.
        """
        if tool == "bash":
            return self.command(_Bash.of(arguments).command)
        if tool.startswith("mcp__"):
            return Action(ToolCall("", tool, ""), {}, (Effect("run", tool),))
        if tool not in self._tools:
            known = ", ".join(("bash", *self._tools))
            raise ToolError("other", f"there is no tool {tool!r}, only {known}")
        one = self._tools[tool]
        understood = one.parse(arguments.decode())
        return Action(ToolCall("", tool, ""), dict(understood), one.effects(understood))


class _Bash(Struct):
    command: str

    @classmethod
    def of(cls, arguments: bytes) -> "_Bash":
        return json.decode(arguments, type=cls)


def tried(gate: Gate, action: Action) -> Trial:
    """What a gate says of an action, as a whole and part by part."""
    ruling = gate.review(action, lambda arguments: action)
    groups = list(_groups(action.effects))
    parts = tuple(
        _part(action, group, ruling if len(groups) == 1 else _alone(gate, action, group))
        for group in groups
    )
    spans = (action.effects[place].span for place in ruling.effects)
    return Trial(
        ruling.outcome,
        ruling.by,
        ruling.rule,
        ruling.reason,
        parts,
        ruling.considered,
        tuple(dict.fromkeys(span for span in spans if span)),
    )


def refused(error: ToolError) -> Trial:
    """What a tool refuses by itself, whatever the gate says."""
    return Trial("deny", "tool", "", str(error), (), ())


def _groups(effects: Sequence[Effect]) -> Iterator[tuple[int, ...]]:
    """The places of each command with what it does, and of every other effect."""
    parts: dict[int, list[int]] = {}
    for place, effect in enumerate(effects):
        if effect.part is None:
            yield (place,)
        else:
            parts.setdefault(effect.part, []).append(place)
    yield from map(tuple, parts.values())


def _alone(gate: Gate, action: Action, group: tuple[int, ...]) -> Ruling:
    effects = tuple(action.effects[place] for place in group)
    alone = structs.replace(action, effects=effects)
    return gate.review(alone, lambda arguments: alone)


def _part(action: Action, group: tuple[int, ...], ruling: Ruling) -> PartVerdict:
    effects = [action.effects[place] for place in group]
    for effect in effects:
        if effect.command is not None:
            command = effect.command
            return PartVerdict(effect.target, command.risk, command.why, ruling.outcome)
    first = effects[0]
    return PartVerdict(f"{first.kind} {first.target}", "", ruling.reason, ruling.outcome)
