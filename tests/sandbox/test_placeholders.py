"""What takes the free names that programs outside would obey is there while commands run, only."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from kedge.agent.tools.ignore import Ignores
from kedge.cli.confine import Wanted, wanted_policy
from kedge.sandbox.checkpoints import Checkpoints
from kedge.sandbox.compiling import compile_plan
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.inside.placeholders import Placeholders, take_away
from kedge.sandbox.inside.restoring import Restoring
from kedge.sandbox.paths import Roots
from kedge.sandbox.ports import Command, Process
from kedge.sandbox.run import run

NAMES = (".vscode", ".mcp.json", ".gitmodules", ".bashrc", ".git/hooks", ".git/config.worktree")


class Place:
    """A workspace with a repository, and the sandboxes of sessions in it."""

    def __init__(self, base: Path, stack: AsyncExitStack) -> None:
        self.home, self.work, self._stack = base / "home", base / "work", stack
        for path in (self.home, self.work):
            path.mkdir()
        self.git("init", "-q", "-b", "main")
        shutil.rmtree(self.work / ".git/hooks")
        self.before = self.seen()

    def git(self, *args: str) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        ran = subprocess.run(
            ("git", *args), cwd=self.work, env=env, capture_output=True, text=True, check=True
        )
        return ran.stdout + ran.stderr

    def session(self) -> "Session":
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        held = list[str]()
        policy = wanted_policy(Wanted(str(self.work)), env)
        sandbox = ConfinedSandbox(policy, env, held=held.append)
        self._stack.push_async_callback(sandbox.close)
        return Session(sandbox, self.work, held)

    def seen(self) -> list[str]:
        """What a person sees in the workspace, and in what git keeps there."""
        git = self.work / ".git"
        return sorted([*os.listdir(self.work), *os.listdir(git), *os.listdir(git / "info")])

    @property
    def taken(self) -> list[bool]:
        return [(self.work / name).exists() for name in NAMES]

    async def idle(self) -> None:
        await until(lambda: self.seen() == self.before)


class Session:
    """One session's sandbox."""

    def __init__(self, sandbox: ConfinedSandbox, work: Path, held: list[str]) -> None:
        self.sandbox = sandbox
        self.held = held
        self._work = work

    async def run(self, script: str) -> str:
        said = list[bytes]()

        async def hear(chunk: bytes) -> None:
            said.append(chunk)

        await run(self.sandbox, self._command(script), hear)
        return b"".join(said).decode()

    async def start(self, script: str) -> Process:
        """Start what ends when `stop` appears in the workspace; returns when it runs."""
        waiting = f"{script}; touch begun; until [ -e stop ]; do sleep 0.02; done"
        process = await self.sandbox.start(self._command(waiting))
        await until((self._work / "begun").exists)
        (self._work / "begun").unlink()
        return process

    async def refused(self, name: str) -> bool:
        """Whether a command is kept from making something of this name."""
        said = await self.run(
            f"rm -rf {name}; rmdir {name}; mv {name} {name}.x; echo evil >{name}; true"
        )
        return "Read-only" in said or "busy" in said

    def _command(self, script: str) -> Command:
        return Command(script, self._work, {"PATH": os.environ["PATH"]})


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        yield Place(tmp_path, stack)


async def test_placeholders_stand_while_a_command_runs_and_vanish_after_it(place: Place) -> None:
    session = place.session()
    for _ in range(3):
        process = await session.start("true")
        assert all(place.taken)
        (place.work / "stop").touch()
        await process.wait()
        (place.work / "stop").unlink()
        await place.idle()


async def test_a_name_is_refused_to_every_command_again(place: Place) -> None:
    session = place.session()
    for _ in range(3):
        assert all([await session.refused(name) for name in NAMES])
        await place.idle()


async def test_a_helper_that_runs_nothing_leaves_nothing(place: Place) -> None:
    await place.session().sandbox.helper()
    assert place.seen() == place.before


async def test_git_takes_no_notice(place: Place) -> None:
    session = place.session()
    process = await session.start("true")
    assert place.git("status", "--porcelain", "--ignored") == ""
    (place.work / "stop").touch()
    assert (await process.wait()).notes == ()
    (place.work / "stop").unlink()
    await place.idle()
    assert place.git("status", "--porcelain", "--ignored") == ""


async def test_a_command_in_the_background_keeps_its_protection_while_others_end(
    place: Place,
) -> None:
    session = place.session()
    script = "until [ -e try ]; do sleep 0.02; done; mkdir .vscode/a; echo x >.mcp.json"
    process = await session.sandbox.start(Command(script, place.work, {"PATH": os.environ["PATH"]}))
    assert await session.run("echo one") == "one\n"
    # A session that ends takes away, before it is gone, all that nobody uses.
    other = place.session()
    assert await other.run("echo two") == "two\n"
    await other.sandbox.close()
    assert all(place.taken)
    (place.work / "try").touch()
    said = b"".join([chunk async for chunk in process]).decode()
    assert said.count("Read-only") == 1 and "Is a directory" in said
    (place.work / "try").unlink()
    await place.idle()


