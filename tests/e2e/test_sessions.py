"""Sessions that were kept: found, shown, continued, damaged."""

from pathlib import Path

import msgspec
import pytest

from e2e.process import COMMAND, Json, Kedge, Ran, lines
from e2e.remotes import REMOTES, Served
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Expect, Fault, turn

REMOTE = REMOTES["anthropic"]


@pytest.fixture
def spoken(kedge: Kedge, served: Served) -> str:
    """The id of a session of one prompt and one answer."""
    assert kedge(*served(turn("The first answer.")), "-p", "The first prompt.").code == 0
    return kedge.logs[0].stem


def asked(kedge: Kedge, served: Served, *more: str) -> Ran:
    """A second prompt, to a model that must have heard the first answer."""
    second = turn("The second answer.", expect=Expect(contains="The first answer."))
    return kedge(*served(second), "-p", "The second prompt.", *more)


def refused(kedge: Kedge, *more: str) -> Ran:
    """A run that must not reach a model."""
    return kedge("-m", REMOTE.model, "-p", "x", *more)


@pytest.mark.parametrize("how", ["-c", "-r", "-r prefix"])
def test_a_session_goes_on(kedge: Kedge, served: Served, spoken: str, how: str) -> None:
    more = {"-c": ("-c",), "-r": ("-r", spoken), "-r prefix": ("-r", spoken[:-2])}[how]
    ran = asked(kedge, served, *more)
    assert (ran.code, ran.answer, ran.complaint) == (0, "The second answer.\n", "")
    seqs = [int(str(record["seq"])) for record in kedge.log]
    assert seqs == sorted(set(seqs))
    first, second = (r for r in kedge.log if r["kind"] == "session.started")
    assert first["resumed_after"] is None
    (ending,) = [r["seq"] for r in kedge.log if r["kind"] == "result" and r["turn"] == 1]
    assert second["resumed_after"] == ending


def test_continuing_takes_the_last_session_of_this_directory(
    kedge: Kedge, served: Served, spoken: str
) -> None:
    (kedge.cwd / "inner").mkdir()
    assert kedge(*served(turn("Elsewhere.")), "-p", "x", "-C", "inner").code == 0
    assert asked(kedge, served, "-c").code == 0
    ran = refused(kedge, "-c", "-C", str(kedge.home))
    assert ran.code == 2 and "no session" in ran.complaint


def test_a_session_begun_elsewhere_says_so(kedge: Kedge, served: Served, spoken: str) -> None:
    (kedge.cwd / "inner").mkdir()
    assert asked(kedge, served, "-r", spoken, "-C", "inner").code == 0
    assert [r["code"] for r in kedge.log if r["kind"] == "notice"] == ["directory_changed"]


def test_a_session_goes_on_where_and_with_whom_it_was(
    kedge: Kedge, served: Served, spoken: str
) -> None:
    started = kedge.log[0]
    (kedge.cwd / "inner").mkdir()
    options = served(turn("On."))
    without_model = [option for option in options if option not in ("-m", started["model"])]
    ran = kedge(*without_model, "-r", spoken, "-p", "x", command=("env", "-C", "inner", *COMMAND))
    assert ran.code == 0
    last = [record for record in kedge.log if record["kind"] == "session.started"][-1]
    assert (last["cwd"], last["model"]) == (started["cwd"], started["model"])


def test_an_ambiguous_or_unknown_name_is_refused(kedge: Kedge, served: Served, spoken: str) -> None:
    assert kedge(*served(turn("Another.")), "-p", "x").code == 0
    ambiguous = refused(kedge, "-r", "20")
    assert ambiguous.code == 2 and spoken in ambiguous.complaint
    for name in ("nobody", "../sessions/" + spoken, spoken + ".jsonl", "*"):
        ran = refused(kedge, "-r", name)
        assert ran.code == 2 and repr(name) in ran.complaint


@pytest.mark.parametrize("more", [("-c", "-r", "20"), ("-c", "--no-session")])
def test_what_does_not_fit_together_is_refused(
    kedge: Kedge, spoken: str, more: tuple[str, ...]
) -> None:
    assert refused(kedge, *more).code == 2


