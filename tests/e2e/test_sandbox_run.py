"""`kedge sandbox run`: what a person allows for one command, what is said, and what is left."""

import os
import shlex
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.process import COMMAND, Kedge, alive, wait_until
from e2e.remotes import Served
from kedge.sandbox.inside import kernel
from loopback.script import Call, turn

ON = ("sandbox", "run")
NESTED = (*COMMAND, *ON, "--", *COMMAND)
"""Within a sandbox there are no further namespaces: what runs there is on the second rung."""
_SETATTR, _NO_SYSTEM_CALL = 442, 38
_NO_NEW_PRIVS = 38


def test_what_is_hidden_or_protected_is_let_in_for_one_command(kedge: Kedge) -> None:
    (kedge.cwd / ".env").write_text("secret")
    assert kedge(*ON, "--", "cat", ".env").code == 1
    assert kedge(*ON, "--allow-read", ".env", "--", "cat", ".env").answer == "secret"
    write = ("sh", "-c", "echo x >.envrc")
    assert kedge(*ON, "--", *write).code != 0
    assert kedge(*ON, "--allow-write", ".envrc", "--", *write).code == 0
    assert (kedge.cwd / ".envrc").read_text() == "x\n"


def test_kedges_own_home_is_not_let_in(kedge: Kedge) -> None:
    ran = kedge(*ON, "--allow-read", str(kedge.home / "state"), "--", "true")
    assert (ran.code, "never let in" in ran.complaint) == (1, True)


def test_a_refused_host_is_said_in_one_line(kedge: Kedge) -> None:
    ask = "curl -s -x $HTTP_PROXY http://a.example/ http://a.example/ http://b.example/"
    ran = kedge(*ON, "--allow-host", "c.example", "--", "sh", "-c", ask)
    assert [line for line in ran.complaint.splitlines() if "refused" in line] == [
        f"kedge: connection to {name}.example:80 refused: no rule lists it" for name in "ab"
    ]


@pytest.mark.parametrize("command", [COMMAND, NESTED], ids=["namespaces", "landlock"])
def test_nothing_is_left_when_it_is_killed(kedge: Kedge, command: tuple[str, ...]) -> None:
    stay = f"{kedge.cwd}/stay"
    Path(stay).write_text("trap '' TERM HUP\nwhile :; do sleep 0.1; done\n")
    script = f"(setsid sh {stay} &) & sh {stay}"
    process = subprocess.Popen(
        [*command, *ON, "--", "sh", "-c", script], cwd=kedge.cwd, env=kedge.env
    )
    try:
        wait_until(lambda: len(running(stay)) >= 2, "it runs")
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not running(stay), "nothing of it runs")
    assert kedge(*ON, "--", "true").code == 0
    assert not list((kedge.home / "state/sandboxes").iterdir())
    wait_until(lambda: sorted(os.listdir(kedge.cwd)) == ["stay"], "what was made is gone")


def test_nothing_is_left_when_a_session_is_killed(kedge: Kedge, served: Served) -> None:
    stay = f"{kedge.cwd}/stay"
    Path(stay).write_text("trap '' TERM HUP\nwhile :; do sleep 0.1; done\n")
    script = f"(setsid sh {stay} &) & sh {stay}"
    options = served(turn("", Call("bash", {"command": script})))
    process = kedge.start(*options, "-p", "go", "--mode", "full")
    wait_until(lambda: len(running(stay)) >= 2, "it runs")
    process.send_signal(signal.SIGKILL)
    kedge.ended(process)
    wait_until(lambda: not running(stay), "nothing of it runs")
    wait_until(lambda: sorted(os.listdir(kedge.cwd)) == ["stay"], "what was made is gone")


def running(script: str) -> list[int]:
    """The shells that run a script, but for what only mentions it."""
    return [pid for pid in alive(f"sh {script}") if _argv(pid)[1:] == [script, ""]]


def _argv(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def test_a_kedge_in_a_kedge_works_on_the_second_rung_and_says_so(kedge: Kedge) -> None:
    (kedge.cwd / ".env").write_text("secret")
    script = "cat .env 2>/dev/null; echo fine; echo fine >made; exit 3"
    ran = kedge(*ON, "--", "sh", "-c", script, command=NESTED)
    assert (ran.code, ran.answer) == (3, "fine\n")
    assert (kedge.cwd / "made").read_text() == "fine\n"
    assert "confined by landlock only" in ran.complaint


def test_a_host_that_was_reached_or_refused_is_on_record_once(kedge: Kedge, served: Served) -> None:
    ask = "curl -s -x $HTTP_PROXY --noproxy '' http://a.example/ http://a.example/"
    options = served(turn("", Call("bash", {"command": ask})), turn("done"))
    said = ("--set", 'sandbox.allow_hosts=["c.example"]', "--mode", "full")
    ran = kedge(*options, "-p", "go", *said, "--output-format", "stream-json")
    notices = [one for one in ran.records if one["kind"] == "notice" and one["code"] == "egress"]
    assert [one["text"] for one in notices] == [
        "connection to a.example:80 refused: no rule lists it"
    ]
    assert [one for one in kedge.log if one.get("code") == "egress"]


def test_a_kernel_without_the_mount_calls_gets_the_second_rung(kedge: Kedge) -> None:
    ran = subprocess.run(
        [*COMMAND, "sandbox", "check"],
        cwd=kedge.cwd,
        env=kedge.env,
        capture_output=True,
        preexec_fn=_without_mount_calls,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"the kernel lacks the mount calls" in ran.stdout
    assert b"landlock: yes" in ran.stdout


def _without_mount_calls() -> None:
    load, equals, answer = 0x20, 0x15, 0x06
    program = (
        struct.pack("=HBBI", load, 0, 0, 0)
        + struct.pack("=HBBI", equals, 0, 1, _SETATTR)
        + struct.pack("=HBBI", answer, 0, 0, 0x0005_0000 | _NO_SYSTEM_CALL)
        + struct.pack("=HBBI", answer, 0, 0, 0x7FFF_0000)
    )
    kernel.prctl(_NO_NEW_PRIVS, 1)
    kernel.install_filter(program)


def test_what_kedge_runs_from_cannot_be_changed_in_a_workspace(kedge: Kedge) -> None:
    """Copied like a virtual environment that a project keeps within itself."""
    place = kedge.cwd / "tools" / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(place)],
        check=True,
    )
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (found,) = (place / "lib").glob("python*/site-packages")
    lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in packages)
    (found / "kedge.pth").write_text(lines)
    command = (str(place / "bin/python"), "-m", "kedge")
    script = f"echo x >>{shlex.quote(str(found))}/kedge.pth; mv tools old; echo done >made"
    ran = kedge(*ON, "--", "sh", "-c", script, command=command)
    assert ran.complaint.count("Read-only file system") == 1, ran.complaint
    assert (found / "kedge.pth").read_text() == lines
    assert (kedge.cwd / "made").read_text() == "done\n"
    inside = (f"{place}/bin/python", "-c", "print(1)")
    assert kedge(*ON, "--", *inside, command=command).answer == "1\n"
