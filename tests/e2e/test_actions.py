"""What the model may do in a one-shot run, and with what."""

from pathlib import Path

import msgspec
import pytest

from e2e.process import COMMAND, Json, Kedge, marked
from e2e.remotes import KEYS, REMOTES, Served
from loopback.script import Call, Expect, turn

REMOTE = REMOTES["anthropic"]


def result_of(line: bytes) -> Json:
    """The only line."""
    assert line.count(b"\n") == 1
    return msgspec.json.decode(line, type=Json)


MODES = {
    "ask": ("nobody can be asked", "--allow '"),
    "plan": ("mode plan changes nothing", "describe"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "call",
    [
        Call("bash", {"command": "touch made"}),
        Call("write", {"file_path": "made", "content": "x"}),
        Call("edit", {"file_path": "made", "old_string": "", "new_string": "x"}),
    ],
    ids=lambda call: call.name,
)
def test_what_the_mode_does_not_allow_is_not_done_and_the_model_knows_why(
    kedge: Kedge, served: Served, mode: str, call: Call
) -> None:
    reason, way_out = MODES[mode]
    told = turn("I cannot.", expect=Expect(last_contains=reason))
    ran = kedge(*served(turn(call), told), "-p", "x", "--mode", mode, "--output-format", "json")
    result = result_of(ran.out)
    assert (ran.code, result["status"]) == (6, "blocked")
    assert [denial["tool"] for denial in msgspec.convert(result["denials"], list[Json])] == [
        call.name
    ]
    assert reason in ran.complaint and way_out in ran.complaint
    assert list(kedge.cwd.iterdir()) == []


def test_reading_is_allowed_without_asking(kedge: Kedge, served: Served) -> None:
    (kedge.cwd / "a.txt").write_text("inside")
    told = turn("Read.", expect=Expect(last_contains="inside"))
    ran = kedge(*served(turn(Call("read", {"file_path": "a.txt"})), told), "-p", "x")
    assert (ran.code, ran.answer) == (0, "Read.\n")


def test_commands_do_not_inherit_keys(kedge: Kedge, served: Served) -> None:
    show = Call("bash", {"command": "env"})
    ran = kedge(*served(turn(show), turn("ok")), "-p", "x", "--mode", "full")
    stored = kedge.logs[0].read_bytes()
    assert ran.code == 0
    assert b"PATH=" in stored
    assert not any(key.encode() in stored for key in KEYS.values())


def test_kedge_runs_within_kedge(kedge: Kedge, served: Served) -> None:
    """Its commands carry a mark in their environment; that is no setting."""
    inner = Call("bash", {"command": " ".join([*COMMAND, "config", "show"])})
    told = turn("ok", expect=Expect(last_contains="limits.max_turns = 200"))
    assert kedge(*served(turn(inner), told), "-p", "x", "--mode", "full").code == 0


def test_a_directory_is_worked_in_from_elsewhere(kedge: Kedge, served: Served) -> None:
    (kedge.cwd / "inner").mkdir()
    make = Call("bash", {"command": "touch made"})
    ran = kedge(*served(turn(make), turn("ok")), "-p", "x", "-C", "inner", "--mode", "full")
    assert ran.code == 0
    assert (kedge.cwd / "inner" / "made").exists()


def test_an_added_directory_may_be_written(kedge: Kedge, served: Served, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write = Call("write", {"file_path": str(other / "made"), "content": "x"})
    ran = kedge(
        *served(turn(write), turn("ok")), "-p", "x", "--add-dir", str(other), "--mode", "full"
    )
    assert (ran.code, (other / "made").read_text()) == (0, "x")


def test_background_commands_end_with_the_run(kedge: Kedge, served: Served) -> None:
    serve = Call("bash", {"command": "(sleep 4031 &); sleep 4032", "run_in_background": True})
    ran = kedge(*served(turn(serve), turn("ok")), "-p", "x", "--mode", "full")
    assert ran.code == 0
    assert marked(kedge.home) == []


def test_what_the_sandbox_prevents_is_told_to_the_model_and_stamped_on_the_result(
    kedge: Kedge, served: Served
) -> None:
    (kedge.cwd / ".env").write_text("KEY=hunter22\n")
    command = """python3 -c 'print(open(".env").read())'"""
    secret = turn(Call("bash", {"command": command}))
    told = turn("I see.", expect=Expect(last_contains="The sandbox kept it from reading"))
    ran = kedge(*served(secret, told), "-p", "x", "--mode", "full", "--output-format", "json")
    assert ran.code == 0
    assert b"hunter22" not in kedge.logs[0].read_bytes()
    assert result_of(ran.out)["sandbox"].startswith("workspace-write (")


def test_switching_the_sandbox_off_shows_in_the_result(kedge: Kedge, served: Served) -> None:
    (kedge.cwd / ".env").write_text("KEY=value\n")
    told = turn("I see.", expect=Expect(last_contains="KEY=value"))
    call = turn(Call("bash", {"command": "cat .env"}))
    options = ("--mode", "full", "--sandbox", "off", "--output-format", "json")
    ran = kedge(*served(call, told), "-p", "x", *options)
    assert (ran.code, result_of(ran.out)["sandbox"]) == (0, "off")
