"""Killed at any moment: what was acknowledged is there, the session goes on, nothing happens twice.

`bench/crashes.py` does this at many random points; here are the points that matter, and a few
random ones.
"""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from e2e.gated import bash, write
from e2e.process import PATIENCE, Json, Kedge, Ran, alive, lines, marked, wait_until
from e2e.remotes import REMOTES, Served
from kedge.agent.stores.jsonl import JsonlStore
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Fault, Turn, turn
from loopback.threaded import RunningServer

REMOTE = REMOTES["anthropic"]
STREAM = ("--mode", "full", "--output-format", "stream-json")
POINTS = 12
GATED = "; while [ ! -e go ]; do sleep 0.01; done"
"""Keeps a command from ending until a test lets it."""


def kinds(kedge: Kedge) -> list[object]:
    """What is on record, by kind; nothing as long as there is no log."""
    return [record["kind"] for record in kedge.log] if kedge.logs else []


@contextmanager
def running(kedge: Kedge, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run that is killed at the end of the block; nothing that it started is left then."""
    process = kedge.start(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not marked(kedge.home) and not alive(str(kedge.cwd)), "nothing is left")


def killed(kedge: Kedge, server: RunningServer, reached: Callable[[], object]) -> None:
    """A run that is killed as soon as something is so."""
    with running(kedge, *REMOTE.options(server.url, *STREAM), "-p", "Go."):
        wait_until(reached, "the run has come so far")
    shown = [line for line in kedge.out.read_bytes().split(b"\n") if b'"prev":"' in line[:400]]
    stored = kedge.logs[0].read_bytes().split(b"\n")
    assert [line for line in shown[:-1] if line not in stored] == [], "acknowledged and lost"
    assert JsonlStore(kedge.logs[0].parent).damage(kedge.logs[0].stem) is None


def summaries(kedge: Kedge) -> int:
    """How often the conversation was summarised."""
    return sum(bool(one.get("summary")) for one in kedge.log if one["kind"] == "compaction")


def told(request: Json) -> str:
    """What was said since the model spoke last."""
    messages = request["messages"]
    assert isinstance(messages, list)
    return str(messages[-1])


def gone_on(kedge: Kedge, loopback: ThreadedLoopback, *options: str) -> tuple[Ran, list[str]]:
    """The session gone on with, and what the model was told with each request."""
    heard: list[str] = []

    def answer(request: Json, wire: object) -> Turn:
        heard.append(told(request))
        return turn("I see.")

    ran = kedge(*REMOTE.options(loopback(answer).url, "--mode", "full"), "-c", "-p", *options)
    assert (ran.code, ran.answer, ran.complaint) == (0, "I see.\n", "")
    assert kedge("audit", "verify").code == 0
    return ran, heard


def journal(kedge: Kedge) -> str:
    """What commands wrote there."""
    file = kedge.cwd / "journal"
    return file.read_text() if file.exists() else ""


@pytest.mark.parametrize(
    ("command", "effect"),
    [
        (f"touch begun{GATED}; echo a >> journal", ""),
        (f"echo a >> journal; touch begun{GATED}", "a\n"),
    ],
    ids=["begun, before its effect", "after its effect, before its end"],
)
def test_an_action_without_an_end_is_unknown_and_is_not_done_again(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, command: str, effect: str
) -> None:
    server = threaded_loopback([turn(bash(command, "it"), bash("echo never >> journal", "next"))])
    killed(kedge, server, (kedge.cwd / "begun").exists)
    (kedge.cwd / "go").touch()
    _, heard = gone_on(kedge, threaded_loopback)
    assert heard[0].count("Effect unknown") == 1 and heard[0].count("Not carried out") == 1
    assert journal(kedge) == effect
    ends = {r["id"]: r["status"] for r in kedge.log if r["kind"] == "action.ended"}
    assert ends == {"it": "unknown", "next": "cancelled"}


def test_an_action_whose_end_is_on_record_is_neither_lost_nor_done_again(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    stalls = turn("x", fault=Fault("stall_before_headers"))
    server = threaded_loopback([turn(bash("echo a >> journal; echo said")), stalls])
    killed(kedge, server, lambda: server.stalled)
    _, heard = gone_on(kedge, threaded_loopback)
    assert "said" in heard[0] and "unknown" not in heard[0]
    assert journal(kedge) == "a\n"


def test_a_kill_while_a_summary_is_asked_for_costs_nothing(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    small = f'[models."{REMOTE.model}"]\ncontext_window = 24000\nmax_output_tokens = 1000\n'
    (kedge.home / "config").mkdir()
    (kedge.home / "config" / "config.toml").write_text(small)
    asked = 0

    def long(request: Json, wire: object) -> Turn:
        nonlocal asked
        if "Write the summary that takes its place" in told(request):
            return turn("x", fault=Fault("stall_before_headers"))
        asked += 1
        talk = "words and more words " * 100
        return turn(talk, bash(f"echo {asked} >> journal; seq 1500"), delta=4096)

    server = threaded_loopback(long, allow_unused=True)
    killed(kedge, server, lambda: server.stalled)
    assert summaries(kedge) == 0
    done = journal(kedge)
    assert done.split() == [str(number) for number in range(1, asked + 1)]
    gone_on(kedge, threaded_loopback)
    assert summaries(kedge) == 1
    assert journal(kedge) == done


def test_a_kill_during_a_checkpoint_leaves_the_action_undone_and_the_checkpoints_whole(
    kedge: Kedge, served: Served, threaded_loopback: ThreadedLoopback
) -> None:
    assert kedge(*served(turn(write("a")), turn("Ok.")), "-p", "x", *STREAM).code == 0
    shutil.rmtree(kedge.home / "state")
    (vault,) = (kedge.home / "data").rglob("checkpoints.db")
    (kedge.cwd / "b").write_text("mine\n")
    server = threaded_loopback([turn(bash("rm b; echo a >> journal"))])
    with closing(sqlite3.connect(vault, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        killed(kedge, server, lambda: kinds(kedge)[-1:] == ["decision"])
    assert (kedge.cwd / "b").exists() and journal(kedge) == ""
    _, heard = gone_on(kedge, threaded_loopback)
    assert "Not carried out" in heard[0] and "unknown" not in heard[0]
    server = threaded_loopback([turn(bash("rm b")), turn("Ok.")])
    assert kedge(*REMOTE.options(server.url, *STREAM), "-c", "-p", "x").code == 0
    assert kedge("undo", "--yes").code == 0
    assert (kedge.cwd / "b").read_text() == "mine\n"


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_after_any_record_a_session_goes_on(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, point: int
) -> None:
    big = "line\n" * 50_000
    steps = [
        turn("I begin.", bash("echo a >> journal"), write("big", big), delta=8192),
        turn(Call("todo", {"items": [{"content": "Do", "status": "pending"}]}), bash(
            "echo b >> journal; sleep 60 & echo c >> journal", run_in_background=False)),
        turn(bash("echo d >> journal; sleep 4999", run_in_background=True), write("small")),
    ]  # fmt: skip
    server = threaded_loopback([*steps, turn("Done.")], allow_unused=True)
    wanted = 3 + 4 * point
    with running(kedge, *REMOTE.options(server.url, *STREAM), "-p", "Go.") as process:
        wait_until(
            lambda: kedge.out.read_bytes().count(b"\n") >= wanted or process.poll() is not None,
            "so many records",
        )
    finished = "turn.ended" in kinds(kedge)
    _, heard = gone_on(kedge, threaded_loopback, *(["And now?"] if finished else []))
    ends = [r["status"] for r in kedge.log if r["kind"] == "action.ended"]
    assert heard[0].count("Effect unknown") == ends.count("unknown")
    done = journal(kedge).split()
    assert done == sorted(set(done)), "an effect was repeated"
    names = {path.name for path in kedge.cwd.iterdir()}
    assert names <= {"journal", "big", "small"}, "something is left over"
    if "big" in names:
        assert (kedge.cwd / "big").read_text() == big
    while (undone := kedge("undo", "--yes")).code == 0:
        pass
    assert undone.code == 2, undone.complaint
    assert list(kedge.cwd.iterdir()) == []


def test_what_a_killed_process_left_in_the_folder_of_a_lost_write_is_removed(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn(bash(f"touch begun{GATED}; : > sub/made", "it"))])
    (kedge.cwd / "sub").mkdir()
    killed(kedge, server, (kedge.cwd / "begun").exists)
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = kedge.cwd / "sub" / f".kedge-{gone.pid:x}-0123456789abcdef"
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        kept = left.with_name(f".kedge-{other.pid:x}-0123456789abcdef")
        left.touch()
        kept.touch()
        gone_on(kedge, threaded_loopback)
        assert [path.name for path in (kedge.cwd / "sub").iterdir()] == [kept.name]


def test_a_scratch_folder_is_removed_by_the_next_run_unless_it_is_in_use(
    kedge: Kedge, served: Served, threaded_loopback: ThreadedLoopback, tmp_path: Path
) -> None:
    kedge.env["TMPDIR"] = str(tmp_path / "scratch")
    (tmp_path / "scratch").mkdir()
    stalls = turn("x", fault=Fault("stall_before_headers"))
    server = threaded_loopback([stalls])
    with running(kedge, *REMOTE.options(server.url), "-p", "x"):
        wait_until(lambda: server.stalled, "the run waits")
        (held,) = (tmp_path / "scratch").iterdir()
        assert kedge(*served(turn("ok")), "-p", "x").code == 0
        assert list((tmp_path / "scratch").iterdir()) == [held]
    assert kedge(*served(turn("ok")), "-p", "x").code == 0
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.fixture
def spoken(kedge: Kedge, served: Served) -> Path:
    """The log of a session with one prompt, one action and one answer."""
    assert kedge(*served(turn(bash("echo a")), turn("One.")), "-p", "First.", *STREAM).code == 0
    return kedge.logs[0]


def test_a_torn_last_line_is_repaired_wherever_it_was_cut(spoken: Path) -> None:
    *whole, last = spoken.read_bytes().splitlines(keepends=True)
    store = JsonlStore(spoken.parent)
    spoken.with_suffix(".head").unlink()  # A killed process leaves none.
    for cut in range(len(last)):
        spoken.write_bytes(b"".join(whole) + last[:cut])
        log = store.open(spoken.stem)
        log.close()
        assert bool(log.mended) == (cut > 0)
        assert spoken.read_bytes() == b"".join(whole)


def test_a_torn_header_is_an_empty_session_wherever_it_was_cut(spoken: Path) -> None:
    header = spoken.read_bytes().splitlines(keepends=True)[0]
    store = JsonlStore(spoken.parent)
    for cut in range(0, len(header), 97):
        spoken.write_bytes(header[:cut])
        assert list(store.read(spoken.stem)) == []
        store.open(spoken.stem).close()
        assert spoken.read_bytes() == b""


def test_a_session_that_was_killed_in_its_first_write_is_not_gone_on_with(
    kedge: Kedge, served: Served, spoken: Path
) -> None:
    spoken.write_bytes(spoken.read_bytes()[:100])
    ran = kedge("-m", REMOTE.model, "-c", "-p", "x")
    assert ran.code == 2 and "no session" in ran.complaint
    assert kedge(*served(turn("ok")), "-r", spoken.stem, "-p", "x").code == 0
    assert kedge("audit", "verify").code == 0


def test_a_repaired_log_says_so(kedge: Kedge, served: Served, spoken: Path) -> None:
    spoken.write_bytes(spoken.read_bytes()[:-20])
    assert kedge(*served(turn("Two.")), "-c", "-p", "x").code == 0
    (notice,) = (r for r in lines(spoken.read_bytes()) if r.get("code") == "log")
    assert "torn" in str(notice["text"])


@pytest.mark.parametrize("harm", ["a line", "half a line", "one byte"])
def test_damage_in_the_middle_is_refused_and_what_is_before_can_be_saved(
    kedge: Kedge, served: Served, spoken: Path, harm: str
) -> None:
    whole = spoken.read_bytes().splitlines(keepends=True)
    middle = {
        "a line": b"",
        "half a line": whole[3][:50],
        "one byte": whole[3].replace(b'"ts":"2', b'"ts":"3'),
    }[harm]
    damaged = b"".join([*whole[:3], middle, *whole[4:]])
    spoken.write_bytes(damaged)
    for more in ((), ("--fork",)):
        ran = kedge("-m", REMOTE.model, "-c", "-p", "x", *more)
        assert ran.code == 1
        assert "doctor" in ran.complaint and "Traceback" not in ran.complaint
        assert ran.complaint.count("kedge: ") == 1
        assert kedge.logs == [spoken]
    assert spoken.read_bytes() == damaged, "nothing is written"
    assert kedge("sessions", "doctor", "--fix").code in (0, 1)
    (saved,) = set(kedge.logs) - {spoken}
    assert spoken.read_bytes() == damaged
    assert kedge(*served(turn("On.")), "-r", saved.stem, "-p", "x").code == 0
    assert kedge("audit", "verify", saved.stem).code == 0


def test_a_session_in_use_is_refused_by_name_of_its_holder_and_can_be_forked(
    kedge: Kedge, served: Served, threaded_loopback: ThreadedLoopback, spoken: Path
) -> None:
    server = threaded_loopback([turn("x", fault=Fault("stall_before_headers"))])
    with running(kedge, *REMOTE.options(server.url), "-c", "-p", "Second.") as holder:
        wait_until(lambda: server.stalled, "the session is in use")
        before = spoken.read_bytes()
        for command in (("-m", REMOTE.model, "-c", "-p", "x"),
                        ("sessions", "rename", spoken.stem, "mine")):  # fmt: skip
            ran = kedge(*command)
            assert ran.code == 1
            assert "in use by another kedge" in ran.complaint
            if Path("/proc/locks").exists():
                assert f"(process {holder.pid})" in ran.complaint
            assert "--fork" in ran.complaint and "Traceback" not in ran.complaint
        assert kedge(*served(turn("Mine.")), "-c", "--fork", "-p", "x").code == 0
        assert spoken.read_bytes() == before
    assert kedge(*served(turn("On.")), "-r", spoken.stem, "-p", "x").code == 0, "its owner is dead"
    assert kedge("audit", "verify").code == 0


def test_many_that_want_one_session_get_it_one_at_a_time(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, spoken: Path
) -> None:
    server = threaded_loopback(lambda request, wire: turn("ok"))
    command = [*REMOTE.options(server.url), "-r", spoken.stem, "-p", "x"]
    runs = [kedge.start(*command) for _ in range(6)]
    codes = []
    for run in runs:
        run.communicate(timeout=PATIENCE)
        codes.append(run.returncode)
    assert set(codes) <= {0, 1} and 0 in codes
    assert [r["kind"] for r in kedge.log].count("result") == 1 + codes.count(0)
    assert kedge("audit", "verify").code == 0
