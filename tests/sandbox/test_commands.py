"""Whatever the sandbox: commands run without a terminal, and nothing of them is left."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.direct import MARK, DirectSandbox
from kedge.sandbox.environment import clean_environment
from kedge.sandbox.errors import CannotStart, NotAvailable
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import effective
from kedge.sandbox.ports import Command, Exit, Sandbox
from kedge.sandbox.run import run

GRACE = 0.1
LINGER = 0.1
"""Seconds; shorter than usual, since most of these processes let it pass."""

# Each leaves a process behind that ignores SIGTERM, holds the output open, and gets away in
# another manner.
LEFTOVERS = {
    "background": "{stay} &",
    "nested": "sh -c 'sh -c \"{stay}\" & wait' &",
    "own session": "setsid {stay} &",
    "daemon": "(setsid {stay} &) &",
    "daemon with closed output": "(setsid {stay} >/dev/null 2>&1 &) &",
    "no environment": "env -i {stay} &",
    "no environment, own session": "(env -i setsid {stay}; true) &",
    # By name: in namespaces of their own, several commands have processes of the same number.
    "stopped": "{stay} stopped & until grep -qsx stopped$! pids; do :; done; kill -STOP $!",
}


def state(pid: int) -> str:
    """The letter of proc(5); `X` for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def alive(pid: int) -> bool:
    return state(pid) not in "ZX"


def born(pid: int) -> int:
    """When a process began, in ticks since the machine did."""
    return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19])


def children() -> list[int]:
    """The children of this process, dead ones that nobody waited for included."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children").read_text(errors="replace")
    return [int(pid) for pid in listing.split()]


def reap(pids: set[int]) -> None:
    for pid in pids:
        os.waitpid(pid, 0)


def spawn(*argv: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stderr=subprocess.DEVNULL, start_new_session=True)


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, a minute at most."""
    async with asyncio.timeout(60):
        while True:
            if true():
                return
            await asyncio.sleep(0.005)


def confined(directory: Path, grace: float = GRACE, linger: float = LINGER) -> ConfinedSandbox:
    settings = SandboxSettings()
    home = Path(os.environ["HOME"])
    policy = effective(packaged_policy(), settings, Roots.at(directory), home)
    return ConfinedSandbox(policy, os.environ, grace=grace, linger=linger)


def direct(directory: Path, grace: float = GRACE, linger: float = LINGER) -> DirectSandbox:
    return DirectSandbox(grace=grace, linger=linger)


SANDBOXES: dict[str, Callable[..., Sandbox]] = {
    "direct": direct,
    "confined": confined,
}


class Bench:
    """A sandbox, a directory, and processes that can be counted from outside."""

    def __init__(self, directory: Path, kind: str) -> None:
        self.directory = directory
        self.kind = kind
        self.sandbox = SANDBOXES[kind](directory)
        self.output = bytearray()
        stay = directory / "stay"
        stay.write_text(
            "#!/bin/sh\ntrap '' TERM HUP INT\necho $1$$ >>" + str(directory / "pids") + "\n"
            # A builtin that waits for ever without a child: nobody writes to the pipe.
            f"exec 3<>{directory / 'never'}\nread x <&3\n"
        )
        stay.chmod(0o755)
        os.mkfifo(directory / "never")
        self.stay = str(stay)

    def command(self, script: str | tuple[str, ...], **more: object) -> Command:
        env = clean_environment(os.environ)
        return Command(**{"run": script, "cwd": self.directory, "env": env} | more)

    async def take(self, chunk: bytes) -> None:
        self.output += chunk

    async def run(self, script: str | tuple[str, ...], **more: object) -> Exit:
        self.output.clear()
        return await run(self.sandbox, self.command(script, **more), self.take)

    def pids(self) -> list[int]:
        """The processes that stay, as seen from outside every namespace."""
        found: list[int] = []
        for name in os.listdir("/proc"):
            if name.isdigit() and alive(int(name)):
                with contextlib.suppress(OSError):
                    argv = Path(f"/proc/{name}/cmdline").read_text(errors="replace").split("\0")
                    if argv[1:2] == [self.stay]:
                        found.append(int(name))
        return found

    async def staying(self, count: int) -> list[int]:
        await until(lambda: len(self.pids()) >= count)
        return self.pids()


