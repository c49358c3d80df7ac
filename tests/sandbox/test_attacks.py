"""Hostile commands: what they must not be able to leave, read, reach or outlive.

Each attack is a script run inside; what became of it is judged from outside.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parents[2]


class Victim:
    """A home with secrets, and a workspace with a repository that its owner goes on using."""

    def __init__(self, base: Path) -> None:
        self.home = base / "home"
        self.work = base / "work"
        self.pwned = base / "pwned"
        """Made by whatever runs outside when it should not."""

    def settle(self) -> None:
        """Make all that is theirs."""
        (self.home / ".ssh").mkdir(parents=True)
        (self.home / ".ssh/id_rsa").write_text("TOPSECRET")
        (self.home / ".bashrc").write_text("# mine\n")
        (self.home / "documents").mkdir()
        (self.home / "documents/diary").write_text("TOPSECRET")
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        (self.work / "file").write_text("one\n")
        (self.work / ".env").write_text("KEY=TOPSECRET\n")
        (self.work / ".env.example").write_text("KEY=\n")
        (self.work / ".gitignore").write_text(".env\n")
        self.git("config", "include.path", "../included.cfg")
        self.git("add", "-A")
        self.git("commit", "-qm", "first")
        nested = self.work / "libs/inner"
        nested.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", str(nested)], check=True)
        self.git("worktree", "add", "-q", "../tree")
        self.git("config", "extensions.worktreeConfig", "true")

    def git(self, *args: str, cwd: Path | None = None) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@x")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        ran = subprocess.run(
            ("git", *who, *args), cwd=cwd or self.work, env=env, capture_output=True, text=True
        )
        return ran.stdout

    def use(self) -> None:
        """What the owner does afterwards, outside: everything that could run something."""
        for place in (
            self.work,
            self.work.parent / "tree",
            *(path.parent for path in self.work.rglob(".git")),
        ):
            for args in (
                ("status",),
                ("diff",),
                ("log", "-1"),
                ("checkout", "-q", "-b", f"b{os.urandom(4).hex()}"),
                ("commit", "-q", "--allow-empty", "-m", "x"),
                ("stash",),
            ):
                self.git(*args, cwd=place)
        for bare in self.work.rglob("HEAD"):
            if ".git" not in bare.parts:
                self.git("status", cwd=bare.parent)
                self.git("log", cwd=bare.parent)
        for envrc in self.work.rglob(".envrc"):
            if envrc.is_file():
                subprocess.run(["sh", str(envrc)], cwd=envrc.parent, capture_output=True)

    def attack(self, script: str, *options: str, timeout: float = 30) -> "Outcome":
        """Run a script inside."""
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "KEDGE_HOME": str(self.home / "kedge"),
            "P": str(self.pwned),
            "AWS_SECRET_ACCESS_KEY": "TOPSECRET",
        }
        if "PYTHONPATH" in os.environ:
            env["PYTHONPATH"] = os.environ["PYTHONPATH"]
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "kedge", "sandbox", "run", *options, "--"),
                *("bash", "-c", script.replace("$P", str(self.pwned))),
            ],
            cwd=self.work,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )
        return Outcome(ran.returncode, ran.stdout)


class Outcome(NamedTuple):
    code: int
    text: str


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A victim to be copied: making one takes ten runs of git."""
    base = tmp_path_factory.mktemp("victim")
    Victim(base).settle()
    return base


@pytest.fixture
def victim(tmp_path: Path, settled: Path) -> Victim:
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True, symlinks=True)
    for pointer in ("tree/.git", "work/.git/worktrees/tree/gitdir"):
        text = (tmp_path / pointer).read_text()
        (tmp_path / pointer).write_text(text.replace(str(settled), str(tmp_path)))
    return Victim(tmp_path)


CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = touch $P; false\n"
HOOK = "printf '#!/bin/sh\\ntouch $P\\n' >{0} && chmod +x {0}"