def test_sessions_are_listed_newest_first(kedge: Kedge, served: Served, spoken: str) -> None:
    assert kedge(*served(turn("b")), "-p", "Second.").code == 0
    ran = kedge("sessions", "list", "--json")
    assert [row["prompt"] for row in ran.records] == ["Second.", "The first prompt."]
    assert {row["status"] for row in ran.records} == {"done"}
    assert ran.records[1]["id"] == spoken
    shown = kedge("sessions", "list").answer.splitlines()
    assert spoken in shown[1] and "The first prompt." in shown[1]
    assert kedge("sessions", "list", "-C", "/").out == b""
    assert len(kedge("sessions", "list", "-C", "/", "--all").answer.splitlines()) == 2


def test_a_program_gets_sessions_and_passages_as_fields_between_tabs(
    kedge: Kedge, served: Served
) -> None:
    assert kedge(*served(turn("a")), "-p", "A long\n\tprompt, " + "word " * 50).code == 0
    (line,) = kedge("sessions", "list").answer.splitlines()
    id, started, status, model, cwd, name, prompt = line.split("\t")
    assert (id, status, name) == (kedge.logs[0].stem, "done", "")
    assert (started, cwd) == (kedge.log[0]["ts"], str(kedge.cwd))
    assert model.endswith("claude-sonnet-5-5") and prompt == ("A long prompt, " + "word " * 50)[:-1]
    (found,) = kedge("sessions", "search", "long").answer.splitlines()
    assert found.split("\t")[:4] == [id, "2", kedge.log[1]["ts"], "person"]


def test_at_most_so_many_sessions_are_listed(kedge: Kedge, served: Served, spoken: str) -> None:
    assert kedge(*served(turn("b")), "-p", "Second.").code == 0
    for more in ((), ("--json",)):
        (line,) = kedge("sessions", "list", "-n", "1", *more).answer.splitlines()
        assert "Second." in line


def test_a_session_is_shown_as_words_and_as_records(kedge: Kedge, spoken: str) -> None:
    words = kedge("sessions", "show", spoken).answer
    assert words.index("The first prompt.") < words.index("The first answer.")
    assert kedge("sessions", "show", spoken, "--json").out == kedge.logs[0].read_bytes()
    assert kedge("sessions", "show", "nobody").code == 2


def test_terminal_codes_in_a_session_are_not_shown(kedge: Kedge, served: Served) -> None:
    evil = "\x1b]0;title\x07\x1b[2Jred"
    assert kedge(*served(turn(evil)), "-p", evil).code == 0
    for command in (("list",), ("show", kedge.logs[0].stem)):
        ran = kedge("sessions", *command)
        assert b"\x1b" not in ran.out and b"\x07" not in ran.out


def test_two_processes_do_not_write_one_session(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, spoken: str
) -> None:
    server = threaded_loopback([turn("Slow.", fault=Fault("stall"))])
    first = kedge.start(*REMOTE.options(server.url), "-c", "-p", "One.")
    try:
        server.wait_for(lambda: server.stalled > 0)
        ran = refused(kedge, "-c", "--output-format", "json")
        assert ran.code == 1
        assert "in use" in ran.complaint and ran.result["status"] == "failed"
        assert kedge("sessions", "list", "--json").records[0]["status"] == "unfinished"
    finally:
        first.terminate()
        kedge.ended(first)
    assert [r["seq"] for r in kedge.log] == sorted({int(str(r["seq"])) for r in kedge.log})


def test_many_runs_at_once_keep_a_session_each(
    kedge: Kedge, threaded_loopback: ThreadedLoopback
) -> None:
    server = threaded_loopback(lambda request, wire: turn("ok"))
    options = REMOTE.options(server.url)
    runs = [kedge.start(*options, "-p", str(number)) for number in range(6)]
    assert [kedge.ended(run).code for run in runs] == [0] * 6
    assert len(kedge.logs) == 6


def test_a_damaged_line_is_named_and_nothing_is_written(
    kedge: Kedge, served: Served, spoken: str
) -> None:
    (log,) = kedge.logs
    stored = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*stored[:2], b"{garbage\n", *stored[3:]]))
    damaged = log.read_bytes()
    going_on = refused(kedge, "-c"), f"session {spoken!r} is damaged at line 3"
    for ran, words in (going_on, (kedge("sessions", "show", spoken), f"{log}:3: ")):
        assert ran.code == 1
        assert words in ran.complaint and "Traceback" not in ran.complaint
    assert log.read_bytes() == damaged
    assert kedge("sessions", "list", "--json").records[0]["status"] == "damaged"
    assert kedge(*served(turn("New.")), "-p", "x").code == 0


