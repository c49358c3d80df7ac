"""Ways out that were found by attacking: each was open once."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kedge.cli.confine import Wanted, wanted_policy
from kedge.sandbox.confined import ConfinedSandbox
from kedge.sandbox.ports import Command

EVIL = "printf '[core]\\nfsmonitor = touch {pwned}; false\\n' >"
HOOK = "printf '#!/bin/sh\\ntouch {pwned}\\n' >{0}; chmod +x {0}"
KEDGE = (sys.executable, "-m", "kedge", "sandbox")


class Owner:
    """A workspace with a repository, and whoever uses it outside."""

    def __init__(self, base: Path) -> None:
        self.base, self.home, self.work = base, base / "home", base / "work"
        self.outside, self.pwned = base / "outside", base / "pwned"
        for path in (self.home, self.work, self.outside):
            path.mkdir()
        self.git("init", "-q", "-b", "main")
        (self.work / "file").write_text("one\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "first")

    def git(self, *args: str, cwd: Path | None = None) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@x")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        ran = subprocess.run(
            ("git", *who, *args), cwd=cwd or self.work, env=env, capture_output=True, text=True
        )
        return ran.stdout

    def use(self) -> None:
        for place in (self.work, *(entry.parent for entry in self.work.rglob(".git"))):
            self.git("status", cwd=place)
            self.git("checkout", "-q", "-b", f"b{os.urandom(4).hex()}", cwd=place)
            self.git("commit", "-q", "--allow-empty", "-m", "x", cwd=place)

    def env(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": str(self.home), "KEDGE_HOME": str(self.base / "kedge")}
        return kept | own | more

    def run(self, script: str, **more: str) -> str:
        ran = subprocess.run(
            (*KEDGE, "run", "--", "bash", "-c", script.replace("{pwned}", str(self.pwned))),
            cwd=self.work,
            env=self.env(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=60,
        )
        return ran.stdout

    def limit(self, setting: str) -> None:
        folder = self.base / "kedge/config"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f"[sandbox]\n{setting}\n")


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


def hooks_below(owner: Owner) -> None:
    (owner.work / "tools/hooks").mkdir(parents=True)
    (owner.work / "tools/hooks/README").write_text("x")
    owner.git("config", "core.hooksPath", "tools/hooks")


def hooks_by_link(owner: Owner) -> None:
    (owner.work / "real").mkdir()
    (owner.work / "hk").symlink_to("real")
    owner.git("config", "core.hooksPath", "hk")


def included(owner: Owner) -> None:
    (owner.work / "conf").mkdir()
    (owner.work / "conf/more").write_text("[user]\n")
    owner.git("config", "include.path", "../conf/more")


def filtered(owner: Owner) -> None:
    (owner.work / "clean.sh").write_text("cat\n")
    (owner.work / ".gitattributes").write_text("* filter=f\n")
    owner.git("config", "filter.f.clean", "sh clean.sh")


def no_change(owner: Owner) -> None:
    """The workspace as it is."""


CONFIGURED: dict[str, tuple[Callable[[Owner], None], str]] = {
    "hook directory, its parent swapped": (
        hooks_below,
        "mv tools t2; mkdir -p tools/hooks; " + HOOK.replace("{0}", "tools/hooks/post-checkout"),
    ),
    "hook directory, its link swapped": (
        hooks_by_link,
        "mkdir other; ln -sfn other hk; " + HOOK.replace("{0}", "other/post-checkout"),
    ),
    "included file, its parent swapped": (included, f"mv conf c2; mkdir conf; {EVIL}conf/more"),
    "program of a filter": (filtered, "printf 'touch {pwned}; cat' >clean.sh; echo two >file"),
    "repository that is the workspace": (
        no_change,
        f"git init -q --bare n; mv .git g; cp -r n/* .; {EVIL}config; echo worktree=. >>config",
    ),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_what_git_was_told_to_run_is_not_exchanged(owner: Owner, name: str) -> None:
    prepare, script = CONFIGURED[name]
    prepare(owner)
    owner.run(script)
    owner.use()
    assert not owner.pwned.exists()


PLANTED = {
    "NUL in a pointer": "mkdir z; printf 'gitdir: a\\0b' >z/.git",
    "links in circles": "mkdir -p .git/modules; for n in x y z; do ln -s .. .git/modules/$n; done",
    "depth": "cd .git; mkdir -p modules; cd modules; python3 -c '"
    """import os; [(os.mkdir("a"), os.chdir("a")) for _ in range(1200)]'; cd {work}""",
    "pipes": "mkdir -p z q/objects; mkfifo z/.git q/HEAD q/config q/commondir",
}


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_planted_keeps_the_rest_from_being_held_back(owner: Owner, name: str) -> None:
    script = PLANTED[name].replace("{work}", str(owner.work))
    owner.run(f"{script}; git init -q sub; {EVIL}sub/.git/config")
    owner.git("status", cwd=owner.work / "sub")
    assert not owner.pwned.exists()
    assert owner.run("echo works").endswith("works\n")
    # Too deep for what tidies up after tests.
    subprocess.run(("rm", "-rf", str(owner.work / ".git/modules")), check=True)


