"""Every fault on every wire, once and for ever: the run goes on, or ends as documented."""

import msgspec
import pytest

from e2e.process import Json, Kedge, Ran
from e2e.remotes import KEYS, REMOTES
from loopback.fixtures import ThreadedLoopback
from loopback.script import WIRE_NAMES, Call, Expect, Fault, WireName, turn
from loopback.threaded import RunningServer

QUICK = (
    *("--set", "retry.attempts=2", "--set", "retry.base_seconds=0.01"),
    *("--set", "http.idle_timeout_seconds=0.5"),
)
ANSWER = "The answer, with ünïcödé ✓ and several words."
BEFORE = turn("First I write.", Call("bash", {"command": "echo once >> ran.txt"}))

Expected = tuple[Fault, str, int]

PASSING: tuple[Expected, ...] = (
    (Fault("status", status=408), "timeout", 75),
    (Fault("status", status=409), "server", 75),
    (Fault("status", status=429), "rate_limit", 75),
    (Fault("status", status=500), "server", 75),
    (Fault("status", status=502, body="<html>\n<h1>Bad gateway</h1>\n</html>"), "server", 75),
    (Fault("status", status=503), "overloaded", 75),
    (Fault("status", status=529), "overloaded", 75),
    (Fault("html_200"), "malformed", 75),
    (Fault("empty_200"), "cut_off", 75),
    (Fault("json_200_error"), "server", 75),
    (Fault("close_before_headers"), "connection", 75),
    (Fault("stall_before_headers"), "timeout", 75),
    (Fault("reset_mid_stream"), "cut_off", 75),
    (Fault("cut_chunked"), "cut_off", 75),
    (Fault("cut_chunked", after=-1), "cut_off", 75),
    (Fault("clean_early_end"), "cut_off", 75),
    (Fault("clean_early_end", after=-1), "cut_off", 75),
    (Fault("stall"), "timeout", 75),
    (Fault("error_event"), "server", 75),
    (Fault("failed_event"), "server", 75),
    (Fault("malformed_sse"), "malformed", 75),
    (Fault("empty_answer"), "empty", 75),
)
"""Faults that may pass, and are worth another attempt."""
LASTING: tuple[Expected, ...] = (
    (Fault("status", status=400), "invalid", 75),
    (Fault("status", status=400, code="context_length_exceeded"), "context_length", 75),
    (Fault("status", status=401), "credentials", 4),
    (Fault("status", status=402), "quota", 75),
    (Fault("status", status=403), "credentials", 4),
    (Fault("status", status=404), "not_found", 3),
    (Fault("status", status=413), "context_length", 75),
    (Fault("status", status=500, headers={"x-should-retry": "false"}), "server", 75),
)
"""Faults that repeating does not cure."""
OWN_KINDS: dict[tuple[WireName, int | str], str] = {
    ("anthropic", 408): "server",
    ("anthropic", 503): "server",
    ("anthropic", "error_event"): "overloaded",
    ("anthropic", "failed_event"): "overloaded",
}
"""Where Anthropic's double says something else than the status: the body is believed first."""


def name(case: Expected) -> str:
    fault = case[0]
    kind = str(fault.status) if fault.kind == "status" else fault.kind
    more = [str(part) for part in (fault.code, "at the end" if fault.after < 0 else None) if part]
    return "-".join([kind, *more, *(["final"] if fault.headers else [])])


def asked(
    kedge: Kedge, server: RunningServer, wire: WireName, *more: str, output: str = "stream-json"
) -> Ran:
    return kedge(
        *REMOTES[wire].options(server.url, "--mode", "full", "--output-format", output),
        *QUICK, "-p", "Go.", *more,
    )  # fmt: skip


def standing_text(records: list[Json]) -> str:
    """What a reader of the stream holds for the last answer: void words dropped."""
    text = ""
    for record in records:
        if record["kind"] == "model.request" or record.get("code") == "restarted":
            text = ""
        elif record["kind"] == "text.delta":
            text += str(record["text"])
    return text


def kinds(records: list[Json]) -> list[object]:
    return [record["kind"] for record in records]


@pytest.mark.parametrize("wire", WIRE_NAMES)
@pytest.mark.parametrize("case", PASSING, ids=name)
def test_a_fault_that_passes_is_not_noticed_in_the_outcome(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName, case: Expected
) -> None:
    passing = msgspec.structs.replace(case[0], times=1)
    server = threaded_loopback(
        [msgspec.structs.replace(BEFORE, fault=passing), turn(ANSWER, fault=passing)], seed=3
    )
    ran = asked(kedge, server, wire)
    assert (ran.code, ran.complaint, ran.result["text"]) == (0, "", ANSWER)
    assert standing_text(ran.records) == ANSWER
    assert (kedge.cwd / "ran.txt").read_text() == "once\n"
    assert len(server.requests) == 4
    assert kinds(ran.records).count("action.started") == 1
    assert [r["code"] for r in ran.records if r["kind"] == "notice"].count("retry") == 2


