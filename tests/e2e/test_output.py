"""What a one-shot run prints: the answer on stdout, the rest on stderr, `result` last."""

import shlex
import subprocess
from base64 import b64decode

import msgspec
import pytest

from e2e.process import COMMAND, PATIENCE, Json, Kedge
from e2e.remotes import REMOTES, Served
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Expect, Usage, turn

REMOTE = REMOTES["anthropic"]
WORDS = "Grüße, 世界 🌍."
PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NUMBER = '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}'
LOOK = Call("glob", {"pattern": "*"})


def result_of(line: bytes) -> Json:
    """The only line."""
    assert line.count(b"\n") == 1
    return msgspec.json.decode(line, type=Json)


def test_text_is_the_answer_alone_and_progress_is_silent_where_nobody_watches(
    kedge: Kedge, served: Served
) -> None:
    ran = kedge(*served(turn("I look.", LOOK), turn(WORDS)), "-p", "x")
    assert (ran.code, ran.answer, ran.complaint) == (0, WORDS + "\n", "")


def test_json_is_one_line_and_the_line_is_the_result(kedge: Kedge, served: Served) -> None:
    ran = kedge(*served(turn("I look.", LOOK), turn(WORDS)), "-p", "x", "--output-format", "json")
    result = result_of(ran.out)
    assert (ran.code, ran.complaint) == (0, "")
    assert (result["kind"], result["status"], result["text"]) == ("result", "done", WORDS)
    assert (result["turns"], result["denials"], result["error"]) == (2, [], None)


def test_verbose_tells_the_progress_without_colours_to_a_file(kedge: Kedge, served: Served) -> None:
    ran = kedge(*served(turn("I look.", LOOK), turn(WORDS)), "-p", "x", "-v")
    assert ran.answer == WORDS + "\n"
    assert "I look." in ran.complaint and "glob" in ran.complaint and "done" in ran.complaint
    assert b"\x1b" not in ran.err + ran.out


def test_forced_colours_do_not_reach_a_pipe(kedge: Kedge, served: Served) -> None:
    loud = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TERM": "xterm-256color"}
    ran = kedge(*served(turn(WORDS)), "-p", "x", "-v", env=loud)
    assert b"\x1b" not in ran.err + ran.out


def shell(kedge: Kedge, line: str) -> str:
    """What a line of bash prints."""
    ended = subprocess.run(
        ["bash", "-c", line],
        cwd=kedge.cwd, env=kedge.env, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=PATIENCE, check=True,
    )  # fmt: skip
    return (ended.stdout + ended.stderr).decode()


@pytest.mark.parametrize("line", ["{} 2>&1 | cat", "{} > log 2>&1; cat log"])
def test_where_progress_and_answer_come_together_the_answer_is_there_once(
    kedge: Kedge, served: Served, line: str
) -> None:
    run = shlex.join([*COMMAND, *served(turn("I look.", LOOK), turn(WORDS)), "-p", "x", "-v"])
    assert shell(kedge, line.format(run)).count(WORDS) == 1


def test_all_of_the_demo_goes_to_stdout(kedge: Kedge) -> None:
    ran = kedge("demo")
    assert (ran.code, ran.complaint) == (0, "")
    assert ran.answer.count("Fixed. `Basket.total`") == 1
    assert ran.answer.index("✗ bash") < ran.answer.index("Fixed.") < ran.answer.index("✓ done")


def test_verbose_tells_when_a_command_begins_and_what_a_check_printed(
    kedge: Kedge, served: Served
) -> None:
    ran = kedge(
        *served(turn(Call("bash", {"command": "touch hi"})), *[turn("Done.")] * 3),
        "-p", "x", "-v", "--mode", "full", "--verify", "echo there is nothing; exit 3",
    )  # fmt: skip
    assert ran.code == 10
    assert ran.complaint.index("▸ bash touch hi") < ran.complaint.index("✓ bash touch hi")
    assert "exit code 3; it printed:\n  there is nothing\n" in ran.complaint


def test_a_blocked_run_says_what_to_do(kedge: Kedge, served: Served) -> None:
    twice = turn(*[Call("bash", {"command": f"touch {name}"}) for name in "ab"])
    options = served(twice, turn("I may not."), twice, turn("I may not."))
    quiet, told = kedge(*options, "-p", "x"), kedge(*options, "-p", "x", "-v")
    assert (quiet.code, told.code) == (6, 6)
    advice = "run again with --mode auto to let it work in the sandbox"
    assert advice in quiet.complaint
    assert advice in told.complaint
    assert told.complaint.count("nobody can be asked") == 2


def test_the_answer_is_also_written_to_a_file(kedge: Kedge, served: Served) -> None:
    (kedge.cwd / "out.txt").write_text("before")
    ran = kedge(*served(turn(WORDS)), "-p", "x", "-o", "out.txt")
    assert (ran.answer, (kedge.cwd / "out.txt").read_text()) == (WORDS + "\n", WORDS)


@pytest.mark.parametrize("place", ["missing/out.txt", "."])
def test_an_output_file_that_cannot_be_is_refused_before_anything_is_spent(
    kedge: Kedge, served: Served, place: str
) -> None:
    ran = kedge(*served(), "-p", "x", "-o", place, "--output-format", "json")
    assert (ran.code, result_of(ran.out)["status"]) == (2, "usage")
    assert repr(place) in ran.complaint


