"""What a person allows one command holds for that command, and for nothing else."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kedge.config.sandbox import SandboxSettings, packaged_policy
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.denials import denials
from kedge.sandbox.errors import SandboxError
from kedge.sandbox.guard import Guard
from kedge.sandbox.landlocked import LandlockSandbox
from kedge.sandbox.paths import Roots
from kedge.sandbox.policy import Policy, effective
from kedge.sandbox.ports import Command, Extra
from kedge.sandbox.run import run

RUNGS: dict[str, Callable[[Policy], ConfinedSandbox | LandlockSandbox]] = {
    "namespaces": lambda policy: ConfinedSandbox(policy, os.environ),
    "landlock": lambda policy: LandlockSandbox(policy, os.environ),
}


class Bench:
    """A sandbox around a repository with secrets in it."""

    def __init__(self, place: Path, rung: str) -> None:
        place = place.resolve()
        self.work = place / "work"
        self.own = place / "kedge"
        self.outside = place / "outside"
        for folder in (self.work / ".aws", self.own, self.outside):
            folder.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", str(self.work)], check=True)
        for name in (".env", ".aws/config", ".aws/credentials", "../kedge/key", "../outside/note"):
            (self.work / name).write_text(f"content of {name}")
        said, roots = SandboxSettings(), Roots.at(self.work)
        self.policy = effective(
            packaged_policy(), said, roots, place / "home", own=(self.own,), code=()
        )
        self.sandbox = RUNGS[rung](self.policy)

    async def __call__(self, script: str, extra: Extra | None = None) -> str:
        said = bytearray()

        async def take(chunk: bytes) -> None:
            said.extend(chunk)

        command = Command(script, self.work, dict(os.environ), timeout=30, extra=extra)
        ended = await run(self.sandbox, command, take)
        return said.decode() + "".join(f"[{note}]" for note in ended.notes)


@pytest.fixture(params=RUNGS)
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, request.param)
    yield bench
    await bench.sandbox.close()


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


async def test_a_secret_is_read_once_and_then_hidden_again(bench: Bench) -> None:
    assert "denied" in await bench("cat .env")
    assert await bench("cat .env", Extra(read=(bench.work / ".env",))) == "content of .env"
    assert "denied" in await bench("cat .env")


async def test_what_lies_beside_an_allowed_secret_stays_hidden(bench: Bench) -> None:
    extra = Extra(read=(bench.work / ".aws/config",))
    assert await bench("cat .aws/config", extra) == "content of .aws/config"
    assert "denied" in await bench("cat .aws/credentials", extra)
    assert "denied" in await bench("cat .env", Extra(read=(bench.work,)))


async def test_a_protected_file_is_written_once_and_what_was_written_stays(bench: Bench) -> None:
    told = await bench("echo a >.envrc; git config core.pager x; mkdir -p sub; echo a >sub/.envrc")
    assert not (bench.work / ".envrc").is_file() and "pager" not in told.partition("[")[0]
    for name in (".envrc", "sub/.envrc", ".vscode/tasks.json", ".git/hooks/pre-commit"):
        path = bench.work / name
        made = await bench(f"mkdir -p $(dirname {name}); echo ours >{name}", Extra(write=(path,)))
        assert (made, path.read_text()) == ("", "ours\n")
    config = bench.work / ".git/config"
    assert await bench("git config core.pager ours", Extra(write=(config,))) == ""
    told = await bench("echo bad >.envrc; echo bad >>.vscode/tasks.json; echo bad >sub/.envrc")
    assert "core.pager" not in told
    for name in (".envrc", "sub/.envrc", ".vscode/tasks.json", ".git/hooks/pre-commit"):
        assert (bench.work / name).read_text() == "ours\n", told
    assert "pager = ours" in config.read_text()


async def test_one_permission_does_not_give_another(bench: Bench) -> None:
    extra = Extra(write=(bench.work / ".envrc",))
    await bench("echo x >.envrc; echo x >.git/hooks/pre-push; git config core.pager x", extra)
    assert (bench.work / ".envrc").read_text() == "x\n"
    assert not (bench.work / ".git/hooks/pre-push").exists()
    assert "pager" not in (bench.work / ".git/config").read_text()


async def test_a_place_outside_is_let_in_as_it_was_asked_for(bench: Bench) -> None:
    note = bench.outside / "note"
    assert await bench(f"cat {note}", Extra(read=(note,))) == "content of ../outside/note"
    await bench(f"echo x >{note}", Extra(read=(note,)))
    assert note.read_text() == "content of ../outside/note"
    await bench(f"echo x >{note}; echo x >{bench.outside}/new", Extra(write=(note,)))
    assert note.read_text() == "x\n" and not (bench.outside / "new").exists()
    await bench(f"echo x >{bench.outside}/new", Extra(write=(bench.outside,)))
    assert (bench.outside / "new").read_text() == "x\n"


async def test_kedges_own_home_is_never_let_in(bench: Bench) -> None:
    for path in (bench.own, bench.own / "key", Path("/")):
        for extra in (Extra(read=(path,)), Extra(write=(path,))):
            with pytest.raises(SandboxError, match="never let in"):
                await bench("true", extra)
    assert "content" not in await bench(f"cat {bench.own}/key", Extra(read=(bench.own.parent,)))


async def test_nothing_is_left_of_a_sandbox_for_one_command(bench: Bench) -> None:
    await bench("true")
    await bench("true", Extra(read=(bench.work / ".env",)))
    before = children(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        await bench("true", Extra(read=(bench.work / ".env",)))
    assert (children(), len(os.listdir("/proc/self/fd"))) == before


@pytest.mark.parametrize("bench", ["namespaces"], indirect=True)
@pytest.mark.parametrize(
    "script",
    [
        *("cat .env", "cat .aws/credentials", "echo x >.envrc", "git config core.pager x"),
        *("echo x >>.git/hooks/update.sample", "mkdir -p .vscode/x", "touch /var/x-kedge"),
    ],
)
async def test_what_a_denial_names_is_enough(bench: Bench, script: str) -> None:
    (denial,) = denials(await bench(script), bench.policy, bench.work)
    if not denial.target.startswith("/var"):
        assert await bench(script, denial.extra) in ("", f"content of {script[4:]}")
    assert denial.allow in denial.permission


def test_the_file_tools_guard_obeys_the_same_permission(tmp_path: Path) -> None:
    bench = Bench(tmp_path.resolve(), "namespaces")
    extra = Extra((bench.work / ".env",), (bench.work / ".envrc",))
    guard = Guard(bench.policy.widened(extra))
    assert not guard.hides(bench.work / ".env") and guard.hides(bench.work / ".aws/config")
    assert guard.lets_write(bench.work / ".envrc")
    assert not guard.lets_write(bench.work / ".git/config")
    whole = Guard(bench.policy.widened(Extra((bench.work,), (bench.work,))))
    assert whole.hides(bench.work / ".env") and not whole.lets_write(bench.work / ".envrc")
