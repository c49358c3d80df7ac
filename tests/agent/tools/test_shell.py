"""`bash`: what comes back, where the next command starts, and what ends when."""

import asyncio
import os
import shlex
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from kedge.agent.effects import Effect
from kedge.agent.errors import ToolError
from kedge.agent.messages import Text
from kedge.agent.ports import Output
from kedge.agent.tools.function import FunctionTool
from kedge.agent.tools.shell import Shell, shell_tools
from kedge.config.settings import ShellSettings
from kedge.sandbox.direct import DirectSandbox
from kedge.sandbox.environment import clean_environment
from kedge.sandbox.paths import Roots

SETTINGS = ShellSettings(output_bytes=4_000)


class Terminal:
    """A shell, its `bash` tool, and all that was emitted."""

    def __init__(self, shell: Shell, root: Path, spill: Path) -> None:
        self.shell = shell
        self.root = root
        self.spill = spill
        self.tool: FunctionTool = shell_tools(shell)[0]
        self.emitted: list[str] = []

    async def output(self, command: str, **arguments: object) -> Output:
        call = msgspec.json.encode({"command": command, **arguments}).decode()
        return await self.tool.run(self.tool.parse(call), self.emitted.append)

    async def __call__(self, command: str, **arguments: object) -> str:
        return text(await self.output(command, **arguments))


@pytest.fixture
async def bash(tmp_path: Path) -> AsyncIterator[Terminal]:
    root, spill = tmp_path / "work space", tmp_path / "it's spilled"
    root.mkdir()
    sandbox = DirectSandbox()
    shell = Shell(sandbox, Roots.at(root), SETTINGS, clean_environment(os.environ), spill, spill)
    yield Terminal(shell, root, spill)
    await shell.close()
    await sandbox.close()


def text(output: Output) -> str:
    (part,) = output.content
    assert isinstance(part, Text)
    return part.text


def content(path: str) -> str:
    return Path(path).read_text()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  # a file has no event to wait for
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def test_output_of_both_streams_comes_back_in_order(bash: Terminal):
    assert await bash.output("echo one; echo two >&2; echo three") == Output(
        (Text("one\ntwo\nthree"),), exit_code=0
    )


async def test_a_silent_success_says_so(bash: Terminal):
    assert await bash("true") == "(no output)"


async def test_a_failing_command_is_an_output_with_its_exit_code(bash: Terminal):
    output = await bash.output("echo bad; exit 3")
    assert (text(output), output.exit_code, output.signal) == ("bad\nExit code 3.", 3, None)


async def test_a_signal_is_named_whoever_it_ended(bash: Terminal):
    output = await bash.output("kill -KILL $$")
    assert (output.exit_code, output.signal) == (None, "SIGKILL")
    assert "Killed by SIGKILL." in text(output)
    assert "Exit code 137 (128 + 9: SIGKILL)." in await bash("sh -c 'kill -KILL $$'")


async def test_colours_and_redrawn_lines_are_what_a_person_would_have_read(bash: Terminal):
    assert await bash(r"printf '\033[31mred\033[0m\n10%%\r100%%\n'") == "red\n100%"


async def test_a_command_has_no_terminal_and_no_input(bash: Terminal):
    assert await bash("cat; test -t 0 || test -t 1 || echo none; tty < /dev/tty") != "(no output)"
    assert (await bash("read line || echo ended")) == "ended"


async def test_its_effect_is_to_run_the_command(bash: Terminal):
    arguments = bash.tool.parse('{"command": "make -j"}')
    assert bash.tool.effects(arguments) == (Effect("run", "make -j"),)


async def test_variables_are_not_kept_between_calls(bash: Terminal):
    await bash("export KEPT=yes")
    assert await bash("echo ${KEPT-no}") == "no"


