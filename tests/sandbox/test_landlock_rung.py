"""The second rung, on a host whose kernel refuses user namespaces: what it holds, and what works.

The refusal is real: a filter, installed before kedge starts, that answers EPERM as a container's
does. Run as whoever runs the tests and, if that is root, as an ordinary user as well.
"""

import contextlib
import functools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

import kedge

NOBODY = 65534
LAUNCHER = """
import ctypes, os, platform, struct, sys
uid = int(sys.argv[1])
if os.getuid() != uid:
    os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
x86 = platform.machine() == "x86_64"
unshare, clone = (272, 56) if x86 else (97, 220)
def op(code, value, true=0, false=0): return struct.pack("=HBBI", code, true, false, value)
program = b"".join([
    op(0x20, 0), op(0x15, 435, 0, 1), op(6, 0x50026),
    op(0x15, unshare, 1, 0), op(0x15, clone, 0, 3),
    op(0x20, 16), op(0x45, 0x10000000, 0, 1), op(6, 0x50001), op(6, 0x7fff0000)])
libc = ctypes.CDLL(None)
code = ctypes.create_string_buffer(program, len(program))
assert libc.prctl(38, 1, 0, 0, 0) == 0
what = ctypes.c_char_p(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
assert libc.prctl(22, 2, what, 0, 0) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""
CALL = "python3 -c 'import ctypes; l=ctypes.CDLL(None); r=l.syscall({}); print(\"ESCAPED\" if r>=0 else r)'"
SOCKET = "python3 -c 'import socket; s=socket.socket({}); s.{}; print(\"ESCAPED\")'"

OUTSIDE = {
    "absolute": "echo x >$B/new && echo ESCAPED",
    "append": "echo x >>$B/home/documents/diary && echo ESCAPED",
    "rename out": "mv file ../file && echo ESCAPED; mv file $B/home/f && echo ESCAPED",
    "rename in": "mv $B/home/documents here && echo ESCAPED",
    "remove": "rm -rf $B/home/documents/diary && echo ESCAPED",
    "link": "ln -s $B l; echo x >l/new && echo ESCAPED; ln $B/home/documents/diary h && echo ESCAPED",
    "by proc": "echo x >/proc/self/root/$B/new && echo ESCAPED; echo x >/proc/self/cwd/../n && echo ESCAPED",
    "truncate": 'python3 -c \'import os; os.truncate("$B/home/documents/diary", 0); print("ESCAPED")\'',
    "shared memory": "echo x >/dev/shm/kedge-$$ && echo ESCAPED",
    "the host's /tmp": "echo x >/tmp/kedge-$$ && echo ESCAPED; ls /tmp && echo ESCAPED",
    "system": "echo x >/usr/bin/pwned && echo ESCAPED; echo x >/etc/cron.d/x && echo ESCAPED",
    "disk": "for d in /dev/[sv]da*; do head -c1 $d && echo ESCAPED; done; : >/dev/kmsg && echo ESCAPED",
    "core pattern": "echo x >/proc/sys/kernel/core_pattern && echo ESCAPED; echo h >/proc/sysrq-trigger && echo ESCAPED",
    "device node": "mknod n b 254 0 && echo ESCAPED",
    "set-user-id": "cp /bin/sh s; chmod u+s s && echo ESCAPED",
    "mount": "mount --bind /usr /mnt && echo ESCAPED; umount -l /proc && echo ESCAPED",
    "namespaces": "unshare -Ur true && echo ESCAPED; unshare -m true && echo ESCAPED",
}
DOT_ENV = "dot env"
SECRETS = {
    "keys": "cat $B/home/.ssh/id_rsa",
    "home": "cat $B/home/documents/diary; ls $B/home && echo TOPSECRET",
    "by link": "ln -s $B/home/.ssh/id_rsa l; cat l; cat /proc/self/root/$B/home/.ssh/id_rsa",
    DOT_ENV: "cat .env; cp .env e; cat e; mv .env e; cat e; tar c .env; mkdir d; mv e d/; cat d/e; ln d/e d/f; cat d/f",
    "environment": "env; cat /proc/self/environ; cat /proc/$PPID/environ /proc/[0-9]*/environ",
    "descriptors of others": "cat /proc/[0-9]*/cwd/../home/.ssh/id_rsa /proc/[0-9]*/root/$B/home/.ssh/id_rsa",
    "shadow": "cat /etc/shadow && echo TOPSECRET",
}
NETWORK = {
    "tcp": SOCKET.format("2,1", 'connect(("127.0.0.1", 1))'),
    "tcp, listening": SOCKET.format("2,1", 'bind(("127.0.0.1", 0))'),
    "udp": SOCKET.format("2,2", 'sendto(b"x", ("8.8.8.8", 53))'),
    "unix": SOCKET.format("1,1", 'connect("$B/sock")'),
    "abstract": SOCKET.format("1,2", 'connect("\\0kedge")'),
    "kernel": SOCKET.format("16,3,15", "bind((0,1))"),
    "raw": SOCKET.format("17,3", "close()"),
    "bash": "(: </dev/tcp/127.0.0.1/$PORT) && echo ESCAPED",
}
KERNEL = {
    "ptrace": "python3 -c 'import ctypes,os; l=ctypes.CDLL(None); print(\"ESCAPED\" if l.ptrace(16,$OUTSIDE,0,0)==0 else 0)'",
    "memory of others": "head -c1 /proc/$OUTSIDE/mem && echo ESCAPED; cat /proc/$OUTSIDE/maps && echo ESCAPED",
    "limits of others": "prlimit --pid $OUTSIDE --cpu=1:1 && echo ESCAPED",
    "io_uring": CALL.format("425,4,ctypes.create_string_buffer(256)"),
    "keyring": CALL.format("250 if ctypes.sizeof(ctypes.c_long)==8 else 0,0,-3,1"),
    "shared memory by number": "ipcmk -M 4096 && echo ESCAPED; ipcmk -Q && echo ESCAPED",
    "terminal": 'python3 -c \'import fcntl; fcntl.ioctl(0,0x5412,b"x"); print("ESCAPED")\'',
    "terminals of others": "for t in /dev/pts/[0-9]* /dev/ptmx; do : >$t && echo ESCAPED; done; : </dev/tty && echo ESCAPED",
}
ATTACKS = OUTSIDE | SECRETS | NETWORK | KERNEL
LEFT_BEHIND = {
    "hook": "printf '#!/bin/sh\\n' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout",
    "config": "git config core.fsmonitor false",
    "hooksPath": "mkdir hk; git config core.hooksPath hk; echo >hk/pre-commit",
    "swapped": "mv .git g; cp -r g .git; echo '[core]fsmonitor=x' >>.git/config; rm -rf g",
    "task": "mkdir .vscode; echo {} >.vscode/tasks.json",
    "envrc": "echo x >.envrc",
    "agent": "mkdir .claude .kedge; echo x >.claude/settings.json; echo x >.kedge/config.toml",
}
WORK = {
    "files": "echo x >a && cat a && mkdir d && mv a d/ && rm -r d && touch 'ü 漢' && ln -s file l && cat l",
    "pipes": "seq 1000 | grep 7 | sort -r | head -1 | grep -qx 997 && cat <<<here | grep -q here",
    "git": "git status --short && echo b >b && git add b && git -c user.name=x -c user.email=x@x commit -qm two && git log --oneline | grep -q two && git checkout -qb other && git stash list",
    "temporary files": 'f=$(mktemp) && echo x >"$f" && cat "$f" && python3 -c "import tempfile; tempfile.mkdtemp()"',
    "devices": "head -c4 /dev/urandom >/dev/null && : </dev/null && echo x >/dev/stderr",
    "sqlite": "python3 -c \"import sqlite3; c=sqlite3.connect('d.db'); c.execute('create table t(x)'); c.commit()\"",
    "subprocesses": "python3 -c \"import subprocess; subprocess.run(['true'], check=True)\" && sleep 0.01 & wait $!",
    "threads": 'python3 -c "import threading; t=threading.Thread(target=print); t.start(); t.join()"',
    "socket pairs": 'python3 -c "import socket, asyncio; socket.socketpair(); asyncio.run(asyncio.sleep(0))"',
    "limits of its own": "ulimit -n 100 && sh -c true",
    "modes": "touch p && chmod 755 p && test -x p && cp -p p q && touch -d 2001-01-01 p",
    "timeout": "timeout 0.1 sleep 5; test $? = 124",
}


class Host:
    """A person's files, and kedge on a kernel that has no user namespaces for it."""

    def __init__(self, base: Path, python: str, uid: int) -> None:
        self.base, self.python, self.uid = base, python, uid
        self.work = base / "work"
        for name, text in (
            ("home/.ssh/id_rsa", "TOPSECRET"),
            ("home/documents/diary", "TOPSECRET"),
            ("home/kedge/config/config.toml", "[sandbox]\nprocesses = 60\n"),
            ("work/file", "one\n"),
        ):
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text(text)
        for line in ("init -q -b main", "add file", "commit -qm one"):
            who = ("-c", "user.name=x", "-c", "user.email=x@x")
            subprocess.run(("git", *who, *line.split()), cwd=self.work, check=True)
        self.launcher = base / "launcher.py"
        self.launcher.write_text(LAUNCHER)
        self._hand_over()

    def put(self, name: str, text: str) -> None:
        """Have a file in the workspace."""
        (self.work / name).write_text(text)
        self._hand_over()

    def kedge(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run kedge there."""
        packages = [str(Path(module.__file__ or "").parents[1]) for module in (kedge, msgspec)]
        env = {
            **{"PATH": "/usr/bin:/bin", "HOME": str(self.base / "home")},
            **{"KEDGE_HOME": str(self.base / "home/kedge"), "PYTHONPATH": ":".join(packages)},
            **{"PYTHONDONTWRITEBYTECODE": "1", "AWS_SECRET_ACCESS_KEY": "TOPSECRET"},
        }
        start = (sys.executable, str(self.launcher), str(self.uid))
        return subprocess.run(
            (*start, self.python, "-m", "kedge", *words),
            cwd=self.work,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
        )

    def attack(self, script: str, outside: int = 1) -> str:
        """What a hostile script said."""
        script = script.replace("$B", str(self.base)).replace("$OUTSIDE", str(outside))
        ran = self.kedge("sandbox", "run", "--", "bash", "-c", script)
        assert "confined by landlock only" in ran.stderr
        return ran.stdout

    def picture(self) -> list[tuple[str, int, float]]:
        """All that is outside the workspace."""
        found = [p for p in self.base.rglob("*") if not p.is_relative_to(self.work)]
        own = self.base / "home/kedge"
        return sorted(
            (str(p), p.lstat().st_size, p.lstat().st_mtime)
            for p in found
            if not p.is_relative_to(own) and p != own
        )

    def _hand_over(self) -> None:
        for path in (self.base, *self.base.rglob("*")):
            os.chown(path, self.uid, -1, follow_symlinks=False)


@functools.cache
def usable_python(uid: int) -> str:
    """A Python that this user may run and that can import kedge's libraries; empty if none."""
    packages = [str(Path(module.__file__ or "").parents[1]) for module in (kedge, msgspec)]
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                (python, "-c", "import kedge.cli.main, msgspec"),
                env={"PYTHONPATH": ":".join(packages), "PYTHONDONTWRITEBYTECODE": "1"},
                cwd="/",
                user=uid,
                group=uid,
                extra_groups=(),
                check=True,
                capture_output=True,
            )
            return python
    return ""