PERSIST = {
    "hook": HOOK.format(".git/hooks/post-checkout"),
    "hook by rename": HOOK.format("h") + "; mv h .git/hooks/post-checkout",
    "hook by link": HOOK.format("h") + "; ln h .git/hooks/post-checkout",
    "hooks directory swapped": "mv .git/hooks .git/h2; mkdir .git/hooks; "
    + HOOK.format(".git/hooks/post-checkout"),
    "git directory swapped": "cp -r .git g2; mv .git g1; mv g2 .git; "
    + HOOK.format(".git/hooks/post-checkout"),
    "git directory removed": "rm -rf .git; git init -q .; "
    + HOOK.format(".git/hooks/post-checkout"),
    "git file": "rm -rf .git; cp -r libs/inner/.git evil; echo 'gitdir: evil' >.git; "
    f"printf '{CONFIG}' >evil/config",
    "config": f"printf '{CONFIG}' >.git/config",
    "config appended": "printf '[core]\\nfsmonitor=touch $P; false\\n' >>.git/config",
    "config by git": "git config core.fsmonitor 'touch $P; false'",
    "config by lock": f"printf '{CONFIG}' >.git/config.lock; mv .git/config.lock .git/config",
    "config over a second name": "ln .git/config c && printf '[core]\\nfsmonitor=touch $P\\n' >>c",
    "hooksPath": "mkdir hk; git config core.hooksPath hk; " + HOOK.format("hk/post-checkout"),
    "config.worktree": "printf '[core]\\nfsmonitor=touch $P; false\\n' >.git/config.worktree",
    "commondir": "cp -r .git evil; rm -f evil/config; echo ../evil >.git/commondir; "
    f"printf '{CONFIG}' >evil/config",
    "nested hook": HOOK.format("libs/inner/.git/hooks/pre-commit"),
    "nested config": f"printf '{CONFIG}' >libs/inner/.git/config",
    "nested parent swapped": "mv libs l2; mkdir -p libs/inner; git init -q libs/inner; "
    f"printf '{CONFIG}' >libs/inner/.git/config",
    "nested git swapped": "mv libs/inner/.git libs/inner/g; git init -q libs/inner; "
    f"printf '{CONFIG}' >libs/inner/.git/config",
    "new repository": f"git init -q sub; printf '{CONFIG}' >sub/.git/config",
    "new repository's hook": "git init -q sub; " + HOOK.format("sub/.git/hooks/pre-commit"),
    "new repository deep": f"mkdir -p a/b/c; git init -q a/b/c; printf '{CONFIG}' >a/b/c/.git/config",
    "new repository by file": "git init -q --separate-git-dir=store sub; "
    f"printf '{CONFIG}' >store/config",
    "bare repository": f"git init -q --bare bare; printf '{CONFIG}' >bare/config; "
    "printf '\\tworktree = .\\n' >>bare/config",
    "included file": "printf '[core]\\nfsmonitor=touch $P; false\\n' >included.cfg",
    "worktree's commondir": f"cp -r .git evil; printf '{CONFIG}' >evil/config; "
    "echo ../../../evil >.git/worktrees/tree/commondir",
    "worktree's config": f"printf '{CONFIG}' >.git/worktrees/tree/config.worktree",
    "module": f"mkdir -p .git/modules; cp -r .git/refs x; git init -q --bare .git/modules/m; "
    f"printf '{CONFIG}' >.git/modules/m/config; mkdir m; echo 'gitdir: ../.git/modules/m' >m/.git",
    "one that cannot be looked at": f"git init -q s1; chmod 0 s1/.git/hooks; git init -q s2; "
    f"printf '{CONFIG}' >s2/.git/config",
    "link planted for the helper": f"git init -q s1; ln -s $PWD/.git/description "
    f"s1/.git/config.held-by-kedge; printf '{CONFIG}' >s1/.git/config",
    "envrc": "echo 'touch $P' >.envrc",
    "envrc below": "mkdir -p d; echo 'touch $P' >d/.envrc",
    "pointer to what comes later": "mkdir sub; echo 'gitdir: ../store' >sub/.git; mkdir store com; "
    "cp .git/HEAD store; cp -r .git/objects .git/refs com; echo ../com >store/commondir; "
    f"printf '{CONFIG}' >com/config",
    "comment that goes on": "git init -q sub; "
    "printf '[core]\\n# \\\\\\n\\tfsmonitor = touch $P; false\\n' >sub/.git/config",
    "setting behind a million bytes": "git init -q sub; "
    "(echo '[core]'; yes '# padding' | head -c 1100000; "
    "printf '\\n\\tfsmonitor = touch $P; false\\n') >sub/.git/config",
    "name taken for holding": f"git init -q sub; mkdir -p sub/.git/config.held-by-kedge/x; "
    f"printf '{CONFIG}' >sub/.git/config",
    "name taken for holding an envrc": "mkdir -p d/.envrc.held-by-kedge/x; echo 'touch $P' >d/.envrc",
    "repository in a git directory": "git init -q .git/logs/x; git init -q sub; "
    f"printf '{CONFIG}' >sub/.git/config; mv sub/.git/config .git/logs/x/.git/config; "
    "ln -s .git/logs/x/.git sub2; mkdir z; mv sub2 z/.git",
    "symlinked git": f"git init -q other; printf '{CONFIG}' >other/.git/config; mkdir s; "
    "ln -s ../other/.git s/.git",
}