@pytest.mark.parametrize(
    "command",
    [
        "cd sub",
        "cd sub; false",
        "cd sub; exit 7",
        "set -e; cd sub; false; cd /",
        "set -euo pipefail; cd sub; echo $unset_variable",
        "cd sub; set -C",
        "cd sub; set -x; true",
        "cd sub\ncat <<END\ntext\nEND",
        "cd sub\ncat <<END\nnever ended",
        "cd sub\necho 'never ended",
        "cd sub\nif (",
        "cd sub; exec >/dev/null 2>&1",
        "cd sub; exec >&- 2>&-",
        "cd sub; sleep 60 & ",
        "cd sub; kill -TERM $$",
        "cd sub; pwd() { echo /; }; printf() { echo /; }",
        "cd sub # comment",
        "pushd sub",
        "f() { cd sub; exit 3; }; f",
    ],
)
async def test_the_directory_in_which_the_shell_ended_is_kept_and_told(
    bash: Terminal, command: str
):
    (bash.root / "sub").mkdir()
    assert f"The working directory is now {bash.root}/sub." in await bash(command)
    assert await bash("pwd") == f"{bash.root}/sub"


@pytest.mark.parametrize(
    "command",
    ["(cd sub)", "cd sub | cat", "x=$(cd sub; pwd)", "cd sub &\nwait", "bash -c 'cd sub'"],
)
async def test_the_directory_of_a_subshell_does_not_count(bash: Terminal, command: str):
    (bash.root / "sub").mkdir()
    assert await bash(command) == "(no output)"
    assert bash.shell.cwd == bash.root


@pytest.mark.parametrize(
    "command", ["trap 'echo own' EXIT; cd sub", "cd sub; exec true", "cd sub; kill -KILL $$"]
)
async def test_a_directory_that_cannot_be_learned_stays_and_that_is_told(
    bash: Terminal, command: str
):
    (bash.root / "sub").mkdir()
    assert f"The working directory stays {bash.root}." in await bash(command)
    assert await bash("pwd") == str(bash.root)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("exit 4", "(no output)\nExit code 4."),
        ("trap 'echo own' EXIT; exit 4", "own\nExit code 4."),
        ("set -e; false; echo not reached", "(no output)\nExit code 1."),
        ("echo $LINENO; echo $#; echo $?", "1\n0\n0"),
        ("set -x; true", "+ true"),
        ('echo "it\'s" \'"quoted"\' \\\\ \\$HOME', 'it\'s "quoted" \\ $HOME'),
        ("cat <<'END'\n$x `y` 'z'\nEND", "$x `y` 'z'"),
        ("", "(no output)"),
    ],
)
async def test_the_command_runs_as_it_was_written(bash: Terminal, command: str, answer: str):
    assert (await bash(command)).split("\nThe working directory stays")[0] == answer


async def test_a_syntax_error_is_told_as_bash_tells_it(bash: Terminal):
    output = await bash.output("echo never\nif then")
    assert output.exit_code == 2
    assert text(output).startswith("never\n/bin/bash: -c: line 2: syntax error")


async def test_a_directory_outside_the_workspace_is_left_again(bash: Terminal):
    assert await bash("cd /; pwd") == (
        f"/\n/ is outside the workspace: the working directory is {bash.root} again."
    )
    assert await bash("pwd") == str(bash.root)


async def test_a_link_out_of_the_workspace_is_outside(bash: Terminal, tmp_path: Path):
    (bash.root / "out").symlink_to(tmp_path)
    assert "is outside the workspace" in await bash("cd out")
    assert bash.shell.cwd == bash.root


async def test_a_directory_that_vanished_is_left_with_a_notice(bash: Terminal):
    told = f"{bash.root}/sub is gone: the working directory is {bash.root} again."
    assert told in await bash("mkdir sub; cd sub; rmdir ../sub")
    await bash("mkdir sub; cd sub")
    (bash.root / "sub").rmdir()
    assert await bash("pwd") == f"{told}\n{bash.root}"


async def test_a_directory_may_have_any_name(bash: Terminal):
    for name in ("a b", "q'uote", "12\n/x", "$(id)", "é"):
        (bash.root / name).mkdir(parents=True)
        await bash(f"cd -- {shlex.quote(name)}")
        assert bash.shell.cwd == bash.root / name
        await bash(f"cd {shlex.quote(str(bash.root))}")
    os.mkdir(os.fsencode(bash.root) + b"/\xff")
    assert "\ufffd" in await bash("cd $'\\xff'")
    assert os.fsencode(bash.shell.cwd).endswith(b"/\xff")


async def test_nothing_is_left_in_the_private_folder_by_short_commands(bash: Terminal):
    await bash("cd .; echo hello")
    assert os.listdir(bash.spill) == []
    assert stat.S_IMODE(bash.spill.stat().st_mode) == 0o700