KINDS = ["as it is", "as a user"]


@contextlib.contextmanager
def settled(kind: str) -> Generator[Host]:
    python, uid = sys.executable, os.getuid()
    if kind == "as a user":
        if uid != 0:
            pytest.skip("only root can become somebody else")
        uid = NOBODY
        python = usable_python(uid)
        if not python:
            pytest.skip("no Python that another user may run")
    base = Path(tempfile.mkdtemp(prefix="kedge-rung-")).resolve()
    base.chmod(0o755)
    yield Host(base, python, uid)
    shutil.rmtree(base)


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with settled(request.param) as host:
        yield host


class Attacked(NamedTuple):
    """What came of all attacks that need the same, in one command: it starts as often as they are
    many otherwise."""

    said: dict[str, str]
    outside_lives: bool
    before: list[tuple[str, int, float]]
    after: list[tuple[str, int, float]]


def attacked(host: Host, names: list[str]) -> Attacked:
    between = "cd $B/work; find . -mindepth 1 -maxdepth 1 ! -name .git ! -name file ! -name .env"
    between += " -exec rm -rf {} +"
    scripts = {shlex.quote(name): shlex.quote(ATTACKS[name]) for name in names}
    steps = [f"echo; echo @@{name}; {between}; bash -c {s}" for name, s in scripts.items()]
    before = host.picture()
    outside = subprocess.Popen(["sleep", "1000"], user=host.uid if os.getuid() == 0 else None)
    try:
        said = host.attack("\n".join(steps), outside.pid)
        lives = outside.poll() is None
    finally:
        outside.kill()
        outside.wait()
    parts = (part.partition("\n") for part in said.split("\n@@"))
    return Attacked({name: words for name, _, words in parts}, lives, before, host.picture())


