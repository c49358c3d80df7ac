"""The tools that search: `grep` in files, `glob` among their names.

What they do is imported at their first call: it takes 8 ms, and many sessions get by without.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from ...sandbox.ports import Sandbox
from ..effects import Effect
from ..errors import ToolError
from ..ports import Arguments, Output
from .function import FunctionTool
from .schema import HIDDEN
from .workspace import Workspace

if TYPE_CHECKING:
    from .glob import Glob
    from .grep import Grep
    from .searcher import Engine

_SECONDS = 20.0
"""What a search may take before it ends with what it has."""

Natural = Annotated[int, Meta(ge=0)]


def search_tools(
    workspace: Workspace, sandbox: Sandbox, env: Mapping[str, str]
) -> tuple[FunctionTool, FunctionTool]:
    """The tools `grep` and `glob`.

    Args:
        workspace: where they may look.
        sandbox: runs the search programs.
        env: environment for these; its PATH is looked through for `rg`.
    """
    return Search(workspace, sandbox, env).tools()


class Search:
    """Both tools."""

    def __init__(
        self,
        workspace: Workspace,
        sandbox: Sandbox,
        env: Mapping[str, str],
        *,
        engines: "Callable[[], tuple[Engine, ...]] | None" = None,
        seconds: float = _SECONDS,
    ) -> None:
        """`engines` and `seconds` as in `Searcher`; by default ripgrep, then the Python search."""
        self._workspace = workspace
        self._sandbox = sandbox
        self._env = env
        self._engines = engines or self._installed
        self._seconds = seconds
        self._grep: Grep | None = None

    def tools(self) -> tuple[FunctionTool, FunctionTool]:
        """`grep` and `glob`."""
        names = {"file_type": "type", "ignore_case": "-i"}
        names |= {"after": "-A", "before": "-B", "around": "-C", "line_numbers": "-n"}
        return (
            FunctionTool(self.grep, effects=self._grep_effects, names=names),
            FunctionTool(self.glob, effects=self._glob_effects),
        )

    async def grep(
        self,
        pattern: str,
        path: str | None = None,
        glob: str | None = None,
        file_type: Annotated[str | None, Meta(description="py, ts, rust, …")] = None,
        output_mode: Literal["files_with_matches", "content", "count"] = "files_with_matches",
        context: Natural | None = None,
        ignore_case: bool | None = None,
        multiline: bool | None = None,
        head_limit: Natural | None = None,
        offset: Natural | None = None,
        after: Annotated[Natural | None, HIDDEN] = None,
        before: Annotated[Natural | None, HIDDEN] = None,
        around: Annotated[Natural | None, HIDDEN] = None,
        line_numbers: Annotated[bool | None, HIDDEN] = None,
    ) -> Output:
        """Search file contents with a regular expression.

        Of the flags that models know from grep, those for context all count as `context`, and
        line numbers are there anyway.
        """
        from .grep import Asked

        asked = Asked(
            pattern=pattern,
            path=path or ".",
            glob=glob or "",
            file_type=file_type or "",
            mode=output_mode,
            context=max(lines or 0 for lines in (context, after, before, around)),
            ignore_case=bool(ignore_case),
            multiline=bool(multiline),
            head_limit=head_limit,
            offset=offset or 0,
        )
        return await self._greps().search(asked)

    async def glob(self, pattern: str, path: str | None = None) -> Output:
        """Find files by a glob pattern."""
        return await self._globs().find(pattern, path or ".")

    def _grep_effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        place = self._workspace.resolve(str(arguments["path"] or "."))
        return (Effect("read", str(place)),)

    def _glob_effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        pattern, path = str(arguments["pattern"]), str(arguments["path"] or ".")
        return (Effect("read", str(self._globs().start(pattern, path))),)

    def _globs(self) -> "Glob":
        from .glob import Glob

        return Glob(self._workspace)

    def _greps(self) -> "Grep":
        if self._grep is None:
            from .grep import Grep
            from .searcher import Searcher

            searcher = Searcher(self._sandbox, self._env, self._engines, seconds=self._seconds)
            self._grep = Grep(self._workspace, searcher)
        return self._grep

    def _installed(self) -> "tuple[Engine, ...]":
        from .python_search import PythonSearch
        from .ripgrep import Ripgrep, find_ripgrep

        rg = find_ripgrep(self._env, self._inside)
        return (*((Ripgrep(rg),) if rg else ()), PythonSearch())

    def _inside(self, program: str) -> bool:
        try:
            self._workspace.resolve(program)
        except ToolError:
            return False
        return True