async def test_of_long_output_head_and_tail_are_shown_and_a_file_has_it_all(bash: Terminal):
    output = await bash.output("seq 100000; exit 1")
    shown = text(output)
    assert shown.startswith("1\n2\n") and shown.endswith("\n100000\nExit code 1.")
    assert len(shown) < 4_500
    assert output.truncated and output.full_output is not None
    assert output.full_output in shown
    assert content(output.full_output) == "".join(f"{number}\n" for number in range(1, 100_001))


async def test_a_person_sees_output_while_the_command_runs(bash: Terminal):
    waiting = asyncio.create_task(
        bash("echo first; until [ -e go ]; do sleep 0.01; done; echo last")
    )
    await until(lambda: bool(bash.emitted))
    assert bash.emitted == ["first\n"] and not waiting.done()
    (bash.root / "go").touch()
    await waiting
    assert bash.emitted == ["first\n", "last\n"]


async def test_a_person_sees_everything_that_a_quiet_command_printed(bash: Terminal):
    await bash(r"printf '\033[1mbold\033[0m\nand an unfinished line'")
    assert "".join(bash.emitted) == "bold\nand an unfinished line"


async def test_a_flood_is_shown_in_few_batches_of_whole_lines(bash: Terminal):
    began = time.monotonic()
    await bash("seq 2000000")
    batches = (time.monotonic() - began) / 0.05 + 2
    assert len(bash.emitted) <= batches
    assert all(len(batch) <= 16_400 for batch in bash.emitted)
    lines = "".join(bash.emitted).splitlines()
    assert lines[-1] == "2000000"
    numbers = [int(line) for line in lines if line != "[...]"]
    assert numbers == sorted(set(numbers))


async def test_time_out_is_an_error_with_the_output_so_far_and_advice(bash: Terminal):
    with pytest.raises(ToolError) as caught:
        await bash("echo begun; sleep 60 & echo $! >pid; wait", timeout=1000)
    assert caught.value.kind == "timeout"
    said = str(caught.value)
    assert said.startswith("begun\nTimed out after 1 s")
    assert "at most 600000" in said and "run_in_background" in said
    assert not alive(int((bash.root / "pid").read_text()))


@pytest.mark.parametrize(
    ("asked", "seconds"), [(1000, "1 s"), (1, "1 s"), (2, "1.5 s"), (600_000, "1.5 s")]
)
async def test_small_numbers_are_seconds_and_large_ones_are_bounded(
    tmp_path: Path, asked: int, seconds: str
):
    sandbox = DirectSandbox()
    settings = ShellSettings(max_timeout_seconds=1.5)
    env = clean_environment(os.environ)
    shell = Shell(
        sandbox, Roots.at(tmp_path), settings, env, tmp_path / "scratch", tmp_path / "spill"
    )
    with pytest.raises(ToolError, match=f"Timed out after {seconds}"):
        await shell.bash(print, "sleep 60", timeout=asked)
    await sandbox.close()


async def test_cancelling_ends_every_process_of_the_command(bash: Terminal):
    running = asyncio.create_task(bash("sleep 60 & echo $! >pid; setsid sleep 60 & wait"))
    await until(lambda: (bash.root / "pid").exists() and bool((bash.root / "pid").read_text()))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not alive(int((bash.root / "pid").read_text()))
    assert os.listdir(bash.spill) == []
    assert await bash("echo again") == "again"


async def test_what_a_command_leaves_running_is_ended_and_told(bash: Terminal):
    began = time.monotonic()
    said = await bash("sleep 60 & echo $!")
    assert time.monotonic() - began < 60
    pid, notice = said.split("\n", 1)
    assert "do not outlive the call" in notice and "run_in_background" in notice
    assert not alive(int(pid))


async def test_a_job_that_ended_before_the_shell_is_not_told_of(bash: Terminal):
    assert await bash("true & wait") == "(no output)"


async def test_a_command_that_cannot_be_started_is_a_tool_error(bash: Terminal):
    with pytest.raises(ToolError, match="null byte"):
        await bash("echo \0")
    with pytest.raises(ToolError, match="too long"):
        await bash("echo " + "x" * 200_000)