async def test_sessions_side_by_side_protect_until_the_last_has_ended(place: Place) -> None:
    first, second = place.session(), place.session()
    maker = await first.start("true")
    script = "until [ -e try ]; do sleep 0.02; done; mkdir .vscode/a; echo x >.mcp.json"
    user = await second.sandbox.start(Command(script, place.work, {"PATH": os.environ["PATH"]}))
    (place.work / "stop").touch()
    await maker.wait()
    (place.work / "stop").unlink()
    await first.sandbox.close()
    assert all(place.taken)
    (place.work / "try").touch()
    said = b"".join([chunk async for chunk in user]).decode()
    assert "Read-only" in said and "Is a directory" in said
    (place.work / "try").unlink()
    await place.idle()


async def test_the_helper_may_be_killed(place: Place) -> None:
    session = place.session()
    process = await session.start("true")
    assert all(place.taken)
    os.kill((await session.sandbox.helper()).pid, signal.SIGKILL)
    await place.idle()
    await process.wait()
    assert await session.refused(".mcp.json")
    await place.idle()


async def test_what_a_machine_left_that_went_down_is_taken_away(place: Place) -> None:
    session = place.session()
    process = await session.start("true")
    left = {name: os.stat(place.work / name).st_mtime for name in NAMES}
    (place.work / "stop").touch()
    await process.wait()
    (place.work / "stop").unlink()
    await place.idle()
    for name, changed in left.items():
        (place.work / name).touch() if "config" in name else (place.work / name).mkdir()
        os.utime(place.work / name, (changed, changed))
    await session.run("true")
    await place.idle()


async def test_an_empty_directory_of_a_person_stays(place: Place) -> None:
    (place.work / ".vscode").mkdir()
    before = os.stat(place.work / ".vscode")
    session = place.session()
    assert await session.refused(".vscode")
    await until(lambda: not (place.work / ".mcp.json").exists())
    after = os.stat(place.work / ".vscode")
    assert (before.st_ino, before.st_mtime_ns, before.st_mode) == (
        *(after.st_ino, after.st_mtime_ns),
        after.st_mode,
    )


async def test_what_a_person_makes_meanwhile_is_theirs_and_protected(place: Place) -> None:
    session = place.session()
    await session.run("true")
    await place.idle()
    (place.work / ".mcp.json").write_text("mine")
    (place.work / ".vscode").mkdir()
    (place.work / ".vscode/settings.json").write_text("mine")
    assert await session.refused(".mcp.json")
    said = await session.run("echo evil >.vscode/settings.json; echo evil >.vscode/tasks.json")
    assert said.count("Read-only") == 2
    await until(lambda: not (place.work / ".bashrc").exists())
    assert (place.work / ".mcp.json").read_text() == "mine"
    assert os.listdir(place.work / ".vscode") == ["settings.json"]
    shutil.rmtree(place.work / ".vscode")
    assert await session.refused(".vscode")


async def test_what_a_person_puts_into_a_placeholder_stays(place: Place) -> None:
    session = place.session()
    process = await session.start("true")
    (place.work / ".vscode/settings.json").write_text("mine")
    (place.work / "stop").touch()
    assert (await process.wait()).notes == ()
    await until(lambda: not (place.work / ".mcp.json").exists())
    assert (place.work / ".vscode/settings.json").read_text() == "mine"
    assert await session.refused(".vscode/settings.json")


async def test_a_command_cannot_lock_placeholders_away(place: Place) -> None:
    session = place.session()
    lock = (
        "import fcntl, os; fd = os.open('.vscode', os.O_RDONLY);"
        " fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"
    )
    assert "BlockingIOError" in await session.run(f'python3 -c "{lock}"')


async def test_a_placeholder_that_somebody_has_locked_alone_stops_commands(place: Place) -> None:
    session = place.session()
    process = await session.start("true")
    changed = os.stat(place.work / ".vscode").st_mtime
    (place.work / "stop").touch()
    await process.wait()
    (place.work / "stop").unlink()
    await place.idle()
    (place.work / ".vscode").mkdir()
    os.utime(place.work / ".vscode", (changed, changed))
    locked = os.open(place.work / ".vscode", os.O_RDONLY)
    try:
        fcntl.flock(locked, fcntl.LOCK_EX)
        with pytest.raises(Exception, match=r"another program keeps the lock.*\.vscode"):
            await session.run("true")
    finally:
        os.close(locked)
    assert await session.run("echo again") == "again\n"


