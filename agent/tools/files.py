"""The tools that read and change files."""

from ...config.settings import ReadSettings
from .apply_patch import Patcher
from .edit import Editor
from .function import FunctionTool
from .read import Reader
from .workspace import Workspace
from .write import Writer


def file_tools(workspace: Workspace, settings: ReadSettings) -> tuple[FunctionTool, ...]:
    """read, write, edit and apply_patch."""
    return (
        Reader(workspace, settings).tool(),
        Writer(workspace).tool(),
        Editor(workspace).tool(),
        Patcher(workspace).tool(),
    )