def test_damage_elsewhere_does_not_keep_a_session_from_going_on(
    kedge: Kedge, served: Served, spoken: str
) -> None:
    folder = kedge.logs[0].parent
    (folder / "29991231-000000-000000.jsonl").write_bytes(b"\xff\xfe\n")
    (folder / "29991231-000000-000001.jsonl").mkdir()
    (folder / "29991231-000000-000002.jsonl").touch()
    second = turn("The second answer.", expect=Expect(contains="The first answer."))
    ran = kedge(*served(second), "-c", "-p", "x")
    assert (ran.code, ran.answer) == (0, "The second answer.\n")
    assert kedge("sessions", "list").code == 0


@pytest.mark.parametrize("kept", [1, 60, -2])
def test_a_torn_last_line_is_dropped(kedge: Kedge, served: Served, spoken: str, kept: int) -> None:
    (log,) = kedge.logs
    *whole, last = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(whole) + last[:kept])
    assert kedge("sessions", "show", spoken).code == 0
    assert asked(kedge, served, "-c").code == 0
    assert log.read_bytes().startswith(b"".join(whole) + b'{"v":1,')
    assert kedge("sessions", "show", spoken, "--json").out == log.read_bytes()


def test_records_of_a_later_version_are_passed_over(
    kedge: Kedge, served: Served, spoken: str
) -> None:
    (log,) = kedge.logs
    last: Json = lines(log.read_bytes().splitlines()[-1])[0]
    later = {**last, "kind": "weather", "sky": "clear", "seq": int(str(last["seq"])) + 1}
    with log.open("ab") as file:
        file.write(msgspec.json.encode(later) + b"\n")
    assert asked(kedge, served, "-c").code == 0
    seqs = [record["seq"] for record in kedge.log]
    assert len(seqs) == len(set(map(str, seqs)))


def test_without_a_session_nothing_is_kept(kedge: Kedge, served: Served) -> None:
    assert kedge(*served(turn("ok")), "-p", "x", "--no-session").code == 0
    assert not (kedge.home / "state").exists()
    assert list(kedge.cwd.iterdir()) == []


def test_the_log_is_its_owner_s(kedge: Kedge, spoken: str) -> None:
    (log,) = kedge.logs
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_another_model_may_go_on_with_a_session(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, spoken: str
) -> None:
    server = threaded_loopback([turn("Yes.", expect=Expect(contains="The first answer."))])
    ran = kedge(*REMOTES["responses"].options(server.url), "-c", "-p", "And you?")
    assert (ran.code, ran.answer) == (0, "Yes.\n")


