"""Commands in the background: started, watched, ended."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kedge.agent.errors import ToolError
from kedge.agent.messages import Text
from kedge.agent.ports import Output
from kedge.agent.tools.shell import Shell, shell_tools
from kedge.config.settings import ShellSettings
from kedge.sandbox.direct import DirectSandbox
from kedge.sandbox.environment import clean_environment
from kedge.sandbox.paths import Roots


class Tools:
    """The three tools of a shell, called as a model calls them."""

    def __init__(self, shell: Shell, root: Path) -> None:
        self.shell = shell
        self.root = root
        self._tools = {tool.spec.name: tool for tool in shell_tools(shell)}

    async def output(self, name: str, **arguments: object) -> Output:
        tool = self._tools[name]
        return await tool.run(tool.parse(msgspec.json.encode(arguments).decode()), print)

    async def __call__(self, name: str, **arguments: object) -> str:
        (part,) = (await self.output(name, **arguments)).content
        assert isinstance(part, Text)
        return part.text

    async def start(self, command: str) -> str:
        return await self("bash", command=command, run_in_background=True)

    async def ended(self, id: str) -> str:
        return await self("bash_output", id=id, wait_seconds=10)

    def effects(self, name: str, **arguments: object) -> object:
        return self._tools[name].effects(arguments)


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncIterator[Tools]:
    root = tmp_path / "work"
    root.mkdir()
    sandbox = DirectSandbox()
    env = clean_environment(os.environ)
    settings = ShellSettings(output_bytes=4_000)
    shell = Shell(sandbox, Roots.at(root), settings, env, tmp_path / "scratch", tmp_path / "spill")
    yield Tools(shell, root)
    await shell.close()
    await sandbox.close()


def lines(path: str) -> int:
    return Path(path).read_text().count("\n")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def printed(tools: Tools, id: str, words: str) -> str:
    """Ask for output until `words` came; all that came."""
    said = ""
    async with asyncio.timeout(60):
        while words not in said:
            said += await tools("bash_output", id=id, wait_seconds=0.01)
    return said


async def test_the_call_returns_at_once_with_an_id(tools: Tools):
    async with asyncio.timeout(60):
        assert "as bash_1." in await tools.start("sleep 60")
        assert "as bash_2." in await tools.start("sleep 60")


async def test_each_question_shows_only_what_is_new(tools: Tools):
    await tools.start("echo one; until [ -e go ]; do sleep 0.01; done; echo two")
    first = await printed(tools, "bash_1", "one")
    assert "bash_1: running for " in first
    (tools.root / "go").touch()
    assert (await tools.ended("bash_1")).startswith("two\nbash_1: exit code 0 after ")
    assert (await tools.ended("bash_1")).startswith("(no output)\nbash_1: exit code 0 after ")


async def test_output_of_a_job_is_capped_with_the_whole_in_a_file(tools: Tools):
    await tools.start("seq 100000")
    output = await tools.output("bash_output", id="bash_1", wait_seconds=10)
    (part,) = output.content
    assert isinstance(part, Text)
    assert part.text.startswith("1\n2\n") and "\n100000\nbash_1: exit code 0" in part.text
    assert len(part.text) < 4_500 and output.truncated and output.full_output is not None
    assert lines(output.full_output) == 100_000


async def test_killing_ends_the_whole_tree_and_shows_the_rest(tools: Tools):
    await tools.start("sleep 60 & echo child $!; exec sleep 60")
    said = await printed(tools, "bash_1", "child ")
    pid = int(said.split("child ")[1].split("\n")[0])
    assert "bash_1: killed by SIGTERM after" in await tools("bash_kill", id="bash_1")
    assert not alive(pid)
    assert "bash_1: killed by SIGTERM after" in await tools("bash_kill", id="bash_1")


@pytest.mark.parametrize("name", ["bash_output", "bash_kill"])
async def test_an_unknown_id_is_not_found_and_the_known_ones_are_listed(tools: Tools, name: str):
    with pytest.raises(ToolError, match=r"no background command 'x'\. None was started") as none:
        await tools(name, id="x")
    assert none.value.kind == "not_found"
    await tools.start("sleep 60")
    with pytest.raises(ToolError, match=r"There are: bash_1 \(running for \d s\)"):
        await tools(name, id="x")


async def test_the_end_of_a_job_is_told_once_by_the_next_command(tools: Tools):
    await tools.start("until [ -e go ]; do sleep 0.01; done; exit 3")
    said = (await tools("bash", command="touch go")).removeprefix("(no output)")
    async with asyncio.timeout(60):
        while "bash_1" not in said:
            said = await tools("bash", command="true")
    assert "bash_1 ended: exit code 3 after" in said
    assert await tools("bash", command="true") == "(no output)"


async def test_an_end_that_bash_output_showed_is_not_told_again(tools: Tools):
    await tools.start("exit 3")
    assert "exit code 3" in await tools.ended("bash_1")
    assert await tools("bash", command="true") == "(no output)"


async def test_a_job_starts_in_the_working_directory_and_does_not_change_it(tools: Tools):
    (tools.root / "sub").mkdir()
    await tools("bash", command="cd sub")
    await tools.start("pwd; cd /")
    assert (await tools.ended("bash_1")).startswith(f"{tools.root}/sub\n")
    assert await tools("bash", command="pwd") == f"{tools.root}/sub"


async def test_a_command_in_the_foreground_leaves_jobs_alone(tools: Tools):
    await tools.start("sleep 60 & sleep 60")
    await tools("bash", command="true & /bin/true")
    assert "bash_1: running" in await tools("bash_output", id="bash_1")


async def test_closing_ends_all_jobs(tools: Tools):
    await tools.start("echo $$ $!; sleep 60")
    await tools.start("sleep 60 & echo $!; wait")
    pids = [
        int((await printed(tools, id, "\nbash"))[:-1].split()[0]) for id in ("bash_1", "bash_2")
    ]
    await tools.shell.close()
    assert not any(alive(pid) for pid in pids)


async def test_looking_at_jobs_and_ending_them_needs_no_permission(tools: Tools):
    assert tools.effects("bash_output", id="bash_1") == ()
    assert tools.effects("bash_kill", id="bash_1") == ()


async def test_waiting_that_is_cancelled_leaves_the_job_alone(tools: Tools):
    await tools.start("echo here; sleep 60")
    waiting = asyncio.create_task(tools("bash_output", id="bash_1", wait_seconds=60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert "running" in await printed(tools, "bash_1", "here")


async def _under_way(tools: Tools, **arguments: object) -> asyncio.Task[Output]:
    """A call of `bash` that has printed something."""
    said = asyncio.Event()
    tool = shell_tools(tools.shell)[0]
    parsed = tool.parse(msgspec.json.encode(arguments).decode())
    call = asyncio.create_task(tool.run(parsed, lambda text: said.set()))
    await said.wait()
    return call


async def test_a_command_in_the_foreground_goes_on_in_the_background_when_told(
    tools: Tools,
) -> None:
    os.mkfifo(tools.root / "go")
    call = await _under_way(tools, command="echo first; read x < go; echo last $x")
    assert tools.shell.to_background() == 1
    output = await call
    told = output.content[0]
    assert isinstance(told, Text) and output.background == "bash_1"
    assert told.text.startswith("first\nThe person sent it to the background as bash_1.")
    assert len(tools.shell.running) == 1
    (tools.root / "go").write_text("word\n")
    assert (await tools.ended("bash_1")).startswith("last word\n")


async def test_what_went_to_the_background_outlives_the_time_of_its_call(tools: Tools) -> None:
    os.mkfifo(tools.root / "go")
    command = "echo first; read x < go; sleep 1.2; echo last"
    call = await _under_way(tools, command=command, timeout=1)
    tools.shell.to_background()
    await call
    (tools.root / "go").write_text("word\n")
    assert (await tools.ended("bash_1")).startswith("last\n")


async def test_with_nothing_in_the_foreground_nothing_goes_to_the_background(tools: Tools) -> None:
    await tools.start("sleep 100")
    assert tools.shell.to_background() == 0