async def test_checkpoints_take_no_notice(place: Place, tmp_path: Path) -> None:
    (place.work / "folder").mkdir()
    roots = Roots.at(place.work)
    kept = Checkpoints(tmp_path / "kept", roots, Ignores.above)
    first = kept.take("before").id
    session = place.session()
    process = await session.start("true")
    second = kept.take("while a command runs").id
    assert kept.directories_changed(first, second) == set()
    (place.work / "stop").touch()
    await process.wait()
    (place.work / "stop").unlink()
    (place.work / "folder").rmdir()
    await until(lambda: sorted(os.listdir(place.work)) == [".git"])
    assert kept.restore(second).refused == ()
    assert sorted(os.listdir(place.work)) == [".git", "folder"]


def test_without_namespaces_those_of_a_session_beside_are_left_alone(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    work = tmp_path.resolve() / "work"
    work.mkdir()
    plan = compile_plan(wanted_policy(Wanted(str(work)), env), env)
    restoring, beside = Restoring(plan), Placeholders([f"{work}/.vscode/"])
    beside.hold()
    assert restoring.settle() == [] and os.listdir(work) == [".vscode"]
    restoring.renew()
    beside.release()
    assert take_away([f"{work}/.vscode/"])
    assert restoring.settle() == [] and os.listdir(work) == []
    beside.hold()
    restoring.settle()
    changed = os.stat(work / ".vscode").st_mtime
    (work / ".vscode/tasks.json").write_text("evil")
    os.utime(work / ".vscode", (changed, changed))
    assert restoring.settle() and not (work / ".vscode").exists()


async def test_what_a_person_made_since_the_last_command_is_left_alone_at_the_end(
    place: Place,
) -> None:
    for number in range(5):
        session = place.session()
        assert await session.run("echo done") == "done\n"
        settings = place.work / f"{number}/.claude/commands"
        settings.mkdir(parents=True)
        (settings / "mine.md").write_text("mine")
        await session.sandbox.close()
        assert (settings / "mine.md").exists()


async def test_what_a_person_made_between_commands_is_left_alone_and_protected(
    place: Place,
) -> None:
    (place.work / "sub").mkdir()
    session = place.session()
    await session.run("mkdir -p made/.vscode")
    (place.work / "sub/.envrc").write_text("mine")
    (place.work / "made/.vscode/tasks.json").write_text("mine")
    place.git("init", "-q", "clone")
    place.git("-C", "clone", "config", "core.pager", "mine")
    (place.work / "clone/.git/hooks/pre-commit").write_text("mine")
    tried = ("sub/.envrc", "made/.vscode/tasks.json", "clone/.git/config", "clone/.git/hooks/x")
    for path in tried:
        assert "Read-only" in await session.run(f"echo evil >{path}")
    await session.sandbox.close()
    assert session.held == []
    assert (place.work / "clone/.git/hooks/pre-commit").read_text() == "mine"
    assert place.git("-C", "clone", "config", "core.pager") == "mine\n"


async def test_a_repository_that_a_command_made_stays_open_to_commands(place: Place) -> None:
    session = place.session()
    await session.run("git init -q sub")
    assert await session.run("git -C sub remote add up ../up && echo added") == "added\n"
    await session.sandbox.close()
    assert session.held == []
    assert place.git("-C", "sub", "remote") == "up\n"


async def test_a_directory_that_one_command_makes_and_another_fills_is_held_and_said(
    place: Place,
) -> None:
    session = place.session()
    await session.run("mkdir -p sub/.vscode")
    await session.run("echo evil >sub/.vscode/tasks.json")
    assert os.listdir(place.work / "sub") == [".vscode.held-by-kedge"]
    assert [note.partition(" ")[0] for note in session.held] == [f"{place.work}/sub/.vscode"]


async def test_what_a_command_made_that_was_ended_by_leaving_is_held_and_said(
    place: Place,
) -> None:
    session = place.session()
    await session.start("mkdir sub; echo evil >sub/.envrc")
    await session.sandbox.close()
    assert os.listdir(place.work / "sub") == [".envrc.held-by-kedge"]
    assert len(session.held) == 1 and ".envrc.held-by-kedge" in session.held[0]


async def test_what_a_person_made_before_kedge_was_killed_is_left_alone(place: Place) -> None:
    session = place.session()
    await session.run("true")
    await place.idle()
    (place.work / "sub").mkdir()
    (place.work / "sub/.envrc").write_text("mine")
    helper = await session.sandbox.helper()
    # All that the helper sees of it when kedge is killed.
    helper.close()
    assert os.listdir(place.work / "sub") == [".envrc"]