@pytest.mark.parametrize("name", PERSIST)
def test_the_attack_would_work_without_a_sandbox(victim: Victim, name: str) -> None:
    victim.attack(PERSIST[name], "--level", "off")
    victim.use()
    assert victim.pwned.exists()


@pytest.mark.parametrize("name", PERSIST)
def test_nothing_is_left_that_the_owner_runs_later(victim: Victim, name: str) -> None:
    victim.attack(PERSIST[name])
    victim.use()
    assert not victim.pwned.exists()


def test_a_second_command_cannot_finish_what_a_first_began(victim: Victim) -> None:
    (victim.work / ".git/config").open("a").write("[include]\n\tpath = ../later.cfg\n")
    victim.attack("printf '[core]\\nfsmonitor=touch $P; false\\n' >later.cfg")
    victim.use()
    assert not victim.pwned.exists()


def test_the_configured_hook_directory_is_protected(victim: Victim) -> None:
    victim.git("config", "core.hooksPath", ".myhooks")
    victim.attack(
        HOOK.format(".myhooks/post-checkout")
        + "; mkdir -p .myhooks;"
        + HOOK.format(".myhooks/post-checkout")
    )
    victim.use()
    assert not victim.pwned.exists()


EDITORS = [
    ".vscode/tasks.json",
    ".idea/workspace.xml",
    ".mcp.json",
    ".claude/settings.json",
    ".codex/config.toml",
    ".cursor/mcp.json",
    ".kedge/config.toml",
    ".devcontainer/devcontainer.json",
    ".husky/pre-commit",
    ".gemini/settings.json",
    ".agents/x",
    ".gitmodules",
    ".gitconfig",
    ".bashrc",
    ".profile",
    ".zshrc",
    ".envrc",
]


@pytest.mark.parametrize("path", EDITORS)
def test_files_that_programs_obey_cannot_be_made(victim: Victim, path: str) -> None:
    victim.attack(
        f"mkdir -p $(dirname {path}); echo x >{path}; ln -s /etc {path}2; "
        f"mkdir -p q/$(dirname {path}); echo x >q/{path}; mv q/{path} {path}; "
        f"d={path}; d=${{d%%/*}}; mv $d gone; rm -rf $d; mkdir -p $(dirname {path}); "
        f"echo x >{path}"
    )
    assert not (victim.work / path).is_file()


