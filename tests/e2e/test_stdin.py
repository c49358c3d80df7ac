"""Words that are piped in."""

import subprocess

import msgspec
import pytest

from e2e.process import COMMAND, PATIENCE, Json, Kedge
from e2e.remotes import REMOTES, Served
from loopback.fixtures import ThreadedLoopback
from loopback.script import turn

REMOTE = REMOTES["anthropic"]


def result_of(line: bytes) -> Json:
    """The only line."""
    assert line.count(b"\n") == 1
    return msgspec.json.decode(line, type=Json)


STDIN: dict[str, tuple[tuple[str, ...], bytes, str]] = {
    "as the prompt": (("-p",), "Grüße\n".encode(), "Grüße\n"),
    "as the prompt for a dash": (("-p", "-"), b"piped", "piped"),
    "as material": (("-p", "Review."), b"diff", "Review.\n\n<stdin>\ndiff\n</stdin>"),
    "as lines": (("-p", "Review."), b"diff\n", "Review.\n\n<stdin>\ndiff\n</stdin>"),
    "empty": (("-p", "Review."), b"", "Review."),
    "with a byte order mark": (("-p",), b"\xef\xbb\xbfhi", "hi"),
    "with Windows newlines": (("-p",), b"a\r\nb", "a\r\nb"),
}


@pytest.mark.parametrize("case", STDIN)
def test_stdin_is_heard(kedge: Kedge, threaded_loopback: ThreadedLoopback, case: str) -> None:
    arguments, stdin, prompt = STDIN[case]
    server = threaded_loopback([turn("ok")])
    assert kedge(*REMOTE.options(server.url), *arguments, stdin=stdin).code == 0
    (started,) = [record for record in kedge.log if record["kind"] == "turn.started"]
    assert started["prompt"] == [{"type": "text", "text": prompt}]


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("-p",), b"", "no prompt"),
        (("-p", "-"), b"", "no prompt"),
        (("-p", "  \n"), b"", "no prompt"),
        (("-p", "x"), b"\xff\xfe\x00binary", "not UTF-8"),
        (("-p", "x"), b"x" * 10_000_001, "10000000 bytes"),
    ],
    ids=["empty", "empty dash", "blank", "binary", "too long"],
)
def test_what_stdin_cannot_be_is_refused(
    kedge: Kedge, arguments: tuple[str, ...], stdin: bytes, words: str
) -> None:
    ran = kedge("-m", REMOTE.model, *arguments, "--output-format", "json", stdin=stdin)
    assert (ran.code, result_of(ran.out)["status"]) == (2, "usage")
    assert words in ran.complaint


def test_a_pipe_that_says_nothing_is_not_waited_for_when_there_is_a_prompt(
    kedge: Kedge, served: Served
) -> None:
    silent = subprocess.Popen(["sleep", "100"], stdout=subprocess.PIPE)
    try:
        ended = subprocess.run(
            [*COMMAND, *served(turn("ok")), "-p", "x"],
            stdin=silent.stdout, cwd=kedge.cwd, env=kedge.env, capture_output=True,
            timeout=PATIENCE,
        )  # fmt: skip
    finally:
        silent.kill()
        silent.communicate()
    assert (ended.returncode, ended.stdout) == (0, b"ok\n")


def test_a_very_long_prompt_arrives_whole(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback([turn("ok")])
    assert kedge(*REMOTE.options(server.url), "-p", stdin=b"ab " * 600_000).code == 0
    assert b"ab " * 600_000 in server.requests[0].body
