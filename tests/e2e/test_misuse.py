"""Odd places, odd environments, odd models: nothing ends in a traceback."""

import os
import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest

from e2e.process import COMMAND, PATIENCE, Json, Kedge, Ran
from e2e.remotes import REMOTES, Served
from loopback.fixtures import ThreadedLoopback
from loopback.script import WIRE_NAMES, Call, Expect, Text, WireName, turn

REMOTE = REMOTES["anthropic"]
WORDS = "Grüße ✓."


def bash(command: str, id: str = "") -> Call:
    """A call of bash."""
    return Call("bash", {"command": command}, id)


def called(ran: Ran) -> list[Json]:
    """The ends of all actions, by the stream."""
    return [record for record in ran.records if record["kind"] == "action.ended"]


def text_of(end: Json) -> str:
    """What the model is told."""
    return "".join(str(part["text"]) for part in msgspec.convert(end["content"], list[Json]))


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_fifty_calls_in_one_message_run_in_order(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    calls = [bash(f"echo {number} >> n.txt", f"call_{number}") for number in range(50)]
    server = threaded_loopback([turn(*calls), turn("ok")])
    assert kedge(*REMOTES[wire].options(server.url, "--mode", "full"), "-p", "x").code == 0
    assert (kedge.cwd / "n.txt").read_text().split() == [str(number) for number in range(50)]


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_repeated_call_ids_are_told_apart(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, wire: WireName
) -> None:
    calls = [bash(f"echo {number} >> n.txt", "same") for number in range(3)]
    server = threaded_loopback([turn(*calls), turn(calls[0]), turn("ok")])
    assert kedge(*REMOTES[wire].options(server.url, "--mode", "full"), "-p", "x").code == 0
    assert (kedge.cwd / "n.txt").read_text().split() == ["0", "1", "2", "0"]


@pytest.mark.parametrize("name", ["no tool", "Bash", "bäsh", "a" * 300, "../x", "bash\n", ""])
def test_a_tool_that_does_not_exist_is_answered_with_those_that_do(
    kedge: Kedge, served: Served, name: str
) -> None:
    told = turn("ok", expect=Expect(last_contains="The tools are: read, write, edit"))
    ran = kedge(*served(turn(Call(name, {})), told), "-p", "x", "--mode", "full")
    assert (ran.code, ran.answer) == (0, "ok\n")


@pytest.mark.parametrize(
    "arguments",
    ["[]", "null", "3", '"x"', " ", "{", "{}", '{"command": null}', "NaN", "[" * 100_000,
     '{"command": "echo \\ud800"}', '{"command": "echo", "nonsense": 1}'],
    ids=lambda it: it[:12],
)  # fmt: skip
def test_arguments_that_make_no_sense_do_nothing_and_are_explained(
    kedge: Kedge, served: Served, arguments: str
) -> None:
    told = turn("ok", expect=Expect(last_contains="Nothing was done."))
    options = served(turn(Call("bash", arguments)), told)
    ran = kedge(*options, "-p", "x", "--mode", "full", "--output-format", "stream-json")
    assert ran.code == 0
    assert [end["status"] for end in called(ran)] == ["failed"]


def test_arguments_of_five_megabytes_arrive_whole(kedge: Kedge, served: Served) -> None:
    write = Call("write", {"file_path": "big", "content": "x" * 5_000_000})
    ran = kedge(*served(turn(write, delta=5_000), turn("ok")), "-p", "x", "--mode", "full")
    assert ran.code == 0
    assert (kedge.cwd / "big").stat().st_size == 5_000_000


@pytest.mark.parametrize("source", ["yes | head -c 5000000", "head -c 5000000 /dev/urandom"])
def test_five_megabytes_of_output_are_cut_for_the_model(
    kedge: Kedge, served: Served, source: str
) -> None:
    options = served(turn(bash(source)), turn("ok"))
    ran = kedge(*options, "-p", "x", "--mode", "full", "--output-format", "stream-json")
    (end,) = called(ran)
    assert (ran.code, end["truncated"]) == (0, True)
    assert len(text_of(end).encode()) < 100_000
    assert kedge.logs[0].stat().st_size < 1_000_000


def test_a_very_long_answer_is_printed_whole(kedge: Kedge, served: Served) -> None:
    ran = kedge(*served(turn(Text("line\n", repeat=20_000))), "-p", "x", "-o", "out.txt")
    assert ran.answer == "line\n" * 20_000
    assert (kedge.cwd / "out.txt").read_text() == "line\n" * 20_000


@pytest.mark.parametrize("name", ["-p", "--help", "--", "*", "a b", "a\nb", "$(touch made)", "~"])
def test_a_file_named_like_something_else_is_a_file(
    kedge: Kedge, served: Served, name: str
) -> None:
    (kedge.cwd / name).write_text("needle\n")
    options = served(
        turn(
            Call("read", {"file_path": f"./{name}"}),
            Call("grep", {"pattern": "needle", "path": f"./{name}", "output_mode": "content"}),
            Call("grep", {"pattern": "needle"}),
            Call("edit", {"file_path": f"./{name}", "old_string": "needle", "new_string": "pin"}),
            Call("grep", {"pattern": "--pre=touch made", "path": "."}),
            Call("grep", {"pattern": "pin", "glob": "--pre=touch made"}),
        ),
        turn("ok"),
    )
    ran = kedge(*options, "-p", "x", "--mode", "full", "--output-format", "stream-json")
    assert ran.code == 0
    assert [end["status"] for end in called(ran)][:4] == ["ok"] * 4
    assert (kedge.cwd / name).read_text() == "pin\n"
    assert not (kedge.cwd / "made").exists()


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"}, {"LC_ALL": "POSIX", "LANG": ""}, {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "nonsense"}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"},
        {"TMPDIR": "/nonexistent"}, {"HOME": "/nonexistent"}, {"TERM": ""}, {"COLUMNS": "x"},
        {"PYTHONOPTIMIZE": "2"}, {"PYTHONDEVMODE": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_odd_environments_change_nothing(kedge: Kedge, served: Served, env: dict[str, str]) -> None:
    told = turn(WORDS, expect=Expect(last_contains="Grüße"))
    options = served(turn(bash("echo Grüße")), told)
    ran = kedge(*options, "-p", "Grüße?", "--mode", "full", "-v", env=env)
    assert (ran.code, ran.answer) == (0, WORDS + "\n")
    listed = kedge("sessions", "list", env=env)
    assert (listed.code, listed.complaint) == (0, "")


@pytest.mark.parametrize("name", ["HOME", "PATH", "LANG"])
def test_missing_variables_do_no_harm(kedge: Kedge, served: Served, name: str) -> None:
    del kedge.env[name]
    ran = kedge(*served(turn(bash("echo hi")), turn("ok")), "-p", "x", "--mode", "full")
    assert (ran.code, ran.answer) == (0, "ok\n")


def test_without_a_home_the_platform_s_folders_are_used(
    kedge: Kedge, served: Served, tmp_path: Path
) -> None:
    del kedge.env["KEDGE_HOME"]
    ran = kedge(*served(turn("ok")), "-p", "x", env={"XDG_STATE_HOME": str(tmp_path / "xdg")})
    assert ran.code == 0
    assert list((tmp_path / "xdg").rglob("*.jsonl"))


@pytest.mark.parametrize("spoilt", ["a file", "state a file", "sessions dangling", "/proc/nowhere"])
def test_a_home_that_cannot_be_written_is_told_before_anything_is_spent(
    kedge: Kedge, served: Served, spoilt: str
) -> None:
    home = kedge.home
    match spoilt:
        case "a file":
            home = kedge.cwd / "file"
            home.touch()
        case "state a file":
            (home / "state").touch()
        case "sessions dangling":
            (home / "state").mkdir()
            (home / "state" / "sessions").symlink_to("/nonexistent/folder")
        case _:
            home = Path(spoilt)
    env = {"KEDGE_HOME": str(home)}
    ran = kedge(*served(), "-p", "x", "--output-format", "json", env=env)
    assert (ran.code, ran.result["status"]) == (1, "failed")
    assert "session log" in ran.complaint and "Traceback" not in ran.complaint
    assert kedge("sessions", "list", env=env).code in (0, 1)
    unkept = kedge(*served(turn("ok")), "-p", "x", "--no-session", env=env)
    assert (unkept.code, unkept.answer) == (0, "ok\n")


def test_a_disk_that_fills_ends_the_run_and_keeps_the_log_readable(
    kedge: Kedge, served: Served
) -> None:
    disk = kedge.cwd / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=160k tmpfs {disk}"
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here")
    options = served(turn(bash("echo ran >> ran.txt; yes | head -c 300000")))
    run = shlex.join([*COMMAND, *options, "-p", "x", "--mode", "full"])
    line = f"{mount} && {run} --output-format stream-json; echo $? >&2; cat {disk}/state/sessions/*"
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", line],
        cwd=kedge.cwd, env={**kedge.env, "KEDGE_HOME": str(disk)}, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    *complaint, code = ended.stderr.decode().splitlines()
    assert code == "1"
    errors = [line for line in complaint if not line.startswith("kedge: cannot be undone: ")]
    assert len(errors) == 1 and "No space left" in errors[0]
    _, _, stored = ended.stdout.partition(b'"kind":"result"')
    assert b'"status":"failed"' in stored.splitlines()[0]
    for record in stored.splitlines()[1:]:
        msgspec.json.decode(record)
    assert (kedge.cwd / "ran.txt").read_text() == "ran\n"


@pytest.mark.parametrize(
    "arguments",
    [("-p", "x", "-m", REMOTE.model), ("sessions", "list"), ("models",), ("config", "show"),
     ("tool", "exec")],
    ids=str,
)  # fmt: skip
def test_a_working_directory_that_is_gone_is_told(kedge: Kedge, arguments: tuple[str, ...]) -> None:
    gone = kedge.cwd / "gone"
    gone.mkdir()
    line = f"rmdir {gone}; exec {shlex.join([*COMMAND, *arguments])}"
    ended = subprocess.run(
        ["bash", "-c", line], cwd=gone, env=kedge.env, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ended.returncode == 2
    assert b"working directory" in ended.stderr and b"Traceback" not in ended.stderr


def test_a_working_directory_that_goes_away_in_mid_run_fails_the_tools_only(
    kedge: Kedge, served: Served
) -> None:
    (kedge.cwd / "gone").mkdir()
    lost = [bash("pwd"), Call("glob", {"pattern": "*"}), Call("read", {"file_path": "x"})]
    options = served(turn(bash("rmdir ../gone")), turn(*lost), turn("It is gone."))
    ran = kedge(
        *options, "-C", "gone", "-p", "x", "--mode", "full", "--sandbox", "off",
        "--output-format", "stream-json",
    )  # fmt: skip
    assert ran.code == 0
    assert [end["status"] for end in called(ran)] == ["ok", "failed", "failed", "failed"]


def test_bytes_that_are_no_utf_8_in_names_and_arguments_do_no_harm(
    kedge: Kedge, served: Served
) -> None:
    folder = os.fsencode(kedge.cwd) + b"/dir\xff"
    os.mkdir(folder)
    with open(folder + b"/name\xfe.txt", "w") as file:
        file.write("needle\n")
    options = served(
        turn(
            Call("glob", {"pattern": "**/*"}),
            Call("grep", {"pattern": "needle"}),
            bash("ls; printf 'raw\\377\\n'"),
        ),
        turn(WORDS),
    )
    ran = kedge(
        *options, b"-C", b"dir\xff", b"-p", b"prompt \xff\xfe", "--mode", "full",
        "--output-format", "stream-json",
    )  # fmt: skip
    assert (ran.code, ran.complaint, ran.result["text"]) == (0, "", WORDS)
    assert [end["status"] for end in called(ran)] == ["ok"] * 3
    for command in (("list", "--all"), ("show", kedge.logs[0].stem)):
        assert kedge("sessions", *command).code == 0
    assert kedge("--nope\udcff").code == 2


def test_a_prompt_of_control_characters_is_a_prompt(kedge: Kedge, served: Served) -> None:
    ran = kedge(*served(turn("ok")), "-p", "a\x01\x1b[2J\u202e\U0001f600")
    assert ran.code == 0


@pytest.mark.parametrize("command", ["demo extra", "sessions", "config", "nonsense", "-p --nope"])
def test_half_a_command_is_answered_with_help(kedge: Kedge, command: str) -> None:
    ran = kedge(*command.split())
    assert ran.code == 2
    assert "Usage: kedge" in ran.complaint and "Traceback" not in ran.complaint


def test_a_project_cannot_widen_what_may_happen(kedge: Kedge, served: Served) -> None:
    (kedge.cwd / ".kedge").mkdir()
    (kedge.cwd / ".kedge" / "config.toml").write_text('mode = "full"\n')
    options = served(turn(bash("touch made")), turn("I may not."))
    assert kedge(*options, "-p", "x").code == 6
    assert not (kedge.cwd / "made").exists()
