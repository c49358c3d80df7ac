"""Stopped from outside: the result is said, the log is whole, and nothing stays behind."""

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from e2e.process import COMMAND, PATIENCE, Json, Kedge, Ran, alive, marked, wait_until
from e2e.remotes import REMOTES
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Expect, Fault, Turn, turn
from loopback.threaded import RunningServer

REMOTE = REMOTES["anthropic"]
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
WITH_GRANDCHILDREN = "sleep 4001 & (setsid sleep 4002 &) ; touch begun; sleep 4003"
Reached = Callable[[Kedge, RunningServer], object]
BUSY: dict[str, tuple[Turn, Reached, str]] = {
    "streaming": (
        turn("Some words and more of them.", fault=Fault("stall", after=4)),
        lambda kedge, server: b"text.delta" in kedge.out.read_bytes(),
        "message",
    ),
    "before the answer": (
        turn("x", fault=Fault("stall_before_headers")),
        lambda kedge, server: server.stalled,
        "model.request",
    ),
    "a command": (
        turn(Call("bash", {"command": WITH_GRANDCHILDREN})),
        lambda kedge, server: (kedge.cwd / "begun").exists(),
        "action.ended",
    ),
    "a background command": (
        turn(
            Call("bash", {"command": "sleep 4004", "run_in_background": True}),
            Call("bash", {"command": "touch begun; sleep 4005"}),
        ),
        lambda kedge, server: (kedge.cwd / "begun").exists(),
        "action.ended",
    ),
    "a retry wait": (
        turn("x", fault=Fault("status", status=529, headers={"retry-after": "100"})),
        lambda kedge, server: server.ends,
        "model.request",
    ),
}


def kinds(records: list[Json]) -> list[object]:
    return [record["kind"] for record in records]


def stopped(
    kedge: Kedge, server: RunningServer, reached: Reached, number: signal.Signals, *more: str
) -> Ran:
    """A run that is sent a signal once it is busy."""
    process = kedge.start(
        *REMOTE.options(server.url, "--mode", "full", "--output-format", "stream-json"),
        "-p", "Go.", *more,
    )  # fmt: skip
    try:
        wait_until(lambda: reached(kedge, server), "the run is busy")
        process.send_signal(number)
        return kedge.ended(process)
    finally:
        process.kill()


@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=lambda it: getattr(it, "name", ""))
@pytest.mark.parametrize("busy", BUSY)
def test_a_signal_ends_the_run_in_order(
    kedge: Kedge,
    threaded_loopback: ThreadedLoopback,
    busy: str,
    number: signal.Signals,
    code: int,
) -> None:
    doing, reached, last = BUSY[busy]
    server = threaded_loopback([doing])
    ran = stopped(kedge, server, reached, number)
    assert (ran.code, ran.result["exit_code"]) == (code, code)
    told = [kind for kind in kinds(kedge.log) if kind not in ("notice", "checkpoint")]
    assert told[-3:] == [last, "turn.ended", "result"]
    assert [r["seq"] for r in ran.records] == list(range(1, len(ran.records) + 1))
    asked = [record["id"] for record in kedge.log if record["kind"] == "action.proposed"]
    assert [record["id"] for record in kedge.log if record["kind"] == "action.ended"] == asked
    assert marked(kedge.home) == []
    assert "Traceback" not in ran.complaint and ran.complaint.count("\n") == 1


@pytest.mark.parametrize("busy", BUSY)
def test_a_stopped_session_goes_on(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, busy: str
) -> None:
    doing, reached, _ = BUSY[busy]
    stopped(kedge, threaded_loopback([doing]), reached, signal.SIGTERM)
    server = threaded_loopback([turn("Goes on.", expect=Expect(contains="And now?"))])
    ran = kedge(*REMOTE.options(server.url), "-c", "-p", "And now?")
    assert (ran.code, ran.answer, ran.complaint) == (0, "Goes on.\n", "")


def test_words_that_were_streamed_before_the_signal_are_kept(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    doing, reached, _ = BUSY["streaming"]
    ran = stopped(kedge, threaded_loopback([doing]), reached, signal.SIGINT)
    streamed = "".join(str(r["text"]) for r in ran.records if r["kind"] == "text.delta")
    assert streamed and ran.result["text"] == streamed


def test_more_signals_do_no_harm(kedge: Kedge, threaded_loopback: ThreadedLoopback) -> None:
    stubborn = "trap '' TERM INT HUP; touch begun; sleep 4006 & while true; do wait; done"
    server = threaded_loopback([turn(Call("bash", {"command": stubborn}))])
    process = kedge.start(*REMOTE.options(server.url, "--mode", "full"), "-p", "Go.")
    try:
        wait_until((kedge.cwd / "begun").exists, "the command runs")
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        ran = kedge.ended(process)
    finally:
        process.kill()
    assert ran.code in (130, 143), ran.complaint
    assert kinds(kedge.log)[-1] == "result"
    assert marked(kedge.home) == []


def test_the_time_limit_ends_a_command_with_everything_it_started(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn(Call("bash", {"command": WITH_GRANDCHILDREN}))])
    ran = kedge(
        *REMOTE.options(server.url, "--mode", "full", "--output-format", "json"),
        "-p", "x", "--max-seconds", "0.8",
    )  # fmt: skip
    assert (ran.code, ran.result["status"]) == (8, "budget")
    assert marked(kedge.home) == []


