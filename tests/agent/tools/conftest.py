"""A workspace of real files, and its file tools called as the agent calls them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kedge.agent.errors import ToolError
from kedge.agent.ports import Arguments, Output
from kedge.agent.tools.files import file_tools
from kedge.agent.tools.function import FunctionTool
from kedge.agent.tools.workspace import Workspace
from kedge.config.settings import ReadSettings
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.paths import Roots


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The workspace's root; `tmp_path` around it is outside."""
    root = tmp_path / "work"
    root.mkdir()
    return root


@pytest.fixture
def read_settings() -> ReadSettings:
    """Caps of `read`; a test file overrides this for others."""
    return ReadSettings()


@pytest.fixture
def tools(work: Path, read_settings: ReadSettings) -> dict[str, FunctionTool]:
    """The file tools of one session by name."""
    roots = Roots.at(work)
    made = file_tools(Workspace(RootedFiles(roots), roots.workspace), read_settings)
    return {tool.spec.name: tool for tool in made}


@pytest.fixture
def call(tools: dict[str, FunctionTool]) -> Callable[..., Output]:
    """`call("read", file_path=…)`: parse, effects and run."""

    def carry_out(name: str, **arguments: object) -> Output:
        parsed = tools[name].parse(json.dumps(arguments))
        tools[name].effects(parsed)
        return asyncio.run(_run(tools[name], parsed))

    return carry_out


@pytest.fixture
def refused(call: Callable[..., Output]) -> Callable[..., ToolError]:
    """As `call`, for calls that must fail; gives the error."""

    def carry_out(name: str, **arguments: object) -> ToolError:
        with pytest.raises(ToolError) as caught:
            call(name, **arguments)
        return caught.value

    return carry_out


@pytest.fixture
def told(call: Callable[..., Output]) -> Callable[..., str]:
    """As `call`; gives the words for the model."""

    def carry_out(name: str, **arguments: object) -> str:
        return "".join(getattr(part, "text", "") for part in call(name, **arguments).content)

    return carry_out


async def _run(tool: FunctionTool, arguments: Arguments) -> Output:
    return await tool.run(arguments, lambda text: None)