@pytest.mark.parametrize("wire", WIRE_NAMES)
@pytest.mark.parametrize("case", PASSING + LASTING, ids=name)
def test_a_fault_that_stays_ends_the_run_as_documented(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName, case: Expected
) -> None:
    fault, kind, code = case
    server = threaded_loopback(
        [BEFORE, *[turn(ANSWER, fault=fault)] * (2 if fault.kind == "empty_answer" else 1)]
    )
    ran = asked(kedge, server, wire)
    error = msgspec.convert(ran.result["error"], Json)
    own = OWN_KINDS.get((wire, fault.status if fault.kind == "status" else fault.kind))
    assert (ran.code, ran.result["exit_code"], error["code"]) == (code, code, own or kind)
    assert bool(error.get("retryable")) == (case in PASSING)
    assert len(server.requests) == (3 if case in PASSING else 2)
    assert ran.complaint.startswith("kedge: ")
    assert ran.complaint.count("\n") == 1, ran.complaint
    assert KEYS[REMOTES[wire].key] not in ran.complaint
    assert (kedge.cwd / "ran.txt").read_text() == "once\n"
    ended = [kind for kind in kinds(kedge.log) if kind != "checkpoint"]
    assert ended[-3:] == ["error", "turn.ended", "result"]
    assert "action.ended" in kinds(kedge.log)


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_words_said_before_the_end_are_kept(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    broken = turn(ANSWER, fault=Fault("cut_chunked", after=-1))
    ran = asked(kedge, threaded_loopback([broken]), wire)
    assert ran.code == 75
    assert ran.result["text"] and ANSWER.startswith(str(ran.result["text"]))


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_another_answer_after_a_break_voids_the_words_before_it(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    answers = iter(
        [turn("One thing, at length.", fault=Fault("cut_chunked", after=-1)), turn("Another.")]
    )
    ran = asked(kedge, threaded_loopback(lambda request, name: next(answers)), wire)
    assert (ran.code, ran.result["text"]) == (0, "Another.")
    assert standing_text(ran.records) == "Another."


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_a_call_cut_off_in_its_arguments_does_nothing_and_the_model_is_told(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    call = Call("write", {"file_path": "new.txt", "content": "x" * 100})
    server = threaded_loopback(
        [
            turn(call, fault=Fault("truncated_tool_json")),
            turn(call, expect=Expect(last_contains="cut off at the output limit")),
            turn(ANSWER),
        ]
    )
    ran = asked(kedge, server, wire)
    assert (ran.code, (kedge.cwd / "new.txt").read_text()) == (0, "x" * 100)
    ends = [record for record in ran.records if record["kind"] == "action.ended"]
    assert [end["status"] for end in ends] == ["failed", "ok"]


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_a_slow_answer_is_no_fault(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    slow = turn(ANSWER, fault=Fault("slow", delay=0.01))
    ran = asked(kedge, threaded_loopback([slow]), wire)
    assert (ran.code, len([r for r in ran.records if r["kind"] == "notice"])) == (0, 0)


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_a_refused_connection_ends_the_run_with_75(
    kedge: Kedge, refusing_url: str, wire: WireName
) -> None:
    ran = kedge(*REMOTES[wire].options(refusing_url), *QUICK, "-p", "Go.")
    assert (ran.code, ran.out) == (75, b"")
    assert "cannot connect" in ran.complaint and "refused" in ran.complaint.lower()


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_a_certificate_that_nobody_vouches_for_ends_the_run_at_once(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    server = threaded_loopback([turn(ANSWER)], allow_unused=True, tls=True)
    ran = asked(kedge, server, wire)
    assert (ran.code, msgspec.convert(ran.result["error"], Json)["code"]) == (75, "tls")
    assert "not trusted" in ran.complaint
    assert server.requests == []


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_the_wait_that_a_provider_asks_for_is_kept(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    busy = Fault("status", status=429, times=1, headers={"retry-after": "0.4"})
    server = threaded_loopback([turn(ANSWER, fault=busy)])
    assert asked(kedge, server, wire).code == 0
    assert server.requests[1].at - server.ends[0].at >= 0.4


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_a_wait_that_is_too_long_ends_the_run_at_once(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    busy = Fault("status", status=429, headers={"retry-after": "3600"})
    server = threaded_loopback([turn(ANSWER, fault=busy)])
    ran = asked(kedge, server, wire)
    assert (ran.code, len(server.requests)) == (75, 1)
    assert "3600 s" in ran.complaint


def test_after_a_fault_the_session_goes_on_where_it_was(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    down = threaded_loopback([BEFORE, turn(ANSWER, fault=Fault("status", status=529))])
    assert asked(kedge, down, "anthropic").code == 75
    up = threaded_loopback([turn(ANSWER, expect=Expect(contains="once >> ran.txt"))])
    ran = kedge(*REMOTES["anthropic"].options(up.url), "-c", "-p", "Again.")
    assert (ran.code, ran.answer) == (0, ANSWER + "\n")