@pytest.mark.parametrize("fault", [Fault("stall"), Fault("stall_before_headers")], ids=str)
def test_the_time_limit_ends_a_silent_answer(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, fault: Fault
) -> None:
    server = threaded_loopback([turn("Words.", fault=fault)])
    ran = kedge(*REMOTE.options(server.url), "-p", "x", "--max-seconds", "0.5")
    assert ran.code == 8


def test_a_check_ends_with_the_run(kedge: Kedge, threaded_loopback: ThreadedLoopback) -> None:
    server = threaded_loopback([turn("Done.")])
    process = kedge.start(
        *REMOTE.options(server.url), "-p", "x", "--verify", "touch begun; sleep 4007"
    )
    try:
        wait_until((kedge.cwd / "begun").exists, "the check runs")
        process.send_signal(signal.SIGTERM)
        assert kedge.ended(process).code == 143
    finally:
        process.kill()
    assert marked(kedge.home) == []


@pytest.mark.parametrize("level", ["workspace-write", "off"])
def test_a_killed_run_leaves_no_process_and_a_log_that_goes_on(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, level: str
) -> None:
    # A time that no other test sleeps: inside, no variable tells whose a process is.
    sleep = f"sleep 4{os.getpid()}{len(level)}"
    command = f"echo x >> ran.txt; {sleep} & (setsid {sleep} &) ; touch begun; {sleep}"
    server = threaded_loopback(
        [
            turn("First.", Call("bash", {"command": "echo before > done.txt"})),
            turn(
                Call("bash", {"command": sleep, "run_in_background": True}, "back"),
                Call("bash", {"command": command}, "mid"),
                Call("bash", {"command": "touch never"}, "last"),
            ),
        ]
    )
    options = ("--mode", "full", "--sandbox", level)
    process = kedge.start(*REMOTE.options(server.url, *options), "-p", "Go.")
    try:
        wait_until((kedge.cwd / "begun").exists, "the command runs")
        wait_until(lambda: len(alive(sleep)) >= 4, "all of it runs")
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not alive(sleep), "nothing is left")
    assert marked(kedge.home) == []
    assert alive(str(kedge.home)) == []
    assert kinds(kedge.log)[-1] == "action.started"
    assert (kedge.cwd / "done.txt").read_text() == "before\n"

    def told(request: Json, wire: object) -> Turn:
        text = str(request["messages"])
        assert text.count("Effect unknown") == 1
        assert text.count("Not carried out") == 1
        return turn("I see.")

    after = threaded_loopback(told)
    ran = kedge(*REMOTE.options(after.url, "--mode", "full"), "-c", "-p", "What happened?")
    assert (ran.code, ran.answer, ran.complaint) == (0, "I see.\n", "")
    assert (kedge.cwd / "ran.txt").read_text() == "x\n"
    assert not (kedge.cwd / "never").exists()
    ends = {r["id"]: r["status"] for r in kedge.log if r["kind"] == "action.ended"}
    assert (ends["mid"], ends["last"]) == ("unknown", "cancelled")


def test_a_killed_run_goes_on_without_a_new_prompt(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    doing, reached, _ = BUSY["streaming"]
    server = threaded_loopback([doing])
    process = kedge.start(
        *REMOTE.options(server.url, "--output-format", "stream-json"), "-p", "The question."
    )
    try:
        wait_until(lambda: reached(kedge, server), "the run is busy")
    finally:
        process.kill()
        process.communicate()
    after = threaded_loopback([turn("The answer.", expect=Expect(contains="The question."))])
    ran = kedge(*REMOTE.options(after.url), "-p", "-c")
    assert (ran.code, ran.answer) == (0, "The answer.\n")
    assert kinds(kedge.log).count("turn.started") == 1


def test_ctrl_c_while_stdin_is_awaited_is_130(kedge: Kedge) -> None:
    process = subprocess.Popen(
        [*COMMAND, "-m", REMOTE.model, "-p"],
        cwd=kedge.cwd, env=kedge.env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdin is not None
        # More than the pipe holds: once all is written, kedge is reading.
        process.stdin.write(b"x" * 200_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
        assert process.stderr is not None and process.stderr.read() == b""
    finally:
        process.kill()
        process.communicate()