@pytest.mark.parametrize("name", ["logs/HEAD", "logs", "COMMIT_EDITMSG", "index", "refs", "HEAD"])
def test_git_does_not_write_outside_through_planted_links(owner: Owner, name: str) -> None:
    target = owner.outside / ("d" if name in ("logs", "refs") else "o")
    if name in ("logs", "refs"):
        target.mkdir()
    else:
        target.write_text("mine")
    owner.run(f"rm -rf .git/{name}; ln -s {target} .git/{name}")
    owner.use()
    assert [path.name for path in owner.outside.rglob("*")] == [target.name]
    assert target.is_dir() or target.read_text() == "mine"


def test_a_work_tree_elsewhere_is_not_left_in_a_configuration(owner: Owner) -> None:
    (owner.home / ".bashrc").write_text("mine")
    owner.run(
        "git init -q sub; cd sub; echo evil >.bashrc; git add -f .bashrc; "
        "git -c user.name=x -c user.email=x@x commit -qm x; "
        f"git config core.worktree {owner.home}"
    )
    owner.git("checkout", "-f", "HEAD", "--", ".", cwd=owner.work / "sub")
    assert (owner.home / ".bashrc").read_text() == "mine"


def test_what_a_killed_run_planted_is_held_back(owner: Owner) -> None:
    script = f"git init -q sub; {EVIL}sub/.git/config; touch ready; sleep 100"
    run = subprocess.Popen(
        (*KEDGE, "run", "--", "bash", "-c", script.replace("{pwned}", str(owner.pwned))),
        cwd=owner.work,
        env=owner.env(),
    )
    until((owner.work / "ready").exists)
    run.send_signal(signal.SIGKILL)
    run.wait()
    # The last thing that a helper does is to take away what it made.
    until(lambda: not (owner.work / ".vscode").exists())
    owner.git("status", cwd=owner.work / "sub")
    assert not owner.pwned.exists()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_links_of_protected_names_stay_as_they_are(owner: Owner) -> None:
    (owner.work / ".agents").mkdir()
    links = {".claude": ".agents", ".cursor": "missing", ".idea": ".", ".zed": "/"}
    for name, target in links.items():
        (owner.work / name).symlink_to(target)
    assert owner.run("touch new") == ""
    assert {name: os.readlink(owner.work / name) for name in links} == links


def test_a_dangling_link_of_a_protected_name_gets_no_target(owner: Owner) -> None:
    (owner.work / ".cursor").symlink_to("missing")
    owner.run("mkdir missing; echo evil >missing/mcp.json")
    assert not (owner.work / ".cursor/mcp.json").exists()


@pytest.mark.parametrize("target", [".", "..", "/", "/usr", "/usr/bin/python3"])
def test_a_link_that_looks_secret_hides_nothing_that_all_need(owner: Owner, target: str) -> None:
    (owner.work / ".env").symlink_to(target)
    assert owner.run("/usr/bin/python3 -c 1; echo fine >x; cat x") == "fine\n"


def test_sockets_outside_are_not_reached_wherever_they_lie(owner: Owner) -> None:
    paths = [owner.work / "s", owner.outside / "s"]
    with contextlib.ExitStack() as stack:
        servers: list[socket.socket] = []
        for path in paths:
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(str(path))
            server.listen()
            server.setblocking(False)
            servers.append(server)
        for path in paths:
            script = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r})"
            assert "Error" in owner.run(f'python3 -c "{script}"')
        for server in servers:
            with pytest.raises(BlockingIOError):
                server.accept()