def test_an_output_file_that_cannot_be_written_afterwards_leaves_one_result(
    kedge: Kedge, served: Served
) -> None:
    into = Call("bash", {"command": "mkdir out.txt"})
    ran = kedge(
        *served(turn(into), turn(WORDS)), "-p", "x", "-o", "out.txt", "--mode", "full",
        "--output-format", "json",
    )  # fmt: skip
    assert (ran.code, result_of(ran.out)["status"]) == (1, "done")
    assert "cannot write --output" in ran.complaint


def test_a_device_is_a_place_for_the_answer_too(kedge: Kedge, served: Served) -> None:
    assert kedge(*served(turn(WORDS)), "-p", "x", "-o", "/dev/null").code == 0


def test_an_answer_that_fits_the_schema_is_printed_as_json(kedge: Kedge, served: Served) -> None:
    answer = 'Here it is:\n```json\n{"n": 3}\n```'
    (kedge.cwd / "schema.json").write_text(NUMBER)
    ran = kedge(*served(turn(answer)), "-p", "x", "--json-schema", "schema.json", "-o", "out.json")
    assert (ran.code, msgspec.json.decode(ran.out)) == (0, {"n": 3})
    assert msgspec.json.decode((kedge.cwd / "out.json").read_bytes()) == {"n": 3}


def test_an_answer_that_does_not_fit_goes_back(kedge: Kedge, served: Served) -> None:
    again = turn('{"n": 4}', expect=Expect(last_contains="'three' is not of type 'integer'"))
    ran = kedge(
        *served(turn('{"n": "three"}'), again), "-p", "x", "--json-schema", NUMBER,
        "--output-format", "json",
    )  # fmt: skip
    assert (ran.code, result_of(ran.out)["structured"]) == (0, {"n": 4})


def test_an_answer_that_never_fits_ends_with_10(kedge: Kedge, served: Served) -> None:
    ran = kedge(
        *served(*[turn("no")] * 3), "-p", "x", "--json-schema", NUMBER, "--output-format", "json"
    )
    result = result_of(ran.out)
    assert (ran.code, result["status"], result["structured"]) == (10, "verification", None)
    assert "output schema" in ran.complaint


def test_a_red_check_goes_back_until_it_is_green(kedge: Kedge, served: Served) -> None:
    make = Call("bash", {"command": "touch made"})
    again = turn(make, expect=Expect(last_contains="there is nothing"))
    ran = kedge(
        *served(turn("Done."), again, turn("Now it is.")), "-p", "x", "--mode", "full",
        "--verify", "test -e made || { echo there is nothing; exit 3; }", "--verify", "true",
        "--output-format", "json",
    )  # fmt: skip
    checks = msgspec.convert(result_of(ran.out)["evidence"], Json)["checks"]
    assert ran.code == 0
    assert [c["exit_code"] for c in msgspec.convert(checks, list[Json])] == [0, 0]


def test_a_check_that_is_never_green_ends_with_10(kedge: Kedge, served: Served) -> None:
    ran = kedge(*served(*[turn("Done.")] * 3), "-p", "x", "--verify", "exit 7")
    assert (ran.code, ran.answer) == (10, "Done.\n")
    assert ran.complaint == "kedge: the final check failed: exit 7 (exit code 7)\n"


def test_the_turn_limit_ends_with_9(kedge: Kedge, served: Served) -> None:
    ran = kedge(
        *served(turn(LOOK), turn(LOOK)), "-p", "x", "--max-turns", "2", "--output-format", "json"
    )
    result = result_of(ran.out)
    assert (ran.code, result["status"], result["turns"]) == (9, "turn_limit", 2)
    assert ran.complaint == (
        "kedge: stopped after 2 model calls (limits.max_turns = 2); allow more by --max-turns\n"
    )


def test_spent_money_ends_with_8(kedge: Kedge, served: Served) -> None:
    dear = turn(LOOK, usage=Usage(10_000))
    ran = kedge(*served(dear, dear), "-p", "x", "--max-cost", "0.03", "--output-format", "json")
    result = result_of(ran.out)
    assert (ran.code, result["status"], result["cost_usd"]) == (8, "budget", 0.0404)
    limit = "stopped after $0.0404 (limits.max_cost = 0.03)"
    assert msgspec.convert(result["error"], Json)["text"] == limit
    assert ran.complaint == f"kedge: {limit}; allow more by --max-cost\n"


def test_time_that_is_up_is_told(kedge: Kedge, served: Served) -> None:
    wait = turn(Call("bash", {"command": "sleep 4013"}))
    ran = kedge(*served(wait), "-p", "x", "-v", "--mode", "full", "--max-seconds", "0.5")
    assert ran.code == 8
    assert ran.complaint.endswith("stopped after 0.5 s (limits.max_seconds = 0.5); "
                                  "allow more by --max-seconds\n")  # fmt: skip


def test_a_price_that_is_not_known_cannot_be_limited(kedge: Kedge, served: Served) -> None:
    ran = kedge(*served(), "-m", "anthropic/claude-nobody", "-p", "x", "--max-cost", "1")
    assert ran.code == 2
    assert "price" in ran.complaint


def test_a_picture_is_sent_with_the_prompt(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    (kedge.cwd / "a.png").write_bytes(PNG)
    server = threaded_loopback([turn("White.")])
    assert kedge(*REMOTE.options(server.url), "-p", "What?", "--image", "a.png").code == 0
    assert b'"media_type":"image/png"' in server.requests[0].body


@pytest.mark.parametrize("name", ["missing.png", "text.png"])
def test_what_is_no_picture_is_refused(kedge: Kedge, served: Served, name: str) -> None:
    (kedge.cwd / "text.png").write_text("text")
    ran = kedge(*served(), "-p", "What?", "--image", name)
    assert ran.code == 2
    assert name in ran.complaint
