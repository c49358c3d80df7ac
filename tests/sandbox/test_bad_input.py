"""`kedge sandbox` is told nonsense, or loses its helper: it says so, and never with a traceback."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kedge.cli.confine import Wanted, wanted_policy
from kedge.sandbox.errors import NotAvailable
from kedge.sandbox.launching import Launched
from kedge.sandbox.once import run_once
from kedge.sandbox.registry import Registry

SAID = {
    "no such directory": ("run --cwd nowhere -- true", 2, "'nowhere' is not a directory"),
    "no such directory to add": ("run --add-dir nowhere -- true", 2, "is not a directory"),
    "no such level": ("run --level all -- true", 2, "no level 'all'"),
    "no such option": ("run --free -- true", 2, "'--free' is not understood"),
    "no command": ("run --", 2, "no command is given"),
    "no host": ("run --allow-host http://a/b -- true", 1, "is no host"),
    "no port": ("run --allow-host a:70000 -- true", 1, "'a:70000' (--allow-host) is no host"),
    "everything": ("run --cwd / -- true", 1, "the whole file system"),
    "no such program": ("run -- nosuch", 127, "cannot run 'nosuch': No such file or directory\n"),
    "no program": ("run -- ./a", 126, "cannot run './a': Permission denied\n"),
    "a file of another's": ("file read /etc/passwd", 6, "outside the workspace"),
    "no such file": ("file read nothing", 1, "cannot read 'nothing'"),
    "a directory": ("file read d", 1, "is a directory"),
    "below a file": ("file write a/b x", 1, "cannot write 'a/b'"),
    "protected": ("file write .git/config x", 6, "obeyed by programs outside"),
    "check: no directory": ("check --cwd nowhere", 2, "is not a directory"),
    "check: nothing": ("check --level off", 2, "nothing to check"),
    "policy: no level": ("policy --level all", 2, "no level 'all'"),
}


def kedge(work: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        (sys.executable, "-m", "kedge", "sandbox", *words),
        cwd=work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
    )


@pytest.mark.parametrize("name", SAID)
def test_what_is_wrong_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "d").mkdir()
    words, code, said = SAID[name]
    ran = kedge(tmp_path, *words.split())
    assert said.replace("nowhere", str(tmp_path / "nowhere") if "cwd" in words else "nowhere") in (
        ran.stderr
    )
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr


def test_a_command_without_a_name_is_said(tmp_path: Path) -> None:
    ran = kedge(tmp_path, "run", "--", "")
    assert (ran.returncode, ran.stderr) == (127, "kedge: cannot run '': its name is empty\n")


def test_streams_that_are_closed_are_empty(tmp_path: Path) -> None:
    script = f"{sys.executable} -m kedge sandbox run -- sh -c 'cat; echo x; exit 3' <&- >&- 2>&-"
    assert subprocess.run(("sh", "-c", script), cwd=tmp_path).returncode == 3


def test_a_reader_that_leaves_ends_the_command(tmp_path: Path) -> None:
    script = f"{sys.executable} -m kedge sandbox run -- yes | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(("bash", "-c", script), cwd=tmp_path, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("y\n141\n", "")


@pytest.mark.parametrize("when", ["at its start", "while a command runs"])
def test_a_helper_that_dies_is_said(tmp_path: Path, when: str) -> None:
    env = dict(os.environ)
    policy = wanted_policy(Wanted(str(tmp_path)), env)
    launched = Launched()
    script = ("sh", "-c", "touch ready; sleep 60")
    if when == "at its start":
        launched.kill()
    else:
        killer = threading.Thread(target=_kill_once, args=(launched.pid, tmp_path / "ready"))
        killer.start()
    registry = Registry(tmp_path / "registry")
    with pytest.raises(NotAvailable, match="helper died") as caught:
        run_once(launched, policy, script, tmp_path, env, registry)
    assert caught.value.exit_code == 5
    assert caught.value.hint
    launched.close()


def _kill_once(pid: int, there: Path) -> None:
    while not there.exists():
        pass
    os.kill(pid, signal.SIGKILL)
