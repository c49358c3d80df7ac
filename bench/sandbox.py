"""What the sandbox costs: the figures of docs/sandbox.md, medians, all in one run.

Run it as `python bench/sandbox.py [--bin FOLDER]`, with the Python that kedge is installed for. The
rivals are looked for in FOLDER (npm's `node_modules/.bin`) and PATH:

    npm install @openai/codex @anthropic-ai/sandbox-runtime
    apt-get install bubblewrap socat ripgrep

An editable installation is slower to start than a wheel, which the first line tells of.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import kedge
from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.compiling import person_home
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import effective
from kedge.sandbox.ports import Command
from kedge.sandbox.run import run

ROUNDS = 11
COUNTED = ("processes", "descriptors", "mounts")
RIVALS = {"codex": ("sandbox", "--", "true"), "srt": ("true",)}
"""Program to arguments: Codex CLI's own sandbox, and sandbox-runtime."""
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
    proven = [(await sandbox.attest()).milliseconds for _ in range(ROUNDS)]
    say("self-test", statistics.median(proven), limit="<= 100")
    rested = list[float]()
    for _ in range(ROUNDS):
        await asyncio.sleep(1)
        assert not os.listdir(work), "placeholders are there although nothing runs"
        rested.append(await timed(sandbox, true))
    say("command after a pause, placeholders made anew", statistics.median(rested))
    rushed = [await timed(sandbox, true) for _ in range(ROUNDS)]
    say("command right after another", statistics.median(rushed))
    await sandbox.attest(memory)
    remembered = list[float]()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await sandbox.attest(memory)
        remembered.append((time.perf_counter() - began) * 1000)
    say("self-test, remembered", statistics.median(remembered), limit="<= 5")
    await sandbox.close()


async def thousand(work: Path) -> None:
    """A thousand commands of one session."""
    sandbox = sandbox_at(work)
    true = Command(("true",), work, dict(os.environ))
    await timed(sandbox, true)
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
    for what, then, now in zip(COUNTED, before, after, strict=True):
        say(f"growth over 1,000 commands: {what}", now - then, "")
    say("memory of the helper", resident(helper.pid), "MB", "< 15")
    await sandbox.close()


def counted(pid: int) -> tuple[int, int, int]:
    """What is `COUNTED` of the helper, and of ourselves."""
    mounts = Path(f"/proc/{pid}/mounts").read_text().count("\n")
    descriptors = len(os.listdir("/proc/self/fd")) + len(os.listdir(f"/proc/{pid}/fd"))
    parents = {pid, os.getpid()}
    stats = (file.read_text() for file in Path("/proc").glob("[0-9]*/stat") if file.exists())
    processes = sum(int(stat.rpartition(")")[2].split()[1]) in parents for stat in stats)
    return processes, descriptors, mounts


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
        plainly(script, base, env)
        await timed(sandbox, command)
        inside, outside = list[float](), list[float]()
        for number in range(2 * ROUNDS):
            # In turn, and each as often first as second: what one warms serves the other.
            if number % 2:
                inside.append(await timed(sandbox, command))
            outside.append(clock(partial(plainly, script, base, env)))
            if not number % 2:
                inside.append(await timed(sandbox, command))
        ratio = statistics.median(inside) / statistics.median(outside)
        say(f"{name}, inside over outside", 100 * (ratio - 1), "%", "<= 5")
    await sandbox.close()


def whole(folder: str) -> None:
    """Whole processes, in turns."""
    program = os.path.join(sysconfig.get_path("scripts"), "kedge")
    commands = {"kedge sandbox run -- true": (program, "sandbox", "run", "--", "true")}
    for name, arguments in RIVALS.items():
        rival = shutil.which(name, path=f"{folder}:{os.environ['PATH']}")
        words = " ".join((name, *arguments))
        if rival is None:
            print(f"{words}: skipped, {name} is not installed")
        elif subprocess.run((rival, *arguments), capture_output=True).returncode:
            print(f"{words}: skipped, it fails here")
        else:
            commands[words] = (rival, *arguments)
    times = {words: list[float]() for words in commands}
    for _ in range(2 * ROUNDS):
        for words, command in commands.items():
            times[words].append(clock(partial(subprocess.run, command, capture_output=True)))
    for words, seen in times.items():
        say(f"{words}, whole process", statistics.median(seen))


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description="Measure the sandbox beside its rivals.")
    parser.add_argument("--bin", default="", metavar="FOLDER", help="where the rivals are")
    folder = os.path.abspath(parser.parse_args().bin)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"kedge from {Path(kedge.__file__ or '').parent}; load {os.getloadavg()[0]:.1f}; medians")
    with tempfile.TemporaryDirectory() as made:
        work = Path(made).resolve() / "work"
        work.mkdir()
        os.chdir(work)
        asyncio.run(session(work))
        asyncio.run(thousand(work))
        whole(folder)
        base = Path(made).resolve() / "jobs"
        base.mkdir()
        asyncio.run(work_inside(base))


if __name__ == "__main__":
    main()
