"""Disks that fill up or become read-only while kedge runs: one clear error, nothing is lost, no
effect whose intention is not on record, and the session goes on once there is room."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec import Struct

from e2e.gated import bash, write
from e2e.process import COMMAND, PATIENCE, Json, Kedge, Ran, lines
from e2e.remotes import REMOTES, Served
from kedge.agent.stores.jsonl import JsonlStore
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Expect, Turn, turn

REMOTE = REMOTES["anthropic"]
STREAM = ("--mode", "full", "--output-format", "stream-json")
STEPS = 8
WAITS = "touch begun; while [ ! -e go ]; do sleep 0.01; done"


class Machine(Struct):
    """Runs shell scripts where file systems can be mounted, which end with the script."""

    kedge: Kedge
    disk: Path
    """Where one is to be mounted."""
    unshare: tuple[str, ...]

    def run(self, *script: str) -> None:
        """Every line must succeed."""
        ended = subprocess.run(
            [*self.unshare, "sh", "-ec", "\n".join(script)],
            cwd=self.kedge.cwd, env=self.kedge.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr

    def line(self, name: str, *arguments: str) -> str:
        """A line that runs kedge, whatever its exit code; see `ran`."""
        place = shlex.quote(str(self.kedge.home / name))
        run = shlex.join([*COMMAND, *arguments])
        return f"code=0; {run} > {place}.out 2> {place}.err || code=$?; echo $code > {place}.code"

    def ran(self, name: str) -> Ran:
        """What came of a line of this name."""
        place = self.kedge.home / name
        out, err, code = (place.with_suffix(f".{kind}") for kind in ("out", "err", "code"))
        return Ran(int(code.read_text()), out.read_bytes(), err.read_bytes())


@pytest.fixture
def machine(kedge: Kedge, tmp_path: Path) -> Machine:
    """Small file systems; the test is skipped where none can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    unshare = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")
    attempt = [*unshare, "mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if shutil.which("unshare") is None or subprocess.run(attempt, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here")
    return Machine(kedge, disk, unshare)


def stepping(loopback: ThreadedLoopback) -> tuple[str, ...]:
    """Options of runs whose model leaves a line in the journal and much output with each step."""
    step = 0

    def answer(request: Json, wire: object) -> Turn:
        nonlocal step
        step += 1
        if step > STEPS:
            return turn("Done.")
        return turn(bash(f"echo {step} >> journal; yes | head -c 6000", f"step-{step}"))

    return REMOTE.options(loopback(answer).url, *STREAM)


def only_begun_effects(journal: Path, *logs: Path) -> bool:
    """Whether each effect happened once and has its intention on record."""
    facts = [one for log in logs for one in lines(log.read_bytes().rpartition(b"\n")[0])]
    begun = {str(one["id"]) for one in facts if one["kind"] == "action.started"}
    done = journal.read_text().split()
    return len(done) == len(set(done)) and {f"step-{number}" for number in done} <= begun


def one_clear_error(ran: Ran, words: str) -> bool:
    """Whether the run failed as it should, and said so once on each stream."""
    aside = (" ", "kedge: cannot be undone: ")
    complaint = [line for line in ran.complaint.splitlines() if not line.startswith(aside)]
    return (
        (ran.code, ran.result["status"], len(complaint)) == (1, "failed", 1)
        and words in ran.complaint
        and "Traceback" not in ran.complaint
    )


