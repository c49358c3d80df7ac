"""Makes the tools of a session, as the model is told of them, and what they share."""

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from ..agent.commands.parts import Place
from ..agent.effects import Effect
from ..agent.ports import Action, Denied, Tool
from ..agent.screens.redactor import Redactor
from ..agent.tools.files import file_tools
from ..agent.tools.function import FunctionTool
from ..agent.tools.ignore import under_version_control
from ..agent.tools.jobs import Job
from ..agent.tools.leftovers import Leftovers
from ..agent.tools.search import search_tools
from ..agent.tools.shell import Shell, shell_tools
from ..agent.tools.todo import Todo
from ..agent.tools.workspace import Workspace
from ..config.errors import KedgeError
from ..config.layers import Loaded
from ..config.prompts import tool_text
from ..config.secret_finder import SecretFinder
from ..config.secret_flow import SecretFlow
from ..config.secrets import key_variables
from ..config.settings import Mode, ReadSettings
from ..sandbox.compiling import person_home
from ..sandbox.environment import clean_environment, looks_secret
from ..sandbox.paths import Roots
from ..sandbox.ports import Sandbox
from ..sandbox.scratch import Scratch
from .confine import Confinement, confinement
from .judging import command_effects, territory_of
from .surroundings import Surroundings
from .walls import Walls

if TYPE_CHECKING:
    from ..sandbox.egress import Reached

_PREVIEWED = 1 << 20
"""Bytes of a file that is changed which a preview looks at."""
_PRIVATE = ("/root", "/home", "/tmp", "/var/tmp", "/run")
"""What commands see their own of, or nothing."""


def _finder(where: Surroundings, keys: Collection[str]) -> SecretFinder:
    secret = {
        name: value
        for name, value in where.env.items()
        if name in keys or looks_secret(name, value)
    }
    finder = SecretFinder(secret)
    where.teach(finder)
    return finder


def is_address(target: str) -> bool:
    """Whether a host with its port is a number, not a name: the sandbox then asks by itself."""
    host = target.rpartition(":")[0] or target
    return ":" in host or (host[:1].isdigit() and set(host.lower()) <= set("0123456789abcdefx."))


def _there(path: str) -> str:
    """What has to be allowed for a path: itself, or where it is to be made."""
    return path if os.path.lexists(path) else os.path.dirname(path)


