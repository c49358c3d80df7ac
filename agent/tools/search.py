"""Makes the tools that search."""

from collections.abc import Mapping

from ...sandbox.ports import Sandbox
from ..errors import ToolError
from .function import FunctionTool
from .glob import Glob
from .grep import Grep
from .python_search import PythonSearch
from .ripgrep import Ripgrep, find_ripgrep
from .searcher import Engine, Searcher
from .workspace import Workspace

_SECONDS = 20.0
"""What a search may take before it ends with what it has."""


def search_tools(
    workspace: Workspace, sandbox: Sandbox, env: Mapping[str, str]
) -> tuple[FunctionTool, FunctionTool]:
    """The tools `grep` and `glob`.

    Args:
        workspace: where they may look.
        sandbox: runs the search programs.
        env: environment for these; its PATH is looked through for `rg`.
    """

    def engines() -> tuple[Engine, ...]:
        rg = find_ripgrep(env, lambda program: _within(workspace, program))
        return (*((Ripgrep(rg),) if rg else ()), PythonSearch())

    searcher = Searcher(sandbox, env, engines, seconds=_SECONDS)
    return Grep(workspace, searcher).tool(), Glob(workspace).tool()


def _within(workspace: Workspace, program: str) -> bool:
    try:
        workspace.resolve(program)
    except ToolError:
        return False
    return True
