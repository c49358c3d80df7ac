"""Makes the tools of a session, as the model is told of them, and what they share."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from ..agent.ports import Tool
from ..agent.tools.files import file_tools
from ..agent.tools.function import FunctionTool
from ..agent.tools.search import search_tools
from ..agent.tools.shell import Shell, shell_tools
from ..agent.tools.todo import Todo
from ..agent.tools.workspace import Workspace
from ..config.layers import Loaded
from ..config.prompts import tool_text
from ..config.secrets import key_variables
from ..sandbox.environment import clean_environment
from ..sandbox.paths import Roots
from ..sandbox.ports import Sandbox
from ..sandbox.readable import AlsoReadable
from .confine import confinement
from .surroundings import Surroundings


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
        config_dir = where.home.config_dir
        self._scratch = tempfile.TemporaryDirectory(prefix="kedge-", ignore_cleanup_errors=True)
        self.env = clean_environment(where.env, key_variables(settings.providers))
        self.todo = Todo()
        scratch = Path(self._scratch.name).resolve()
        confined = confinement(
            loaded, roots, where, scratch, lambda reached: notice("egress", reached.text)
        )
        self.sandbox: Sandbox = confined.sandbox
        self.attested = confined.label
        """What the sandbox enforces, as proven."""
        self.hides = confined.files.hides
        """Whether a path is never read, so not to be named to the model."""
        kept = outputs.resolve() if outputs else scratch / "outputs"
        self._shell = Shell(
            self.sandbox, roots, settings.shell, self.env, scratch, kept, confined.explain
        )
        workspace = Workspace(AlsoReadable(confined.files, kept), roots.workspace)
        hidden = without | set(settings.tools.disabled)
        made: tuple[FunctionTool, ...] = (
            *file_tools(workspace, settings.read, hidden),
            *search_tools(workspace, self.sandbox, self.env),
            *shell_tools(self._shell),
            self.todo.tool(),
        )
        self.tools: tuple[Tool, ...] = tuple(
            tool.described(tool_text(tool.name, config_dir, settings.tools.texts).text)
            for tool in made
            if tool.name not in hidden
        )

    def still_running(self) -> list[str]:
        """A line for each command in the background. `close` ends them."""
        return self._shell.running

    async def close(self) -> None:
        """End everything that still runs, and remove what nobody needs any more."""
        await self._shell.close()
        await self.sandbox.close()
        self._scratch.cleanup()
