"""What nobody may read is not named either: not found, not listed, not suggested."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kedge.agent.errors import ToolError
from kedge.agent.memory.environment import describe
from kedge.agent.messages import Text
from kedge.agent.tools.files import file_tools
from kedge.agent.tools.function import FunctionTool
from kedge.agent.tools.python_search import PythonSearch
from kedge.agent.tools.ripgrep import Ripgrep, find_ripgrep
from kedge.agent.tools.search import Search
from kedge.agent.tools.searcher import Engine
from kedge.agent.tools.workspace import Workspace
from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.config.settings import ReadSettings
from kedge.sandbox.direct import DirectSandbox
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.guard import Guard
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import effective

RG = find_ripgrep(os.environ, lambda program: False)
ENGINES: dict[str, Engine] = {"python": PythonSearch()} | ({"ripgrep": Ripgrep(RG)} if RG else {})


class Bench:
    """The tools of a workspace with secrets, on a sandbox that does not hide them."""

    def __init__(self, root: Path, sandbox: DirectSandbox, engine: Engine) -> None:
        policy = effective(packaged_policy(), SandboxSettings(), Roots.at(root), root / "home")
        self.files = RootedFiles(policy.roots, Guard(policy))
        workspace = Workspace(self.files, root)
        search = Search(workspace, sandbox, os.environ, engines=lambda: (engine,))
        tools = (*search.tools(), *file_tools(workspace, ReadSettings()))
        self.tools: dict[str, FunctionTool] = {tool.name: tool for tool in tools}

    async def __call__(self, name: str, **arguments: object) -> str:
        tool = self.tools[name]
        parsed = tool.parse(msgspec.json.encode(arguments).decode())
        (part,) = (await tool.run(parsed, lambda text: None)).content
        assert isinstance(part, Text)
        return part.text


@pytest.fixture(params=ENGINES)
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    root = (tmp_path / "work").resolve()
    for name in (".env", "sub/.env.local", ".aws/config", "sub/fine", ".env.example"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"word in {name}\n")
    sandbox = DirectSandbox()
    yield Bench(root, sandbox, ENGINES[request.param])
    await sandbox.close()


@pytest.mark.parametrize("pattern", ["**/*", "**/.*", ".env*", "**/.env*", ".aws/*", "**/config"])
async def test_glob_does_not_name_what_is_hidden(bench: Bench, pattern: str) -> None:
    found = (await bench("glob", pattern=pattern)).splitlines()
    assert not {".env", "sub/.env.local", ".aws/config"} & set(found)
    if pattern in ("**/.*", ".env*"):
        assert ".env.example" in found


@pytest.mark.parametrize("mode", ["files_with_matches", "content", "count"])
async def test_grep_does_not_find_what_is_hidden(bench: Bench, mode: str) -> None:
    found = await bench("grep", pattern="word", output_mode=mode)
    assert "sub/fine" in found and ".env.example" in found
    assert "local" not in found and "aws" not in found and "word in .env\n" not in found + "\n"


@pytest.mark.parametrize("path", [".env", ".aws", "sub/.env.local"])
async def test_a_search_in_what_is_hidden_is_refused(bench: Bench, path: str) -> None:
    for name in ("grep", "glob"):
        with pytest.raises(ToolError, match="holds secrets"):
            await bench(name, pattern="word", path=path)


async def test_no_message_names_what_is_hidden(bench: Bench) -> None:
    with pytest.raises(ToolError) as listed:
        await bench("read", file_path="sub")
    assert "fine" in str(listed.value) and "local" not in str(listed.value)
    with pytest.raises(ToolError) as similar:
        await bench("read", file_path="sub/env.local")
    assert "Similar" not in str(similar.value)


async def test_the_description_of_the_surroundings_does_not_name_it(
    bench: Bench, tmp_path: Path
) -> None:
    said = describe((tmp_path / "work").resolve(), None, "2026-01-01", bench.files.hides)
    assert "Entries:\n  .env.example\n  sub/: fine\n" in said