@pytest.fixture(params=SANDBOXES)
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, request.param)
    yield bench
    await bench.sandbox.close()
    assert bench.pids() == []


async def test_output_of_both_streams_comes_in_order_and_the_code_is_told(bench):
    ended = await bench.run("echo one; echo two >&2; printf three; exit 7")
    assert bytes(bench.output) == b"one\ntwo\nthree"
    assert (ended.code, ended.signal, ended.timed_out) == (7, None, False)
    assert 0 < ended.seconds < 60


async def test_a_program_runs_without_a_shell(bench):
    ended = await bench.run(("printf", "%s|", "$HOME", "a b", "*"))
    assert (bytes(bench.output), ended.code) == (b"$HOME|a b|*|", 0)


@pytest.mark.skipif(not os.path.exists("/bin/bash"), reason="no bash")
async def test_a_script_is_read_by_bash_where_there_is_one(bench):
    await bench.run("[[ ab == a* ]] && echo ${BASH_VERSION:+bash} {1..3}")
    assert bytes(bench.output) == b"bash 1 2 3\n"


@pytest.mark.parametrize("bench", ["direct"], indirect=True)
async def test_the_directory_and_environment_are_those_given(bench):
    (bench.directory / "sub").mkdir()
    path = os.environ["PATH"]
    await bench.run("pwd; env", cwd=bench.directory / "sub", env={"PATH": path, "X": "é"})
    first, *variables = bench.output.decode().splitlines()
    assert first == str(bench.directory / "sub")
    names = {line.partition("=")[0] for line in variables}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "X", MARK}
    assert "X=é" in variables


