"""The tools that read and change files."""

from collections.abc import Collection

from ...config.settings import ReadSettings
from .edit import Editor
from .function import FunctionTool
from .read import Reader
from .workspace import Workspace
from .write import Writer


def file_tools(
    workspace: Workspace, settings: ReadSettings, without: Collection[str] = ()
) -> tuple[FunctionTool, ...]:
    """read, write, edit and apply_patch; a model has one of the last two, so they are chosen."""
    tools = [Reader(workspace, settings).tool(), Writer(workspace).tool()]
    if "edit" not in without:
        tools.append(Editor(workspace).tool())
    if "apply_patch" not in without:
        # Here because most models have the other: the grammar takes 2 ms to import.
        from .apply_patch import Patcher

        tools.append(Patcher(workspace).tool())
    return tuple(tools)