@pytest.mark.parametrize("size", [4, 56, 120, 152, 184])
def test_a_store_that_is_full_ends_the_run_and_goes_on_with_more_room(
    kedge: Kedge, machine: Machine, threaded_loopback: ThreadedLoopback, size: int
) -> None:
    kedge.env["KEDGE_HOME"] = str(machine.disk)
    options = stepping(threaded_loopback)
    machine.run(
        f"mount -t tmpfs -o size={size}k tmpfs {machine.disk}",
        machine.line("first", *options, "-p", "Go."),
        f"cp {machine.disk}/state/sessions/*.jsonl {kedge.home}/stored.jsonl",
        f"touch journal; cp journal {kedge.home}/journal",
        f"mount -o remount,size=8m {machine.disk}",
        machine.line("second", *options, "-p", "-c"),
        machine.line("third", *options, "-p", "Go on."),
        machine.line("audit", "audit", "verify"),
        f"cp -r {machine.disk}/state {kedge.home}/state",
    )
    first = machine.ran("first")
    assert one_clear_error(first, "No space left"), first.complaint
    assert only_begun_effects(kedge.home / "journal", kedge.home / "stored.jsonl")
    second = machine.ran("second")
    if (kedge.home / "stored.jsonl").read_bytes().count(b"\n") > 1:
        assert second.code == 0, second.complaint
    else:
        assert second.code == 2, "nothing was begun"
    assert machine.ran("third").code == 0
    assert machine.ran("audit").code == 0, machine.ran("audit").answer
    assert only_begun_effects(kedge.cwd / "journal", *kedge.logs)


def test_a_full_project_folder_fails_the_tool_and_leaves_the_file_whole(
    kedge: Kedge, machine: Machine, served: Served
) -> None:
    old = "old\n" * 25_000
    told = Expect(last_contains="No space left")
    options = served(
        turn(Call("read", {"file_path": "f", "limit": 5})),
        turn(write("f", "new\n" * 50_000), delta=8192),
        turn(write("more", "new\n" * 50_000), expect=told, delta=8192),
        turn("It is full.", expect=told),
    )
    machine.run(
        f"mount -t tmpfs -o size=200k tmpfs {machine.disk}",
        f"cd {machine.disk}",
        "yes old | head -n 25000 > f",
        machine.line("run", *options, *STREAM, "-p", "Go."),
        f"cp f {kedge.home}/f; ls -A > {kedge.home}/names",
        machine.line("undo", "undo", "--yes"),
    )
    ran = machine.ran("run")
    assert (ran.code, ran.result["text"]) == (0, "It is full."), ran.complaint
    assert (kedge.home / "f").read_text() == old
    assert (kedge.home / "names").read_text() == "f\n"
    assert machine.ran("undo").code in (0, 2)


def gated(machine: Machine, loopback: ThreadedLoopback) -> tuple[str, str]:
    """A line that starts a run in the background, and one that lets it go on once it is busy."""
    first = turn(bash(WAITS, "step-0"))
    later = [turn(bash("echo 1 >> journal", "step-1")), turn("Done.")]
    options = REMOTE.options(loopback([first, *later], allow_unused=True).url, *STREAM)
    busy = "while [ ! -e begun ]; do sleep 0.01; done"
    return f"( {machine.line('first', *options, '-p', 'Go.')} ) &\n{busy}", "touch go; wait"


def again(loopback: ThreadedLoopback) -> tuple[str, ...]:
    """Options of runs that go on, with any number of requests."""
    return REMOTE.options(loopback(lambda request, wire: turn("I see.")).url, *STREAM)


