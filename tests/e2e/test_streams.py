"""Standard streams that are closed, full or gone: no harm to the run or its log."""

import subprocess
import sys

import pytest

from e2e.process import COMMAND, PATIENCE, Kedge, Ran
from e2e.remotes import REMOTES, Served
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Text, turn

REMOTE = REMOTES["anthropic"]
MAKE = Call("bash", {"command": "touch made"})
COUNT_SLOWLY = f"{sys.executable} -c '{{}}'".format(
    "import sys, time; time.sleep(0.5); print(len(sys.stdin.read()))"
)
PASS_ON_SLOWLY = f"{sys.executable} -c '{{}}'".format(
    "import sys, time; time.sleep(1); sys.stdout.write(sys.stdin.read())"
)
FACTS = ["session.started", "turn.started", "model.request", "message", "turn.ended", "result"]


def shell(kedge: Kedge, line: str, *arguments: str) -> Ran:
    """A line of bash in which `kedge` stands for the command and its arguments."""
    words = " ".join(f"'{word}'" for word in (*COMMAND, *arguments))
    ended = subprocess.run(
        ["bash", "-c", line.replace("kedge", words)],
        cwd=kedge.cwd, env=kedge.env, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=PATIENCE,
    )  # fmt: skip
    return Ran(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("output", ["text", "json", "stream-json"])
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_lose_nothing_of_the_session(
    kedge: Kedge, served: Served, closed: str, output: str
) -> None:
    options = served(turn("The answer."))
    ran = shell(kedge, f"kedge {closed}", *options, "-p", "x", "--output-format", output)
    assert (ran.code, ran.complaint) == (0, "")
    assert [record["kind"] for record in kedge.log] == FACTS
    assert bool(ran.out) == (">&-" not in closed.replace("2>&-", ""))


def test_commands_of_a_run_without_streams_work(kedge: Kedge, served: Served) -> None:
    look = Call("bash", {"command": "cat; echo out; echo err >&2"})
    options = served(turn(look), turn("ok"))
    assert shell(kedge, "kedge <&- >&- 2>&-", *options, "-p", "x", "--mode", "full").code == 0
    (end,) = [record for record in kedge.log if record["kind"] == "action.ended"]
    assert end["content"] == [{"type": "text", "text": "out\nerr"}]


@pytest.mark.parametrize("arguments", [("--version",), ("sessions", "list"), ("config", "show")])
def test_closed_streams_do_no_harm_to_sub_commands(
    kedge: Kedge, arguments: tuple[str, ...]
) -> None:
    ran = shell(kedge, "kedge <&- >&-", *arguments)
    assert ran.code == 0
    assert "Traceback" not in ran.complaint


def test_a_reader_that_goes_away_does_no_harm(kedge: Kedge, served: Served) -> None:
    options = served(
        turn(Text("tok ", repeat=20_000), Call("bash", {"command": "touch made"})), turn("ok")
    )
    ran = shell(
        kedge, "kedge | head -1; echo ${PIPESTATUS[0]}",
        *options, "-p", "x", "--mode", "full", "--output-format", "stream-json",
    )  # fmt: skip
    first, code = ran.out.splitlines()
    assert b"session.started" in first
    assert (code, ran.complaint) == (b"0", "")
    assert (kedge.cwd / "made").exists()
    assert kedge.log[-1]["kind"] == "result"


def test_a_watcher_that_goes_away_does_no_harm(kedge: Kedge, served: Served) -> None:
    options = served(turn(Text("tok ", repeat=20_000)))
    line = "{ kedge > out.txt; echo $? > code.txt; } 2> >(head -c 1 > /dev/null); wait"
    shell(kedge, line, *options, "-p", "x", "-v")
    assert (kedge.cwd / "code.txt").read_text() == "0\n"
    assert (kedge.cwd / "out.txt").read_text() == "tok " * 20_000 + "\n"


@pytest.mark.parametrize(
    "arguments", [("--version",), ("models",), ("config", "show"), ("schema", "events")]
)
def test_nobody_reads_what_a_sub_command_prints(kedge: Kedge, arguments: tuple[str, ...]) -> None:
    ran = shell(kedge, "kedge | true", *arguments)
    assert ran.complaint == ""


def test_an_answer_that_cannot_be_printed_is_no_success(kedge: Kedge, served: Served) -> None:
    ran = shell(kedge, "kedge > /dev/full", *served(turn("The answer.")), "-p", "x")
    assert ran.code == 1
    assert "No space left" in ran.complaint
    assert [record["kind"] for record in kedge.log] == FACTS


def test_a_slow_reader_gets_everything(kedge: Kedge, served: Served) -> None:
    options = served(turn(Text("tok ", repeat=20_000)))
    ran = shell(kedge, f"kedge | {COUNT_SLOWLY}", *options, "-p", "x")
    assert ran.out == b"80001\n"


def test_a_non_blocking_stdout_gets_everything(kedge: Kedge, served: Served) -> None:
    """Node and others hand such pipes to their children."""
    options = served(turn(Text("tok ", repeat=50_000)))
    block = f"{sys.executable} -c 'import os; os.set_blocking(1, False)'"
    ran = shell(kedge, f"{{ {block}; kedge; }} | {COUNT_SLOWLY}", *options, "-p", "x")
    assert ran.out == b"200001\n"


def test_the_stream_of_a_long_answer_is_not_thinned_for_a_slow_reader(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn(Text("tok ", repeat=5_000))])
    options = REMOTE.options(server.url, "--output-format", "stream-json", "-p", "x")
    ran = shell(kedge, f"kedge | {PASS_ON_SLOWLY}", *options)
    seqs = [record["seq"] for record in ran.records]
    assert seqs == list(range(1, len(seqs) + 1))