def test_no_temporary_folder_stays(kedge: Kedge, served: Served, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ran = kedge(*served(turn("ok")), "-p", "x", env={"TMPDIR": str(scratch)})
    assert (ran.code, list(scratch.iterdir())) == (0, [])


@pytest.mark.parametrize("how", ["-c", "-r"])
def test_a_fork_goes_on_and_leaves_its_parent_as_it_was(
    kedge: Kedge, served: Served, spoken: str, how: str
) -> None:
    (parent,) = kedge.logs
    before = parent.read_bytes()
    ran = asked(kedge, served, *((how, spoken) if how == "-r" else (how,)), "--fork")
    assert (ran.code, ran.answer) == (0, "The second answer.\n")
    assert parent.read_bytes() == before
    (new,) = [log for log in kedge.logs if log != parent]
    assert new.read_bytes().startswith(before)
    own = [record for record in lines(new.read_bytes()) if record["session"] == new.stem]
    last = lines(before)[-1]["seq"]
    assert (own[0]["kind"], own[0]["parent"], own[0]["upto"]) == ("forked", spoken, last)
    assert kedge("audit", "verify").code == 0


def test_a_fork_needs_something_to_go_on_with(kedge: Kedge) -> None:
    ran = refused(kedge, "--fork")
    assert ran.code == 2 and "add -c" in ran.complaint


def test_a_run_that_cannot_begin_makes_no_fork(kedge: Kedge, spoken: str) -> None:
    assert kedge("-m", "nobody/none", "-p", "x", "-r", spoken, "--fork").code != 0
    assert [log.stem for log in kedge.logs] == [spoken]


def test_a_named_session_goes_on(kedge: Kedge, served: Served, spoken: str) -> None:
    assert kedge("sessions", "rename", spoken, "the first one").code == 0
    assert asked(kedge, served, "-r", "the first one").code == 0
    assert "\tthe first one\t" in kedge("sessions", "list").answer


def test_what_was_said_is_found_and_a_session_can_be_deleted(kedge: Kedge, spoken: str) -> None:
    (hit,) = kedge("sessions", "search", "first", "answer", "--json").records
    assert (hit["session"], hit["speaker"]) == (spoken, "model")
    assert kedge("sessions", "search", "keel").code == 0
    assert kedge("sessions", "delete", spoken).code == 2, "there is nobody to ask"
    assert kedge("sessions", "delete", spoken, "--yes").code == 0
    assert kedge.logs == []
    assert kedge("sessions", "doctor").code == 0


@pytest.mark.parametrize("command", ["list", "list -n 1", "search first", "show", "export"])
def test_what_could_not_be_printed_is_an_error(kedge: Kedge, spoken: str, command: str) -> None:
    name, *options = command.split()
    if name in ("show", "export"):
        options.append(spoken)
    ran = kedge("sessions", name, *options, command=("sh", "-c", '"$0" "$@" >/dev/full', *COMMAND))
    assert ran.code == 1 and "cannot print" in ran.complaint and "Traceback" not in ran.complaint


def test_sessions_that_rest_long_enough_are_deleted_here_and_nowhere_else(
    kedge: Kedge, served: Served, spoken: str
) -> None:
    (kedge.cwd / "inner").mkdir()
    assert kedge(*served(turn("Elsewhere.")), "-p", "x", "-C", "inner").code == 0
    (elsewhere,) = [log.stem for log in kedge.logs if log.stem != spoken]
    assert kedge("sessions", "delete", "--older-than", "1d", "--yes").code == 0
    assert kedge("sessions", "delete", spoken, "--older-than", "0m", "--yes").code == 2
    assert len(kedge.logs) == 2
    assert kedge("sessions", "delete", "--older-than", "0m", "--yes").code == 0
    assert [log.stem for log in kedge.logs] == [elsewhere]
    assert {path.stem for path in kedge.logs[0].parent.iterdir()} == {elsewhere}


def test_a_session_in_use_is_not_deleted_and_keeps_no_other_from_it(
    kedge: Kedge, threaded_loopback: ThreadedLoopback, spoken: str
) -> None:
    server = threaded_loopback([turn("Slow.", fault=Fault("stall"))])
    running = kedge.start(*REMOTE.options(server.url), "-p", "One.")
    try:
        server.wait_for(lambda: server.stalled > 0)
        ran = kedge("sessions", "delete", "--older-than", "0m", "--yes")
        assert ran.code == 1 and "in use" in ran.complaint
        assert len(kedge.logs) == 1 and kedge.logs[0].stem != spoken
    finally:
        running.terminate()
        kedge.ended(running)


def test_outputs_that_a_fork_of_a_fork_refers_to_outlive_both_before_it(
    kedge: Kedge, served: Served
) -> None:
    long = turn(Call("bash", {"command": "seq 1 100000"}))
    assert kedge(*served(long, turn("a")), "-p", "x", "--mode", "full").code == 0
    ids = [kedge.logs[0].stem]
    for _ in range(2):
        assert kedge(*served(turn("b")), "-r", ids[-1], "--fork", "-p", "y").code == 0
        ids += [log.stem for log in kedge.logs if log.stem not in ids]
    outputs = kedge.home / "state" / "outputs" / ids[0]
    assert list(outputs.iterdir())
    assert kedge("sessions", "delete", *ids[:2], "--yes").code == 0
    assert list(outputs.iterdir()), "the last fork refers to them"
    assert kedge("sessions", "doctor").code == 0
    assert kedge("sessions", "delete", ids[2], "--yes").code == 0
    assert kedge("sessions", "doctor", "--prune").code == 0 and not outputs.exists()