SECRETS = {
    "home": "cat ~/.ssh/id_rsa ~/documents/diary",
    "home by way of proc": "cat /proc/self/root/$HOME/.ssh/id_rsa /proc/1/root/$HOME/.ssh/id_rsa",
    "cwd of others": "for p in /proc/[0-9]*; do cat $p/environ $p/cwd/../home/.ssh/id_rsa; done",
    "up": "cat ../home/.ssh/id_rsa ../home/documents/diary",
    "by link": "ln -s $HOME/.ssh/id_rsa l; cat l",
    "by hard link": "ln $HOME/.ssh/id_rsa l; cat l; ln .env e; cat e",
    "dot env": "cat .env; cp .env e; cat e; mv .env e; cat e; git show :.env; tar c .env",
    "environment": "env; cat /proc/self/environ",
    "shadow": "cat /etc/shadow && echo TOPSECRET; cat /etc/gshadow && echo TOPSECRET",
    "unmounting": "umount -l ~; umount -l .env; cat .env ~/.ssh/id_rsa",
    "remounting": "mount -o remount,rw /; mount --bind / /mnt; cat ~/.ssh/id_rsa",
    "namespaces": "unshare -Urm cat ~/.ssh/id_rsa; nsenter -t 1 -m cat ~/.ssh/id_rsa",
    "the disk": "cat /dev/vda >/dev/null && echo TOPSECRET; cat /dev/sda >/dev/null && echo TOPSECRET",
    "kernel memory": "head -c 1 /proc/kcore && echo TOPSECRET; head -c 1 /dev/mem && echo TOPSECRET",
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_not_read(victim: Victim, name: str) -> None:
    assert "TOPSECRET" not in victim.attack(SECRETS[name]).text


OUTSIDE = {
    "absolute": "echo x >{0}/new",
    "home": "echo x >{0}/home/new",
    "append": "echo x >>{0}/home/.bashrc",
    "up": "echo x >../new",
    "by link": "ln -s {0} l; echo x >l/new",
    "by proc": "echo x >/proc/self/root/{0}/new; echo x >/proc/self/cwd/../new",
    "rename": "echo x >n; mv n ../new; mv ../home ../h2",
    "remove": "rm -rf {0}/home",
    "remount": "mount -o remount,rw,bind /; mount -o remount,rw /; echo x >{0}/new",
    "own workspace": "mv {0}/work {0}/w2; chmod 777 ../; touch -d 2001-01-01 ..",
    "setxattr": "setfattr -n user.x -v y {0}/home; chown 1:1 {0}/home; chmod 0 {0}/home/.bashrc",
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_outside_changes(victim: Victim, tmp_path: Path, name: str) -> None:
    def picture() -> list[tuple[str, int, float]]:
        found = [path for path in tmp_path.rglob("*") if not path.is_relative_to(victim.work)]
        return sorted((str(p), p.lstat().st_mode, p.lstat().st_mtime) for p in found)

    (victim.home / "kedge").mkdir()
    before = picture()
    victim.attack(OUTSIDE[name].format(tmp_path))
    assert [entry for entry in picture() if "kedge" not in entry[0]] == [
        entry for entry in before if "kedge" not in entry[0]
    ]
    assert victim.work.is_dir()


@contextlib.contextmanager
def listening(family: int, address: str | tuple[str, int]) -> Iterator[list[bytes]]:
    """A server outside; what it is told ends up in the list."""
    heard: list[bytes] = []
    with socket.socket(family) as server:
        server.bind(address)
        server.listen()
        server.settimeout(0.2)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    heard.append(b"connected")
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            heard_address = server.getsockname()
            heard.append(repr(heard_address).encode())
            yield heard
        finally:
            stop.set()
            thread.join()


CONNECT = "python3 -c 'import socket; s=socket.socket({}); s.connect({}); s.send(b\"x\")'"


def test_no_server_outside_is_reached(victim: Victim, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with (
        listening(socket.AF_INET, ("127.0.0.1", 0)) as tcp,
        listening(socket.AF_UNIX, path) as unix,
        listening(socket.AF_UNIX, f"\0kedge-{os.getpid()}") as abstract,
    ):
        victim.attack(
            CONNECT.format("", tcp[0].decode())
            .replace("'('", "(")
            .replace("('127", '("127')
            .replace("1',", '1",')
        )
        victim.attack(CONNECT.format("socket.AF_UNIX", f'"{path}"'))
        victim.attack(CONNECT.format("socket.AF_UNIX", f'"\\0kedge-{os.getpid()}"'))
        assert [len(heard) for heard in (tcp, unix, abstract)] == [1, 1, 1]


def test_packets_and_names_go_nowhere(victim: Victim) -> None:
    script = """python3 - <<'E'
import socket
for kind, to in ((socket.SOCK_DGRAM, ("8.8.8.8", 53)), (socket.SOCK_STREAM, ("1.1.1.1", 80))):
    try:
        s = socket.socket(socket.AF_INET, kind); s.settimeout(2); s.connect(to); s.send(b"x"); print("SENT")
    except OSError: pass
for family in (socket.AF_PACKET, 40, 17, 38, 21, 44):
    try: socket.socket(family, socket.SOCK_RAW); print("SENT")
    except OSError: pass
try: socket.getaddrinfo("example.com", 80); print("SENT")
except OSError: pass
E"""
    assert "SENT" not in victim.attack(script).text


PROCESSES = {
    "parent": "kill -9 $PPID; kill -9 1; kill -9 -1",
    "by number": "for p in $(seq 1 40000); do kill -9 $p; done 2>/dev/null",
    "by name": "pkill -9 python; killall -9 python3",
    "trace": "python3 -c 'import ctypes; l=ctypes.CDLL(None); print(l.ptrace(16,1,0,0))'",
}


@pytest.mark.parametrize("name", PROCESSES)
def test_processes_outside_live_on(victim: Victim, name: str) -> None:
    outside = subprocess.Popen(["sleep", "1000"])
    try:
        victim.attack(PROCESSES[name])
        assert outside.poll() is None
    finally:
        outside.kill()
        outside.wait()


def test_daemons_die_with_the_command(victim: Victim) -> None:
    marker = f"9{os.getpid()}7"
    victim.attack(
        f"(setsid sleep {marker} &) & nohup sleep {marker} & "
        f"python3 -c 'import os; os.fork() or (os.setsid(), os.fork() or "
        f'os.execvp("sleep", ["sleep", "{marker}"]))\'; sleep 0.05'
    )
    lines = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()]
    assert not [line for line in lines if line.startswith(b"sleep\0" + marker.encode())]


ROOT_TRICKS = {
    "core pattern": "echo '|/bin/touch $P' >/proc/sys/kernel/core_pattern && echo ESCAPED",
    "sysrq": "echo h >/proc/sysrq-trigger && echo ESCAPED",
    "host name": "hostname pwned && echo ESCAPED",
    "modprobe": "echo /x >/proc/sys/kernel/modprobe && echo ESCAPED",
    "uevent helper": "echo /x >/sys/kernel/uevent_helper && echo ESCAPED",
    "cgroup": "mkdir /sys/fs/cgroup/x && echo ESCAPED; echo /x >/sys/fs/cgroup/memory/release_agent && echo ESCAPED",
    "device node": "mknod n b 254 0 && cat n >/dev/null && echo ESCAPED",
    "set-user-id": "cp /bin/sh s && chmod u+s s && echo ESCAPED; install -m 4755 /bin/sh s2 && echo ESCAPED; "
    'python3 -c \'import os; os.close(os.open("s3", os.O_CREAT|os.O_WRONLY, 0o4755)); print(oct(os.stat("s3").st_mode))\' | grep -q 0o1004 && echo ESCAPED',
    "chroot": 'mkdir r; chroot r /x; python3 -c \'import os; os.chroot("."); print("ESCAPED")\'',
    "time": "date -s 2001-01-01 && echo ESCAPED",
    "clone": 'python3 -c \'import ctypes,os; l=ctypes.CDLL(None); r=l.syscall(56,0x10000011,0,0,0,0); r==0 and os._exit(0); print("ESCAPED" if r>0 else "")\'',
    "handles": 'python3 -c \'import ctypes; l=ctypes.CDLL(None,use_errno=True); b=ctypes.create_string_buffer(256); b[0]=128; m=ctypes.c_int(); print("ESCAPED" if l.name_to_handle_at(-100,b"/",b,ctypes.byref(m),0)==0 else "")\'',
    "keyring": 'python3 -c \'import ctypes; l=ctypes.CDLL(None); print("ESCAPED" if l.syscall(250,0,-3,1)>=0 else "")\'',
    "io_uring": 'python3 -c \'import ctypes; l=ctypes.CDLL(None); b=ctypes.create_string_buffer(256); print("ESCAPED" if l.syscall(425,4,b)>=0 else "")\'',
    "terminal": 'python3 -c \'import fcntl; fcntl.ioctl(0,0x5412,b"x"); print("ESCAPED")\'',
    "protected directories": "echo x >/usr/bin/pwned && echo ESCAPED; echo x >/etc/cron.d/x && echo ESCAPED; echo x >/var/lib/x && echo ESCAPED",
    "init's memory": "cat /proc/1/environ && echo ESCAPED; head -c1 /proc/1/mem && echo ESCAPED; ls -l /proc/1/fd/0 && echo ESCAPED",
    "covers": "chmod 777 /run/kedge/file && echo x >/run/kedge/file && echo ESCAPED; echo x >/run/kedge/new && echo ESCAPED",
}


@pytest.mark.parametrize("name", ROOT_TRICKS)
def test_the_kernel_is_of_no_help(victim: Victim, name: str) -> None:
    assert "ESCAPED" not in victim.attack(ROOT_TRICKS[name]).text


def test_a_fork_bomb_ends_only_itself(victim: Victim) -> None:
    outcome = victim.attack("f() { f | f & }; f; sleep 20", timeout=60)
    assert outcome.code != 0 or "more than" in outcome.text or "retry" in outcome.text
    assert victim.attack("echo fine").text == "fine\n"


def test_what_was_made_for_the_session_is_gone_afterwards(victim: Victim) -> None:
    def names() -> list[str]:
        return sorted(str(path.relative_to(victim.work)) for path in victim.work.rglob("*"))

    before = names()
    assert victim.attack("true").code == 0
    assert names() == before
    shutil.rmtree(victim.work / "libs")