@pytest.fixture(scope="module", params=KINDS)
def result(request: pytest.FixtureRequest) -> Iterator[Attacked]:
    with settled(request.param) as host:
        yield attacked(host, [name for name in ATTACKS if name != DOT_ENV])


def test_it_is_found_labelled_as_weaker_and_proven(host: Host) -> None:
    ran = host.kedge("sandbox", "check")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "weaker: no namespaces" in ran.stdout.splitlines()[0]
    assert "user namespaces: Operation not permitted" in ran.stdout


@pytest.mark.parametrize("name", [name for name in ATTACKS if name != DOT_ENV])
def test_it_holds(result: Attacked, name: str) -> None:
    assert_held(result, name)


def test_a_secret_in_the_workspace_is_not_read(host: Host) -> None:
    host.put(".env", "KEY=TOPSECRET\n")
    assert_held(attacked(host, [DOT_ENV]), DOT_ENV)


def assert_held(result: Attacked, name: str) -> None:
    said = result.said[name]
    assert said, "it was not tried"
    assert "ESCAPED" not in said
    assert "TOPSECRET" not in said
    assert result.outside_lives
    assert result.after == result.before


@pytest.mark.parametrize("how", ["kill -9 $OUTSIDE", "kill -9 -1", "kill -9 $PPID; sleep 0.1"])
def test_processes_outside_cannot_be_signalled(host: Host, how: str) -> None:
    outside = subprocess.Popen(["sleep", "1000"], user=host.uid if os.getuid() == 0 else None)
    try:
        host.attack(how, outside.pid)
        assert outside.poll() is None
    finally:
        outside.kill()
        outside.wait()


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_programs_outside_obey_is_as_it_was_after_the_command(host: Host, name: str) -> None:
    git = host.work / ".git"
    before = (git / "config").read_bytes()
    host.attack(LEFT_BEHIND[name])
    assert (git / "config").read_bytes() == before
    assert not [path for path in (git / "hooks").iterdir() if path.suffix != ".sample"]
    obeyed = (".vscode/tasks.json", ".envrc", ".claude/settings.json", ".kedge/config.toml")
    assert not [name for name in obeyed if (host.work / name).is_file()]