def test_a_store_that_becomes_read_only_ends_the_run_and_goes_on_when_it_is_writable(
    kedge: Kedge, machine: Machine, threaded_loopback: ThreadedLoopback, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    mount = f"mount -o loop {image} {machine.disk}"
    attempt = ["unshare", "-m", "sh", "-c", f"mkfs.ext4 -q {image} && {mount}"]
    if os.geteuid() or subprocess.run(attempt, capture_output=True).returncode:
        pytest.skip("no file system on a loop device can be mounted here")
    kedge.env["KEDGE_HOME"] = str(machine.disk / "home")
    start, let_go = gated(machine, threaded_loopback)
    more = again(threaded_loopback)
    machine.run(
        mount,
        f"mkdir {machine.disk}/home",
        start,
        # What ext4 does by itself when its disk fails: what is open cannot be written either.
        f"mount -o remount,abort {machine.disk}",
        let_go,
        machine.line("refused", *more, "-p", "-c", "x"),
        machine.line("list", "sessions", "list"),
        f"umount {machine.disk}; {mount}",
        machine.line("second", *more, "-p", "-c"),
        machine.line("audit", "audit", "verify"),
        f"cp -r {machine.disk}/home/state {kedge.home}/state",
    )
    assert one_clear_error(machine.ran("first"), "Read-only file system")
    assert not (kedge.cwd / "journal").exists(), "an effect without its intention on record"
    assert one_clear_error(machine.ran("refused"), "Read-only file system")
    assert machine.ran("list").code == 0 and "Traceback" not in machine.ran("list").complaint
    second = machine.ran("second")
    assert second.code == 0, second.complaint
    (unknown,) = (one for one in second.records if one["kind"] == "action.ended")
    assert (unknown["id"], unknown["status"]) == ("step-0", "unknown")
    assert machine.ran("audit").code == 0
    assert JsonlStore(kedge.logs[0].parent).damage(kedge.logs[0].stem) is None


def test_a_folder_that_becomes_read_only_does_not_stop_a_log_that_is_open(
    kedge: Kedge, machine: Machine, threaded_loopback: ThreadedLoopback
) -> None:
    kedge.env["KEDGE_HOME"] = str(machine.disk)
    start, let_go = gated(machine, threaded_loopback)
    more = again(threaded_loopback)
    machine.run(
        f"mount -t tmpfs -o size=8m tmpfs {machine.disk}",
        start,
        # A second mount of the same folder: new names are refused there, open files are not.
        f"mount --bind {machine.disk} {machine.disk}",
        f"mount -o remount,bind,ro {machine.disk}",
        let_go,
        machine.line("refused", *more, "-p", "-c", "x"),
        machine.line("show", "sessions", "list"),
        f"umount {machine.disk}",
        machine.line("second", *more, "-p", "-c", "x"),
        machine.line("audit", "audit", "verify"),
    )
    first = machine.ran("first")
    assert (first.code, first.result["status"]) == (0, "done"), first.complaint
    assert (kedge.cwd / "journal").read_text() == "1\n"
    assert one_clear_error(machine.ran("refused"), "Read-only file system")
    assert machine.ran("show").code == 0
    assert machine.ran("second").code == 0, machine.ran("second").complaint
    assert machine.ran("audit").code == 0


def test_a_folder_that_its_owner_may_not_write_any_more_does_not_lose_the_session(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    plain: tuple[str, ...] = ()
    if os.geteuid() == 0:
        plain = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
        if shutil.which("setpriv") is None or subprocess.run([*plain, "true"]).returncode:
            pytest.skip("root is not bound by permissions")
    server = threaded_loopback([turn(bash(WAITS)), turn("Done.")])
    options = REMOTE.options(server.url, *STREAM, "--sandbox", "off")
    command = [*plain, *COMMAND]
    run = subprocess.Popen(
        [*command, *options, "-p", "Go."],
        cwd=kedge.cwd, env=kedge.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        while not (kedge.cwd / "begun").exists():
            assert run.poll() is None
        folder = kedge.logs[0].parent
        folder.chmod(0o500)
        (kedge.cwd / "go").touch()
        run.communicate(timeout=PATIENCE)
        assert run.returncode == 0
    finally:
        run.kill()
    more = again(threaded_loopback)
    assert kedge(*more, "-c", "-p", "x", command=command).code == 0
    kedge.logs[0].chmod(0o400)
    assert one_clear_error(kedge(*more, "-c", "-p", "x", command=command), "Permission denied")
    assert one_clear_error(kedge(*more, "-p", "x", command=command), "Permission denied")
    folder.chmod(0o700)
    kedge.logs[0].chmod(0o600)
    assert kedge(*more, "-c", "-p", "x", command=command).code == 0
