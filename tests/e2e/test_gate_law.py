"""Each action has exactly one decision, however a run goes and wherever it is stopped."""

import hashlib
import re
import signal
from pathlib import Path

import pytest

from e2e import law
from e2e.gated import Model, bash, write
from e2e.process import COMMAND, lines, wait_until
from loopback.script import Call, Fault, FaultKind, turn

BUSY = bash("touch begun; sleep 4041")
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]


def stopped(model: Model, number: signal.Signals, *calls: Call) -> int:
    """A run that is sent a signal while a command runs; its exit code."""
    options = model.options(turn(*calls), allow_unused=True)
    process = model.kedge.start(*options, "-p", "Go.", "--mode", "full")
    try:
        wait_until((model.kedge.cwd / "begun").exists, "the command runs")
        process.send_signal(number)
        return model.kedge.ended(process).code
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=lambda it: getattr(it, "name", ""))
def test_a_signal_in_the_middle_of_several_calls(
    model: Model, number: signal.Signals, code: int
) -> None:
    calls = (bash("ls", "a"), bash("rm -rf /", "b"), BUSY, write("c", id="c"), Call("x", "{", "d"))
    assert stopped(model, number, *calls) == code
    law.check(model.kedge.logs[0])
    ends = {one["id"]: one["status"] for one in model.of("action.ended")}
    assert [ends[id] for id in "abcd"] == ["ok", "denied", "cancelled", "cancelled"]
    # What was not begun was not decided; what was had its decision before.
    assert len(model.of("decision")) == len(model.of("action.started")) + 1 == 3


def test_a_killed_run_leaves_brackets_that_the_next_one_closes(model: Model) -> None:
    process = model.kedge.start(
        *model.options(turn(bash("ls", "a"), BUSY, bash("pwd", "c")), allow_unused=True),
        "-p", "Go.", "--mode", "full",
    )  # fmt: skip
    wait_until((model.kedge.cwd / "begun").exists, "the command runs")
    process.kill()
    process.communicate()
    wait_until(lambda: model.records[-1]["kind"] == "action.started", "the log is written")
    model.run(options=("-c",))
    law.check(model.kedge.logs[0])
    assert [one["status"] for one in model.of("action.ended")] == ["ok", "unknown", "cancelled"]
    assert len(model.of("decision")) == 2


def test_time_that_runs_out_in_the_middle(model: Model) -> None:
    ran = model.stopped(
        turn(bash("ls", "a"), BUSY, write("c")),
        options=("--mode", "full", "--max-seconds", "1"),
    )
    assert ran.code == 8
    law.check(model.kedge.logs[0])


FAILING = {
    "no such tool": Call("nobody", {}),
    "no JSON": Call("bash", "{"),
    "an unknown argument": Call("bash", {"command": "ls", "x": 1}),
    "a missing file": Call("read", {"file_path": "nowhere"}),
    "outside": Call("read", {"file_path": "/etc/hostname"}),
    "a failing command": bash("false"),
    "a command that is not there": bash("nonesuch-4042"),
    "a timeout": Call("bash", {"command": "sleep 4043", "timeout": 1}),
    "a syntax error": bash("if"),
    "a killed shell": bash("kill -9 $$"),
    "a denied command": bash("rm -rf /"),
    "no change": Call("edit", {"file_path": "a", "old_string": "x", "new_string": "x"}),
    "a surrogate": Call("bash", '{"command": "echo \\ud800"}'),
    "a zero byte": Call("read", {"file_path": "a\x00b"}),
}


def test_calls_that_fail_in_every_way(model: Model) -> None:
    named = [Call(it.name, it.arguments, f"f{n}") for n, it in enumerate(FAILING.values())]
    model.run(*named, turn(*(Call(it.name, it.arguments, f"{it.id}_b") for it in named)),
              options=("--mode", "full"))  # fmt: skip
    law.check(model.kedge.logs[0])
    assert len(model.of("decision")) == len(model.of("action.ended")) == 2 * len(FAILING)


def test_two_calls_with_one_id(model: Model) -> None:
    model.stopped(turn(bash("ls", "a"), bash("touch x", "a")), bash("pwd", "a"))
    law.check(model.kedge.logs[0])


BROKEN: tuple[FaultKind, ...] = ("cut_chunked", "reset_mid_stream", "truncated_tool_json")


@pytest.mark.parametrize("kind", BROKEN)
def test_an_answer_that_breaks_off_within_a_call(model: Model, kind: FaultKind) -> None:
    broken = turn("I look.", bash("ls", "a"), fault=Fault(kind, times=1))
    model.stopped(broken)
    law.check(model.kedge.logs[0])


def test_the_output_limit_within_a_call(model: Model) -> None:
    cut = turn(bash("ls", "a"), Call("bash", '{"command": "rm -r', "b"), stop="max_tokens")
    model.run(cut)
    law.check(model.kedge.logs[0])
    assert [outcome for outcome, _ in model.decisions] == ["allow", "deny"]


def test_a_refusal_with_calls(model: Model) -> None:
    model.stopped(turn("No.", bash("ls", "a"), stop="refusal"))
    law.check(model.kedge.logs[0])


def test_a_disk_that_is_full_in_the_middle(model: Model) -> None:
    """The log takes no more: nothing begins that could not be recorded."""
    kedge = model.kedge
    options = model.options(turn(*(bash(f"echo {n} > f{n}", f"c{n}") for n in range(30))),
                            allow_unused=True)  # fmt: skip
    limited = ("bash", "-c", 'ulimit -f 24; trap "" XFSZ; exec "$@"', "bash")
    ran = kedge(*options, "-p", "Go.", "--mode", "full", "--sandbox", "off",
                "--output-format", "stream-json", command=(*limited, *COMMAND))  # fmt: skip
    assert ran.code not in (0, 6)
    begun = {one["id"] for one in model.of("action.started")}
    done = {one["id"] for one in ran.records if one.get("status") == "ok"}
    assert done <= begun and len(begun) < 30
    law.check(kedge.logs[0])


def test_the_checker_sees_what_is_wrong(model: Model, tmp_path: Path) -> None:
    model.run(bash("ls", "a"), bash("rm -rf /", "b"))
    records = model.kedge.logs[0].read_bytes().splitlines(keepends=True)
    kinds = [str(one["kind"]) for one in lines(b"".join(records))]
    copy = tmp_path / "copy.jsonl"
    law.check(model.kedge.logs[0])
    for kind in ("decision", "action.ended", "action.proposed"):
        place = kinds.index(kind)
        copy.write_bytes(_chained([*records[:place], *records[place + 1 :]]))
        with pytest.raises(AssertionError):
            law.check(copy)
        copy.write_bytes(_chained([*records[:place], records[place], *records[place:]]))
        with pytest.raises(AssertionError):
            law.check(copy)


def _chained(records: list[bytes]) -> bytes:
    """The records as if they had been written so."""
    written: list[bytes] = []
    for record in records:
        before = hashlib.sha256(written[-1][:-1]).hexdigest() if written else ""
        written.append(re.sub(rb'"prev":"[0-9a-f]*"', b'"prev":"%s"' % before.encode(), record))
    return b"".join(written)