def test_nothing_outlives_a_command_even_without_marks_session_and_parent(host: Host) -> None:
    marker = f"9{os.getpid()}7"
    host.attack(
        f"(setsid env -i sleep {marker} &) & env -i setsid setsid sh -c 'sleep {marker} & sleep {marker}' &"
        " sleep 0.2"
    )
    lines = [read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert not [line for line in lines if marker.encode() in line]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_too_many_processes_end_the_command(host: Host) -> None:
    script = "import os, time\nfor _ in range(200):\n  if os.fork() == 0: time.sleep(9); os._exit(0)\ntime.sleep(9)"
    ran = host.kedge("sandbox", "run", "--", "python3", "-c", script)
    assert ran.returncode != 0
    assert "processes" in ran.stdout or "temporarily unavailable" in ran.stdout


@pytest.mark.parametrize("name", WORK)
def test_ordinary_work_goes_on(host: Host, name: str) -> None:
    ran = host.kedge("sandbox", "run", "--", "bash", "-c", WORK[name])
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("nosuch", 127)])
def test_exit_codes_and_signals_are_passed_through(host: Host, script: str, code: int) -> None:
    assert host.kedge("sandbox", "run", "--", "bash", "-c", script).returncode == code


def test_a_hook_directory_that_the_configuration_names_is_put_back(host: Host) -> None:
    (host.work / "checks").mkdir()
    host.put("checks/pre-commit", "#!/bin/sh\nexit 0\n")
    config = (host.work / ".git/config").read_text()
    host.put(".git/config", f"{config}[core]\n\thooksPath = checks\n")
    host.attack("echo 'touch /tmp/pwned' >checks/pre-commit; echo x >checks/post-commit")
    assert (host.work / "checks/pre-commit").read_text() == "#!/bin/sh\nexit 0\n"
    assert not (host.work / "checks/post-commit").exists()
