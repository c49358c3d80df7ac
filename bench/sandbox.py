"""What the sandbox costs: the figures of docs/sandbox.md, medians, all in one run.

Run it as `python bench/sandbox.py [OTHER COMMAND …]`; each other command (a string) is timed as a
whole process besides `kedge sandbox run -- true`.
"""

import asyncio
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.compiling import person_home
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import effective
from kedge.sandbox.ports import Command
from kedge.sandbox.run import run

TESTS = "".join(f"def test_{n}(tmp_path): (tmp_path / 'x').write_text('y')\n" for n in range(200))


def sandbox_at(work: Path) -> ConfinedSandbox:
    """A session's sandbox."""
    home = person_home(os.environ)
    policy = effective(packaged_policy(), SandboxSettings(), Roots.at(work), home)
    return ConfinedSandbox(policy, os.environ)


def clock(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def say(what: str, value: float, unit: str = "ms", limit: str = "") -> None:
    """Print one figure."""
    print(f"{what:<58} {value:8.2f} {unit:<3} {limit}", flush=True)


def plainly(script: str, base: Path, env: dict[str, str]) -> None:
    """Run a script outside."""
    subprocess.run(["bash", "-c", script], cwd=base, env=env, check=True, capture_output=True)


async def timed(sandbox: ConfinedSandbox, command: Command) -> float:
    """Milliseconds of one command."""

    async def ignore(chunk: bytes) -> None:
        pass

    began = time.perf_counter()
    ended = await run(sandbox, command, ignore)
    assert ended.code == 0, ended
    return (time.perf_counter() - began) * 1000


async def session(work: Path) -> None:
    """One session: its first command, its self-test, and a thousand more."""
    sandbox = sandbox_at(work)
    true = Command(("true",), work, dict(os.environ))
    say("first command of a session", await timed(sandbox, true), limit="<= 60")
    memory = work.parent / "memory"
    say("self-test", (await sandbox.attest(memory)).milliseconds, limit="<= 100")
    began = time.perf_counter()
    await sandbox.attest(memory)
    say("self-test, remembered", (time.perf_counter() - began) * 1000, limit="<= 5")
    inside, plain = list[float](), list[float]()
    helper = await sandbox.helper()
    before = counted(helper.pid)
    for _ in range(1000):
        inside.append(await timed(sandbox, true))
        plain.append(clock(lambda: subprocess.run(["true"], check=True)))
    say(
        "true in the session, over subprocess",
        statistics.median(inside) - statistics.median(plain),
        limit="<= 5",
    )
    after = counted(helper.pid)
    say("growth over 1,000 commands: mounts and descriptors", after - before, "")
    say("memory of the helper", resident(helper.pid), "MB", "< 15")
    await sandbox.close()


def counted(pid: int) -> int:
    """Descriptors and mounts of a process, and descriptors of our own."""
    mounts = Path(f"/proc/{pid}/mounts").read_text().count("\n")
    return len(os.listdir("/proc/self/fd")) + len(os.listdir(f"/proc/{pid}/fd")) + mounts


def resident(pid: int) -> float:
    """Megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def prepared(base: Path) -> dict[str, str]:
    """Ordinary work, by name."""
    jobs: dict[str, str] = {}
    tests = base / "tests"
    tests.mkdir()
    (tests / "test_x.py").write_text(TESTS)
    jobs["pytest, 200 tests"] = f"{sys.executable} -m pytest -q -p no:cacheprovider tests"
    compiled = base / "compile"
    compiled.mkdir()
    for number in range(50):
        (compiled / f"f{number}.c").write_text(
            f"#include <stdio.h>\nint f{number}(void){{return 1;}}\n"
        )
    jobs["compile 50 C files"] = "cd compile && gcc -O1 -c *.c"
    many = base / "many"
    for number in range(600):
        (many / str(number)).mkdir(parents=True)
        for inner in range(100):
            (many / str(number) / str(inner)).touch()
    who = "-c user.name=x -c user.email=x@x"
    setup = f"git init -q many && cd many && git add -A && git {who} commit -qm x"
    subprocess.run(setup, shell=True, cwd=base, check=True)
    jobs["git status, 60,000 files"] = "git -C many status --short"
    return jobs


async def work_inside(base: Path) -> None:
    """Ordinary work, inside over outside."""
    jobs = prepared(base)
    sandbox = sandbox_at(base)
    env = {**os.environ, "HOME": os.environ["HOME"]}
    for name, script in jobs.items():
        command = Command(script, base, env)
        await timed(sandbox, command)
        inside, outside = list[float](), list[float]()
        for _ in range(7):
            inside.append(await timed(sandbox, command))
            outside.append(clock(partial(plainly, script, base, env)))
        ratio = statistics.median(inside) / statistics.median(outside)
        say(f"{name}, inside over outside", 100 * (ratio - 1), "%", "<= 5")
    await sandbox.close()


def whole(others: list[str]) -> None:
    """Whole processes, in turns."""
    kedge = f"{sys.executable} -m kedge sandbox run -- true"
    times: dict[str, list[float]] = {command: [] for command in (kedge, *others)}
    for _ in range(15):
        for command, seen in times.items():
            seen.append(
                clock(lambda c=command: subprocess.run(shlex.split(c), capture_output=True))
            )
    for command, seen in times.items():
        say(command[-58:], statistics.median(seen))


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder).resolve() / "work"
        work.mkdir()
        os.chdir(work)
        asyncio.run(session(work))
        whole(sys.argv[1:])
        base = Path(folder).resolve() / "jobs"
        base.mkdir()
        asyncio.run(work_inside(base))


if __name__ == "__main__":
    main()