class Toolbox:
    """The tools of one session."""

    def __init__(
        self,
        loaded: Loaded,
        roots: Roots,
        where: Surroundings,
        outputs: Path | None = None,
        *,
        without: frozenset[str] = frozenset(),
        notice: Callable[[str, str], None] = lambda code, text: None,
    ) -> None:
        """Not within an event loop: what the sandbox promises may have to be tried first.

        `outputs` keeps the whole of what was cut, beyond the session unless it is None;
        `without` names tools that this session does not have; `notice` takes what a person should
        be able to know, with a code, and must not raise."""
        settings = loaded.settings
        self._scratch = Scratch()
        keys = key_variables(settings.providers)
        self.env = clean_environment(where.env, keys)
        self.finder = _finder(where, keys)
        """Finds what must not be shown, kept or sent."""
        self.todo = Todo()
        self.roots = roots
        scratch = self._scratch.path
        kept = outputs.resolve() if outputs else scratch / "outputs"

        self.held: list[str] = []
        """What the sandbox held back after commands, a sentence each."""
        self._notice = notice

        def confined(mode: Mode) -> Confinement:
            moded = structs.replace(loaded, settings=structs.replace(settings, mode=mode))
            return confinement(moded, roots, where, scratch, self._reach, self._hold)

        self._walls = Walls(confined, settings.mode, kept)
        self.sandbox: Sandbox = self._walls
        self.guard = self._walls.guard  # what is special about paths
        home = person_home(where.env).resolve()
        self.territory = territory_of(roots, home, readable=(kept,), scratch=(scratch,))
        """Where the session works."""
        self._shell = Shell(
            self.sandbox,
            roots,
            settings.shell,
            self.env,
            scratch,
            kept,
            self._walls.explain,
            self._foresee,
            lambda: SecretFlow(self.finder),
        )
        self._files = self._walls.files
        self.leftovers = Leftovers(roots)  # cleans up after a process that was killed
        self.workspace = Workspace(self._files, roots.workspace)
        """What the session knows of files."""
        self._settings, self._config_dir = settings, where.home.config_dir
        self.tools = self.without(without)

    def without(self, names: frozenset[str]) -> tuple[Tool, ...]:
        """The tools but for some that the model is not to have."""
        settings = self._settings
        hidden = names | set(settings.tools.disabled)
        return tuple(
            tool.described(tool_text(tool.name, self._config_dir, settings.tools.texts).text)
            for tool in self._made(settings.read, hidden)
            if tool.name not in hidden
        )

    def _made(self, reading: ReadSettings, hidden: frozenset[str]) -> tuple[FunctionTool, ...]:
        return (
            *file_tools(self.workspace, reading, hidden),
            *search_tools(self.workspace, self.sandbox, self.env),
            *shell_tools(self._shell),
            self.todo.tool(),
        )

    @property
    def attested(self) -> str:
        """What the sandbox enforces, as proven."""
        return self._walls.label

    @property
    def confined(self) -> bool:
        """Whether the sandbox is on."""
        return self.attested != "off"

    def prepare(self, mode: Mode) -> None:
        """See `Walls.prepare`."""
        self._walls.prepare(mode)

    def set_mode(self, mode: Mode) -> None:
        """Confine what begins from here on as a mode that is prepared wants it."""
        self._walls.switch(mode)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """See `Shell.jobs`."""
        return self._shell.jobs

    def hear_ended(self, call: Callable[[Job], None]) -> None:
        """See `Shell.hear_ended`."""
        self._shell.hear_ended(call)

    def newly_ended(self) -> list[str]:
        """See `Jobs.newly_ended`."""
        return self._shell.newly_ended()

    def to_background(self) -> int:
        """See `Shell.to_background`."""
        return self._shell.to_background()

    def _reach(self, reached: "Reached") -> None:
        self._notice("egress", reached.text)

    def _hold(self, note: str) -> None:
        self.held.append(note)
        self._notice("held", note)

    def _foresee(self, command: str, cwd: Path) -> tuple[Effect, ...]:
        territory = self.territory
        path = tuple(self.env.get("PATH", os.defpath).split(":"))
        place = Place(str(cwd), territory.roots, territory.home, path, self.env)
        return command_effects(command, place)

    def beforehand(self, action: Action, places: Sequence[int]) -> None:
        """See `Permits`: hosts, and files outside, which the sandbox would keep a command from."""
        effects = [action.effects[place] for place in places]
        beyond = [denied for effect in effects if (denied := self._beyond(effect)) is not None]
        self._walls.permit(Path(denied.target) for denied in beyond if denied.what == "write")
        if beyond:
            self.afterwards(action, beyond)

    def _beyond(self, effect: Effect) -> Denied | None:
        """What the sandbox would keep a call from, if anything."""
        target = effect.target
        match effect.kind:
            case "reach" if is_address(target):
                return None  # a rule on a program does not mean any machine of the own network
            case "reach":
                return Denied("connect", target, target)
            case "write" | "delete":
                path = Path(target)
                if self.territory.lets_write(target) and self.guard.lets_write(path):
                    return None
                return Denied("write", target, _there(target))
            case "read":
                is_private = any(target.startswith(f"{place}/") for place in _PRIVATE)
                if self.territory.lets_read(target) or not (
                    is_private or self.guard.hides(Path(target))
                ):
                    return None
                return Denied("read", target, target)
            case "run":
                return None

    def afterwards(self, action: Action, denied: Sequence[Denied]) -> None:
        """See `Permits`."""
        if action.call.name == "bash":
            self._shell.permit(str(action.arguments["command"]), denied)

    def text(self, path: str) -> str:
        """The beginning of a text file, as its tools may read it; empty where there is none."""
        try:
            place = self._files.confine(path, self.roots.workspace)
            return self._files.read(place, _PREVIEWED).decode("utf-8", "replace")
        except (KedgeError, OSError):
            return ""

    def redactor(self) -> Redactor:
        """Takes secrets out of the records of one session."""
        return Redactor(self.finder)

    @staticmethod
    def tracked(path: str) -> bool:
        """Whether a file is, or would be, under version control."""
        return under_version_control(path)

    def still_running(self) -> list[str]:
        """A line for each command in the background. `close` ends them."""
        return self._shell.running

    async def close(self) -> None:
        """End everything that still runs, and remove what nobody needs any more."""
        await self._shell.close()
        await self.sandbox.close()
        self._scratch.close()