HOGS = {
    "of its own": "python3 -c 'import time; x = bytearray(500 << 20); time.sleep(5)'",
    "shared": "python3 -c 'import mmap, time; m = mmap.mmap(-1, 500 << 20); "
    'm.write(b"x" * (500 << 20)); time.sleep(5)\'',
    "in a file": "head -c 500M /dev/zero >/dev/shm/x; sleep 5",
}


@pytest.mark.parametrize("name", HOGS)
def test_memory_is_bounded_whatever_kind_it_is(owner: Owner, name: str) -> None:
    owner.limit("memory_bytes = 200000000")
    assert "bytes of memory" in owner.run(HOGS[name])


def test_a_hidden_name_in_parts_cannot_be_taken_apart(owner: Owner) -> None:
    (owner.work / ".config/gh").mkdir(parents=True)
    (owner.work / ".config/gh/hosts.yml").write_text("TOPSECRET")
    owner.run("mv .config c2; mv .config/gh g")
    assert "TOPSECRET" not in owner.run("cat c2/gh/hosts.yml g/hosts.yml")


def test_programs_of_home_show_nothing_else_of_it(owner: Owner) -> None:
    for name in (".local/bin", ".local/lib", ".local/share/app"):
        (owner.home / name).mkdir(parents=True)
    (owner.home / ".local/share/app/token").write_text("TOPSECRET")
    path = f"{owner.home}/.local/bin:{os.environ['PATH']}"
    assert "TOPSECRET" not in owner.run("cat ~/.local/share/app/token", PATH=path)


def test_file_writes_do_not_add_up_to_a_repository(owner: Owner) -> None:
    config = f"[core]\n\tfsmonitor = touch {owner.pwned}; false\n\tworktree = .\n"
    for path, content in (
        ("x/config", config),
        ("x/refs/heads/main", ""),
        ("x/objects/keep", ""),
        ("x/HEAD", "ref: refs/heads/main\n"),
    ):
        command = (*KEDGE, "file", "write", "--cwd", str(owner.work), path, content)
        subprocess.run(command, env=owner.env(), capture_output=True)
    owner.git("status", cwd=owner.work / "x")
    assert not owner.pwned.exists()


def test_a_secret_that_is_not_ignored_does_not_stop_git_add(owner: Owner) -> None:
    (owner.work / ".env").write_text("KEY=x")
    script = "echo x >new && git add -A && git -c user.name=x -c user.email=x@x commit -qm n"
    assert owner.run(script) == ""
    assert owner.git("ls-files").split() == ["file", "new"]


def test_runs_side_by_side_leave_no_trace_of_each_other(owner: Owner) -> None:
    script = "sleep 0.$((RANDOM % 5)); true"
    runs = [
        subprocess.Popen(
            (*KEDGE, "run", "--", "bash", "-c", script),
            cwd=owner.work,
            env=owner.env(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(8)
    ]
    assert [run.communicate()[1] for run in runs] == [b""] * len(runs)
    assert sorted(os.listdir(owner.work)) == [".git", "file"]


async def test_a_start_that_is_cancelled_twice_still_leaves_nothing(owner: Owner) -> None:
    env = owner.env()
    sandbox = ConfinedSandbox(wanted_policy(Wanted(str(owner.work)), env), env)
    marker = f"9{os.getpid()}3"
    script = f"trap '' TERM; touch ready; sleep {marker}; sleep {marker}"
    try:
        await sandbox.helper()
        start = asyncio.create_task(sandbox.start(Command(script, owner.work, env)))
        for _ in range(5):
            await asyncio.sleep(0)
        # The loop stands still here: the command runs, and nobody has heard of it yet.
        until((owner.work / "ready").exists)
        start.cancel()
        await asyncio.sleep(0)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        assert not running(f"sleep\0{marker}")
    finally:
        await sandbox.close()


def running(command: str) -> bool:
    found: list[bytes] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(entry.read_bytes())
    return any(line.startswith(command.encode()) for line in found)