async def test_there_is_no_input_no_terminal_and_no_inherited_descriptor(bench):
    leaked = os.open("/", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        tried = "cat; tty; (: </dev/tty) 2>/dev/null || echo none"
        await bench.run(f"{tried}; ls /proc/$$/fd >fds; xargs <fds")
    finally:
        os.close(leaked)
    told = bench.output.decode().splitlines()
    assert told[:2] == ["not a tty", "none"]
    # Bash keeps its own copy of nothing here; 255 is where it would read a script from.
    assert set(told[2].split()) <= {"0", "1", "2", "255"}


@pytest.mark.parametrize("data", [b"", b"hello\n", b"x" * 1_000_000])
async def test_input_is_given_and_then_ends(bench, data):
    ended = await bench.run("cat", stdin=data)
    assert (bytes(bench.output), ended.code) == (data, 0)


async def test_input_that_nobody_reads_holds_nothing_up(bench):
    assert (await bench.run("true", stdin=b"x" * 1_000_000)).code == 0


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV"])
async def test_a_signal_is_told_by_name(bench, name):
    ended = await bench.run(f"ulimit -c 0; kill -{name[3:]} $$")
    assert (ended.code, ended.signal, ended.timed_out) == (None, name, False)


@pytest.mark.parametrize("argv", [("no-such-program",), ("/etc",), ("/etc/passwd",), ("a\0b",)])
async def test_a_program_that_cannot_run_is_told(bench, argv):
    with pytest.raises(CannotStart, match="cannot run"):
        await bench.run(argv)
    assert (await bench.run("true")).code == 0


async def test_a_directory_that_does_not_exist_is_told(bench):
    with pytest.raises(CannotStart, match="'.*gone': no such directory"):
        await bench.run("true", cwd=bench.directory / "gone")


async def test_large_output_arrives_whole_in_bounded_chunks(bench):
    largest = total = 0

    async def count(chunk: bytes) -> None:
        nonlocal largest, total
        largest, total = max(largest, len(chunk)), total + len(chunk)

    script = bench.command("head -c 30000000 /dev/zero")
    ended = await run(bench.sandbox, script, count)
    assert (ended.code, total) == (0, 30_000_000)
    assert largest <= 65_536


async def test_a_slow_reader_holds_the_command_up(bench):
    process = await bench.sandbox.start(bench.command(f"exec yes '{bench.stay}'"))
    await until(lambda: len(bench.pids()) == 1)
    (pid,) = bench.pids()

    def written() -> int:
        counts = Path(f"/proc/{pid}/io").read_text(errors="replace")
        return int(counts.split("wchar: ")[1].split()[0])

    def blocked() -> bool:
        return written() > 0 and state(pid) == "S"

    await until(blocked)
    assert written() <= 4 * 65_536
    assert (await process.kill()).signal == "SIGTERM"


@pytest.mark.parametrize("how", LEFTOVERS)
async def test_what_a_command_left_running_ends_with_it(bench, how):
    ready = f'until [ -s "{bench.directory}/pids" ]; do :; done'
    script = LEFTOVERS[how].format(stay=bench.stay)
    ended = await bench.run(f"{script}\n{ready}; echo done")
    assert (bytes(bench.output), ended.code) == (b"done\n", 0)
    assert bench.pids() == []


async def test_what_ends_by_itself_soon_after_the_command_may_finish(bench):
    await bench.sandbox.close()
    bench.sandbox = SANDBOXES[bench.kind](bench.directory, linger=60)
    await bench.run("(sleep 0.02; echo late) & echo early")
    assert bytes(bench.output) == b"early\nlate\n"


@pytest.mark.parametrize("how", LEFTOVERS)
async def test_the_whole_tree_ends_when_time_is_up(bench, how):
    script = LEFTOVERS[how].format(stay=bench.stay)
    ended = await bench.run(f"{script}\n{bench.stay}", timeout=0.8)
    assert ended.timed_out
    assert ended.signal == "SIGKILL"
    assert ended.seconds >= 0.8
    assert (bench.directory / "pids").read_text()
    assert bench.pids() == []


async def test_a_command_that_listens_may_end_politely(bench):
    script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
    process = await bench.sandbox.start(bench.command(script))
    assert await anext(process) == b"ready\n"
    ended = await process.kill()
    assert b"".join([chunk async for chunk in process]).endswith(b"bye\n")
    assert (ended.code, ended.signal, ended.timed_out) == (3, None, False)
    assert await process.kill() == ended == await process.wait()


async def test_who_waits_for_the_end_may_give_less_time_to_it(bench):
    await bench.sandbox.close()
    bench.sandbox = SANDBOXES[bench.kind](bench.directory, grace=300)
    process = await bench.sandbox.start(bench.command(bench.stay))
    await bench.staying(1)
    async with asyncio.timeout(60):
        assert (await process.kill(0.01)).signal == "SIGKILL"


@pytest.mark.parametrize("how", LEFTOVERS)
async def test_cancelling_leaves_nothing_before_it_is_felt(bench, how):
    script = LEFTOVERS[how].format(stay=bench.stay)
    task = asyncio.create_task(bench.run(f"{script}\n{bench.stay}"))
    pids = await bench.staying(2)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [pid for pid in pids if alive(pid)]
    assert not set(pids) & set(children())


async def test_a_reader_that_fails_ends_the_command(bench):
    async def fail(chunk: bytes) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await run(bench.sandbox, bench.command(f"echo x; {bench.stay}"), fail)
    assert bench.pids() == []


async def test_commands_side_by_side_end_one_by_one(bench):
    first = await bench.sandbox.start(bench.command(bench.stay))
    await bench.staying(1)
    second = await bench.sandbox.start(bench.command(f"(setsid {bench.stay} &) &\n{bench.stay}"))
    one, *others = sorted(await bench.staying(3), key=born)
    await second.kill()
    assert alive(one)
    assert not [pid for pid in others if alive(pid)]
    await bench.run("true")
    assert alive(one)
    await first.kill()
    assert not alive(one)


async def test_children_that_somebody_else_started_are_left_alone(bench):
    child, short = spawn("sleep", "1000"), spawn("sh", "-c", "exit 9")
    try:
        assert (await bench.run(f"(setsid {bench.stay} &) &", timeout=10)).code == 0
        await bench.sandbox.close()
        assert child.poll() is None
        assert short.wait() == 9
    finally:
        child.kill()
        child.wait()


async def test_closing_ends_everything_and_refuses_more(bench):
    process = await bench.sandbox.start(bench.command(f"(setsid {bench.stay} &) &\n{bench.stay}"))
    pids = await bench.staying(2)
    await bench.sandbox.close()
    assert not [pid for pid in pids if alive(pid)]
    assert (await process.wait()).signal == "SIGKILL"
    with pytest.raises(NotAvailable):
        await bench.run("true")
    await bench.sandbox.close()


async def test_many_commands_leave_no_descriptor_and_no_process(bench):
    await bench.run("true")
    before = len(os.listdir("/proc/self/fd")), children()
    for number in range(100):
        script = "sleep 1000 & true" if number % 50 == 0 else "true"
        assert (await bench.run(script, timeout=60)).code == 0
    assert (len(os.listdir("/proc/self/fd")), children()) == before


@pytest.mark.parametrize("bench", ["direct"], indirect=True)
async def test_a_watch_that_was_killed_is_replaced(bench, tmp_path):
    others = set(children())
    await bench.run("true")
    (watch,) = set(children()) - others
    os.kill(watch, signal.SIGKILL)
    await until(lambda: not alive(watch))
    assert (await bench.run("echo on")).code == 0
    assert bytes(bench.output) == b"on\n"
    (other,) = set(children()) - others
    assert other != watch


HOST = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_commands import SANDBOXES
from kedge.sandbox.ports import Command
from kedge.sandbox.run import run

async def show(chunk):
    pass

async def main():
    here = Path(sys.argv[3])
    sandbox = SANDBOXES[sys.argv[2]](here)
    await asyncio.gather(*(
        run(sandbox, Command(run=script, cwd=here, env=dict(os.environ)), show)
        for script in sys.argv[4:]
    ))

asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT"])
async def test_nothing_is_left_when_the_host_dies(bench, how):
    scripts = [f"{left.format(stay=bench.stay)}\n{bench.stay}" for left in LEFTOVERS.values()]
    before = set(children())
    tests, kind = str(Path(__file__).parent), bench.kind
    host = spawn(sys.executable, "-c", HOST, tests, kind, str(bench.directory), *scripts)
    try:
        pids = await bench.staying(2 * len(scripts))
        assert all(alive(pid) for pid in pids)
        host.send_signal(signal.Signals[how])
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            host.wait(20)
        host.kill()
        host.wait()
    await until(lambda: bench.pids() == [])
    # A sandbox of an earlier test made this process adopt them.
    reap(set(children()) - before)


@pytest.mark.parametrize("bench", ["direct"], indirect=True)
async def test_dead_orphans_are_waited_for(bench):
    await bench.run("true")
    before = children()
    await bench.run("true & true | true & exit 0")
    await bench.run("true")
    assert children() == before


def test_the_environment_neither_asks_nor_hooks():
    found = clean_environment(
        {
            **{"PATH": "/bin", "HOME": "/h", "PAGER": "less", "LANG": "C", "MY_API_KEY": "k"},
            **{
                "LD_PRELOAD": "x.so",
                "BASH_ENV": "x",
                "BASH_FUNC_ls%%": "() { :; }",
                "GIT_DIR": "x",
            },
            **{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.pager", MARK: "outer"},
        },
        {"MY_API_KEY"},
    )
    assert {"PATH": "/bin", "HOME": "/h", "LANG": "C", MARK: "outer"}.items() <= found.items()
    assert {"PAGER": "cat", "GIT_TERMINAL_PROMPT": "0", "TERM": "dumb"}.items() <= found.items()
    assert not {"MY_API_KEY", "LD_PRELOAD", "BASH_ENV", "BASH_FUNC_ls%%", "GIT_DIR"} & found.keys()
    assert not [name for name in found if name.startswith("GIT_CONFIG_")]
