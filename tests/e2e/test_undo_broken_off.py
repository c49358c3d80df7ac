"""Undoing turns whose process was killed, that worked in a directory which was moved since, or
that did what no checkpoint covers."""

from collections.abc import Callable

import msgspec
import pytest

from e2e.gated import Model, bash, write
from e2e.process import Json, Kedge, Ran, wait_until
from e2e.remotes import REMOTES
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Fault, turn

AUTO = ("--mode", "full", "--sandbox", "off", "--output-format", "json")
MINE = "A person's.\n"
Kill = Callable[..., None]


@pytest.fixture
def killed(kedge: Kedge, threaded_loopback: ThreadedLoopback) -> Kill:
    """Runs a turn that makes these calls and is killed before its end."""

    def kill(*calls: Call) -> None:
        stalls = turn("x", fault=Fault("stall_before_headers"))
        server = threaded_loopback([*(turn(call) for call in calls), stalls])
        process = kedge.start(*REMOTES["anthropic"].options(server.url), "-p", "Go.", *AUTO)
        try:
            wait_until(lambda: server.stalled, "all calls are done")
        finally:
            process.kill()
            process.communicate()

    return kill


def reasons(model: Model) -> list[object]:
    return [one["reason"] for one in model.of("checkpoint")]


def test_how_a_killed_turn_left_things_is_kept_when_the_session_goes_on(
    kedge: Kedge, model: Model, killed: Kill
) -> None:
    (kedge.cwd / "old").write_text("1\n")
    killed(bash("python3 -c \"open('old', 'w')\""))
    model.run(options=(*AUTO, "-c"))
    assert reasons(model) == ["before bash", "after the turn that broke off"]
    (kedge.cwd / "old").write_text(MINE)
    ran = kedge("undo", "--yes")
    assert "changed since by somebody else, left alone without --force: old\n" in ran.complaint
    assert "a turn broke off: what changed until" in ran.complaint
    assert (kedge.cwd / "old").read_text() == MINE


def test_a_turn_that_ended_is_closed_once(kedge: Kedge, model: Model) -> None:
    model.run(write("a"), options=AUTO)
    model.run(options=(*AUTO, "-c"))
    assert reasons(model) == ["before write", "after the turn"]


@pytest.mark.parametrize("goes_on", [True, False])
def test_only_what_a_killed_turn_named_is_its_own_where_no_command_ran(
    kedge: Kedge, model: Model, killed: Kill, goes_on: bool
) -> None:
    (kedge.cwd / "mine").write_text("1\n")
    killed(write("d/made"))
    (kedge.cwd / "mine").write_text(MINE)
    (kedge.cwd / "own").mkdir()
    (kedge.cwd / "own" / "new").write_text(MINE)
    if goes_on:
        model.run(options=(*AUTO, "-c"))
    ran = kedge("undo", "--yes")
    assert (ran.code, ran.answer) == (0, "remove d/made  +0 -1\n"), ran.complaint
    assert sorted(path.name for path in kedge.cwd.iterdir()) == ["mine", "own"]
    assert (kedge.cwd / "mine").read_text() == MINE


def test_where_a_person_may_have_changed_what_a_killed_turn_did_that_is_said(
    kedge: Kedge, killed: Kill
) -> None:
    (kedge.cwd / "both").write_text("1\n")
    killed(bash("echo 2 > both"))
    (kedge.cwd / "both").write_text(MINE)
    ran = kedge("undo", "--dry-run")
    assert "a turn broke off: what changed in files that it named" in ran.complaint


def test_what_changed_before_the_last_checkpoint_of_a_killed_turn_and_again_since_is_left_alone(
    kedge: Kedge, killed: Kill
) -> None:
    (kedge.cwd / ".gitignore").write_text("*.log\n")
    (kedge.cwd / "both").write_text("1\n")
    killed(
        bash("python3 -c \"open('both', 'w')\""), write("a.log")
    )  # kept once more: it was not covered
    (kedge.cwd / "both").write_text(MINE)
    ran = kedge("undo", "--yes")
    assert ran.answer == "remove a.log  +0 -1\n", ran.complaint
    assert "left alone without --force: both\n" in ran.complaint
    assert (kedge.cwd / "both").read_text() == MINE


def test_a_session_is_found_where_it_was_opened_last(kedge: Kedge, model: Model) -> None:
    model.run(write("before"), options=AUTO)
    (session,) = (log.stem for log in kedge.logs)
    moved = kedge.cwd.with_name("moved")
    kedge.cwd.rename(moved)
    model.kedge.cwd = moved
    model.run(write("after"), options=(*AUTO, "-r", session, "-C", str(moved)))
    assert session in kedge("sessions", "list").answer
    model.run(write("again"), options=(*AUTO, "-c"))
    assert [log.stem for log in kedge.logs] == [session]
    ran = kedge("undo", "3", "--yes")
    assert ran.code == 0 and sorted(path.name for path in moved.iterdir()) == ["before"]
    told = [line for line in ran.complaint.splitlines() if str(moved.with_name("work")) in line]
    assert len([line for line in ran.complaint.splitlines() if "gone or was moved" in line]) == 1
    assert kedge("undo", "--yes").code == 2, told


def big(kedge: Kedge) -> tuple[str, ...]:
    """Options of a run with a file that is too large to be kept."""
    (kedge.cwd / "big").write_bytes(bytes(5000))
    settings = kedge.home / "config" / "config.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("[checkpoints]\nfile_bytes = 4000\n")
    return AUTO


def not_kept(ran: Ran) -> object:
    return msgspec.convert(ran.result["evidence"], Json)["not_kept"]


def test_what_no_checkpoint_covers_is_said_by_the_run_its_result_and_undo(
    kedge: Kedge, model: Model
) -> None:
    ran = model.run(bash("rm big"), options=big(kedge))
    words = "the checkpoint does not cover"
    assert ran.complaint.count("\n") == 1
    assert ran.complaint.startswith(f"kedge: cannot be undone: {words} ")
    assert words in str(not_kept(ran))
    assert words in kedge("undo", "--dry-run").complaint


def test_where_all_is_covered_nothing_is_said(kedge: Kedge, model: Model) -> None:
    ran = model.run(bash("touch a"), options=AUTO)
    assert (ran.complaint, not_kept(ran)) == ("", [])


def test_a_repository_that_a_command_removed_is_said(kedge: Kedge, model: Model) -> None:
    model.run(bash("git init -q nested; touch nested/file"), options=AUTO)
    model.run(bash("rm -rf nested"), options=(*AUTO, "-c"))
    ran = kedge("undo", "--yes")
    assert "kedge: cannot be undone: the repository nested/.git is gone\n" in ran.complaint
    assert (kedge.cwd / "nested" / "file").exists()
