"""`kedge tool exec`: tools by hand, as the agent would run them."""

import signal
import subprocess

import msgspec
import pytest

from e2e.process import COMMAND, PATIENCE, Json, Kedge, Ran, marked, wait_until

Asked = tuple[str, Json]


def executed(kedge: Kedge, *asked: Asked, mode: str = "full") -> Ran:
    """The calls, one after another, in one session."""
    calls = b"".join(msgspec.json.encode({"tool": t, "args": a}) + b"\n" for t, a in asked)
    return kedge("tool", "exec", "--json", "-C", ".", "--mode", mode, stdin=calls)


@pytest.fixture(autouse=True)
def files(kedge: Kedge) -> None:
    """A text and a binary file."""
    (kedge.cwd / "a.txt").write_text("one\ntwo\none\n")
    (kedge.cwd / "b.bin").write_bytes(b"\0\1\2" * 50)


READ: Asked = ("read", {"file_path": "a.txt"})


def edit(old: str, new: str) -> Asked:
    """An edit of a.txt."""
    return ("edit", {"file_path": "a.txt", "old_string": old, "new_string": new})


def test_the_calls_share_one_session(kedge: Kedge) -> None:
    ran = executed(kedge, READ, edit("two", "2"), ("bash", {"command": "cat a.txt; exit 3"}))
    assert ran.code == 0
    assert [answer["ok"] for answer in ran.records] == [True, True, True]
    assert (ran.records[2]["text"], ran.records[2]["exit_code"]) == ("one\n2\none\nExit code 3.", 3)


KINDS: dict[str, tuple[Asked, ...]] = {
    "not_found": (("read", {"file_path": "nope"}),),
    "ambiguous": (READ, edit("one", "1")),
    "stale": (edit("two", "2"),),
    "no_change": (READ, edit("two", "two")),
    "outside_workspace": (("read", {"file_path": "/etc/passwd"}),),
    "binary": (("read", {"file_path": "b.bin"}),),
    "bad_patch": (("apply_patch", {"patch": "nonsense"}),),
    "conflict": (
        ("apply_patch", {"patch": "*** Begin Patch\n*** Add File: a.txt\n+x\n*** End Patch"}),
    ),
    "timeout": (("bash", {"command": "sleep 4021", "timeout": 1}),),
    "other": (("nobody", {}),),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_error_is_told(kedge: Kedge, kind: str) -> None:
    ran = executed(kedge, *KINDS[kind])
    last = ran.records[-1]
    assert (ran.code, last["ok"], last["error_kind"]) == (1, False, kind)
    assert last["text"]
    assert (kedge.cwd / "a.txt").read_text() == "one\ntwo\none\n"


@pytest.mark.parametrize("mode", ["ask", "plan"])
def test_a_change_that_the_mode_does_not_allow_is_denied(kedge: Kedge, mode: str) -> None:
    ran = executed(kedge, READ, ("bash", {"command": "touch made"}), mode=mode)
    assert [answer["error_kind"] for answer in ran.records] == [None, "denied"]
    assert not (kedge.cwd / "made").exists()


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense", b"[1]", b'{"tool": 3}', b'{"args": {}}', b'{"tool": "read", "x": 1}', b"\xff",
        b'{"tool": "read", "args": "a.txt"}', b'{"tool": "read", "args": {"path": "a.txt"}}',
        b'{"tool": "read", "args": {"file_path": "\\ud800"}}', b'{"tool": "", "args": {}}',
        b'{"tool": "read", "args": {"file_path": "a\\u0000b"}}',
        b'{"tool": "bash", "args": {"command": "a\\u0000b"}}',
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_understood_has_an_answer_and_the_next_one_too(
    kedge: Kedge, line: bytes
) -> None:
    good = b'\n\n{"tool": "read", "args": {"file_path": "a.txt"}}'
    ran = kedge("tool", "exec", "--json", "--mode", "full", stdin=line + good)
    assert ran.complaint == ""
    assert [answer["ok"] for answer in ran.records] == [False, True]


def test_without_input_there_is_nothing_to_do(kedge: Kedge) -> None:
    assert (kedge("tool", "exec", stdin=b"").code, kedge("tool", "exec").code) == (0, 0)


def test_words_are_printed_without_json(kedge: Kedge) -> None:
    ran = kedge("tool", "exec", stdin=b'{"tool": "read", "args": {"file_path": "nope"}}\n')
    assert (ran.code, ran.answer.startswith("[not_found] ")) == (1, True)


def test_a_wrong_directory_is_refused(kedge: Kedge) -> None:
    ran = kedge("tool", "exec", "--json", "-C", "nowhere", stdin=b"")
    assert ran.code == 2 and "nowhere" in ran.complaint


def test_background_commands_end_with_the_session(kedge: Kedge) -> None:
    ran = executed(kedge, ("bash", {"command": "sleep 4022", "run_in_background": True}))
    assert ran.code == 0
    assert marked(kedge.home) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it_with_its_commands(kedge: Kedge, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "tool", "exec", "--json", "--mode", "full"],
        cwd=kedge.cwd, env=kedge.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stderr is not None
    call = {"tool": "bash", "args": {"command": "touch begun; sleep 4023"}}
    try:
        process.stdin.write(msgspec.json.encode(call) + b"\n")
        process.stdin.flush()
        wait_until((kedge.cwd / "begun").exists, "the command runs")
        process.send_signal(number)
        process.wait(timeout=PATIENCE)
        wait_until(lambda: not marked(kedge.home), "nothing is left")
        assert b"Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_it_while_it_waits_for_a_line(kedge: Kedge) -> None:
    process = subprocess.Popen(
        [*COMMAND, "tool", "exec", "--json"],
        cwd=kedge.cwd, env=kedge.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(b'{"tool": "todo", "args": {"items": []}}\n')
        process.stdin.flush()
        assert b'"ok":true' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
    finally:
        process.kill()
        process.communicate()
