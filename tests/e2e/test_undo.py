"""Undoing what turns did to files, from the command line."""

import msgspec

from e2e.gated import Model, bash, write
from e2e.process import Json, Kedge, Ran
from loopback.script import Call

AUTO = ("--mode", "full", "--sandbox", "off", "--output-format", "json")


def changed(ran: Ran) -> dict[object, object]:
    """What the result says of files."""
    evidence = msgspec.convert(msgspec.json.decode(ran.out, type=Json)["evidence"], Json)
    files = msgspec.convert(evidence["files_changed"], list[Json])
    return {one["path"]: one["change"] for one in files}


def test_files_that_a_command_changed_are_in_the_result(kedge: Kedge, model: Model) -> None:
    (kedge.cwd / "old").write_text("1\n")
    (kedge.cwd / "gone").write_text("1\n")
    ran = model.run(bash("echo 2 > old; rm gone; echo x > new"), options=AUTO)
    assert changed(ran) == {"old": "modified", "gone": "deleted", "new": "created"}


def test_a_file_that_came_and_went_is_no_change(kedge: Kedge, model: Model) -> None:
    ran = model.run(write("passing"), bash("rm passing"), options=AUTO)
    assert changed(ran) == {}


def test_the_checkpoint_is_on_record_before_the_action_begins(model: Model) -> None:
    model.run(write("a"), write("b"), bash("touch c"), options=AUTO)
    kinds = [
        one["kind"] for one in model.records if one["kind"] in ("checkpoint", "action.started")
    ]
    started, kept = "action.started", "checkpoint"
    assert kinds == [kept, started, started, kept, started, kept]


def test_reading_takes_no_checkpoint(kedge: Kedge, model: Model) -> None:
    (kedge.cwd / "a").write_text("a")
    model.run(Call("read", {"file_path": "a"}), bash("cat a"), options=AUTO)
    assert model.of("checkpoint") == []
    assert not (kedge.home / "data" / "checkpoints").exists()


def test_undo_takes_a_turn_back_and_redo_brings_it_again(kedge: Kedge, model: Model) -> None:
    (kedge.cwd / "old").write_text("1\n")
    model.run(write("made"), bash("echo 2 > old; mkdir d; touch d/x"), options=AUTO)
    ran = kedge("undo", "--yes")
    assert ran.code == 0, ran.complaint
    assert [path.name for path in kedge.cwd.iterdir()] == ["old"]
    assert (kedge.cwd / "old").read_text() == "1\n"
    assert kedge("undo", "--redo", "--yes").code == 0
    assert (kedge.cwd / "old").read_text() == "2\n"
    assert (kedge.cwd / "made").exists() and (kedge.cwd / "d" / "x").exists()
    assert kedge("undo", "--redo", "--yes").code == 2


def test_undo_counts_turns_back_from_those_not_undone(kedge: Kedge, model: Model) -> None:
    for name in ("one", "two", "three"):
        more = () if name == "one" else ("-c",)
        model.run(write(name), options=(*AUTO, *more))
    assert kedge("undo", "--yes").code == 0
    assert kedge("undo", "2", "--yes").code == 0
    assert list(kedge.cwd.iterdir()) == []
    assert kedge("undo", "--yes").code == 2


def test_turns_that_left_the_files_as_they_were_are_passed_over(kedge: Kedge, model: Model) -> None:
    model.run(write("made"), options=AUTO)
    failed = Call("edit", {"file_path": "made", "old_string": "nowhere", "new_string": "x"})
    model.run(failed, bash("false"), options=(*AUTO, "-c"))
    model.run(write("passing"), bash("rm passing"), options=(*AUTO, "-c"))
    listed = kedge("rewind").answer.splitlines()
    assert ["file" in line for line in listed] == [True, False, False]
    assert kedge("undo", "--yes").code == 0
    assert list(kedge.cwd.iterdir()) == []


def test_a_look_changes_nothing(kedge: Kedge, model: Model) -> None:
    model.run(write("made"), options=AUTO)
    ran = kedge("undo", "--dry-run")
    assert (ran.code, ran.answer) == (0, "remove made  +0 -1\n")
    assert (kedge.cwd / "made").exists()


def test_without_anybody_to_ask_nothing_is_undone(kedge: Kedge, model: Model) -> None:
    model.run(write("made"), options=AUTO)
    ran = kedge("undo")
    assert ran.code == 2 and "--yes" in ran.complaint
    assert (kedge.cwd / "made").exists()


def test_what_a_person_wrote_since_is_left_alone(kedge: Kedge, model: Model) -> None:
    model.run(write("made"), write("other"), options=AUTO)
    (kedge.cwd / "made").write_text("mine\n")
    (kedge.cwd / "own").write_text("mine\n")
    ran = kedge("undo", "--yes")
    assert "changed since" in ran.complaint
    assert sorted(path.name for path in kedge.cwd.iterdir()) == ["made", "own"]
    assert kedge("undo", "--redo", "--yes").code == 0
    assert kedge("undo", "--yes", "--force").code == 0
    assert sorted(path.name for path in kedge.cwd.iterdir()) == ["own"]


def test_what_cannot_be_undone_is_said(kedge: Kedge, model: Model) -> None:
    outside = kedge.home / "outside"
    model.run(bash(f"git init -q; touch {outside}"), options=AUTO)
    ran = kedge("undo", "--dry-run")
    assert f"cannot be undone: changes of {outside}" in ran.complaint
    assert "cannot be undone: what git keeps for itself: git init" in ran.complaint


def test_an_ignored_file_that_a_tool_wrote_comes_back(kedge: Kedge, model: Model) -> None:
    (kedge.cwd / ".gitignore").write_text("*.local\n")
    (kedge.cwd / "a.local").write_text("mine\n")
    model.run(
        write("b"),
        Call("read", {"file_path": "a.local"}),
        write("a.local", "changed\n"),
        write("new.local"),
        options=AUTO,
    )
    assert kedge("undo", "--yes").code == 0
    assert (kedge.cwd / "a.local").read_text() == "mine\n"
    assert sorted(path.name for path in kedge.cwd.iterdir()) == [".gitignore", "a.local"]


def test_a_session_gone_on_with_elsewhere_is_undone_place_by_place(
    kedge: Kedge, model: Model
) -> None:
    elsewhere = kedge.cwd.with_name("elsewhere")
    elsewhere.mkdir()
    model.run(write("here"), options=AUTO)
    (session,) = (log.stem for log in kedge.logs)
    model.run(write("there"), options=(*AUTO, "-r", session, "-C", str(elsewhere)))
    which = ("--session", session)
    listed = kedge("rewind", *which).answer.splitlines()
    assert [line.endswith("1 file +1 -0") for line in listed] == [True, True]
    ran = kedge("undo", "2", "--yes", *which)
    assert (ran.code, ran.answer) == (0, "remove there  +0 -1\n"), ran.complaint
    assert f"what was done in {kedge.cwd}\n" in ran.complaint
    assert [*elsewhere.iterdir()] == [] and (kedge.cwd / "here").exists()
    assert kedge("undo", "--yes", *which).answer == "remove here  +0 -1\n"
    assert [*kedge.cwd.iterdir()] == []
    assert kedge("undo", "--redo", "--yes", *which).answer == "create here  +1 -0\n"
    assert kedge("undo", "--redo", "--yes", *which).answer == "create there  +1 -0\n"
    assert (elsewhere / "there").exists()


def test_where_a_session_worked_may_be_gone(kedge: Kedge, model: Model) -> None:
    elsewhere = kedge.cwd.with_name("elsewhere")
    elsewhere.mkdir()
    model.run(write("here"), options=AUTO)
    (session,) = (log.stem for log in kedge.logs)
    model.run(write("there"), options=(*AUTO, "-r", session, "-C", str(elsewhere)))
    elsewhere.rename(kedge.cwd.with_name("moved"))
    which = ("--session", session)
    ran = kedge("undo", "--yes", *which)
    assert ran.code == 2 and f"{str(elsewhere)!r}, where that was done, is gone" in ran.complaint
    assert "its directory is gone" in kedge("rewind", *which).answer
    ran = kedge("rewind", "2", "--only", "conversation", "--yes", *which)
    assert (ran.code, ran.answer) == (0, "Go.\n"), ran.complaint


def test_a_directory_that_became_a_link_is_not_followed_and_undone_once_it_is_none(
    kedge: Kedge, model: Model
) -> None:
    outside = kedge.cwd.with_name("outside")
    outside.mkdir()
    (kedge.cwd / "d").mkdir()
    (kedge.cwd / "d" / "gone").write_text("1\n")
    (kedge.cwd / "kept").write_text("1\n")
    model.run(bash("rm d/gone; echo 2 > kept"), options=AUTO)
    (kedge.cwd / "d").rmdir()
    (kedge.cwd / "d").symlink_to(outside)
    ran = kedge("undo", "--yes")
    assert ran.code == 1 and "a link or a file is where a directory was" in ran.complaint
    assert "then kedge undo does the rest" in ran.complaint
    assert "kedge: 1 file put back" in ran.complaint
    assert [*outside.iterdir()] == [] and (kedge.cwd / "d").is_symlink()
    (kedge.cwd / "d").unlink()
    ran = kedge("undo", "--yes")
    assert (ran.code, ran.answer) == (0, "create d/gone  +1 -0\n"), ran.complaint
    assert (kedge.cwd / "d" / "gone").exists()
    assert kedge("undo", "--yes").code == 2, "all is undone"
    assert kedge("undo", "--redo", "--yes").code == 0
    assert kedge("undo", "--redo", "--yes").code == 0
    assert not (kedge.cwd / "d" / "gone").exists()
    assert (kedge.cwd / "kept").read_text() == "2\n"


def test_what_was_left_alone_can_still_be_undone(kedge: Kedge, model: Model) -> None:
    model.run(write("first"), options=AUTO)
    model.run(bash("echo 1 > second"), options=(*AUTO, "-c"))
    (kedge.cwd / "second").write_text("A person's.\n")
    assert "kedge undo --force undoes what was left alone" in kedge("undo", "--yes").complaint
    ran = kedge("undo", "--yes", "--force")
    assert ran.answer == "remove second  +0 -1\n"
    assert "this is what the last undo or rewind left alone" in ran.complaint
    assert (kedge.cwd / "first").exists()
    assert kedge("undo", "--redo", "--yes").answer == "create second  +1 -0\n"
    assert (kedge.cwd / "second").read_text() == "A person's.\n"
    assert kedge("undo", "--yes").answer == "remove first  +0 -1\n"


def test_finishing_leaves_alone_what_was_put_back_and_changed_again(
    kedge: Kedge, model: Model
) -> None:
    for name in ("one", "two"):
        (kedge.cwd / name).write_text("1\n")
    model.run(bash("echo 2 > one; echo 2 > two"), options=AUTO)
    (kedge.cwd / "two").write_text("A person's.\n")
    assert kedge("undo", "--yes").answer == "change one  +1 -1\n"
    (kedge.cwd / "one").write_text("Another thought.\n")
    assert kedge("undo", "--yes", "--force").answer == "change two  +1 -1\n"
    assert (kedge.cwd / "one").read_text() == "Another thought.\n"
    assert (kedge.cwd / "two").read_text() == "1\n"


def test_after_a_turn_that_changed_files_force_is_about_that_one(
    kedge: Kedge, model: Model
) -> None:
    model.run(write("first"), options=AUTO)
    (kedge.cwd / "first").write_text("A person's.\n")
    kedge("undo", "--yes")
    model.run(bash("echo 1 > second"), options=(*AUTO, "-c"))
    (kedge.cwd / "second").write_text("A person's.\n")
    assert kedge("undo", "--yes", "--force").answer == "remove second  +0 -1\n"
    assert (kedge.cwd / "first").exists()


def test_finishing_that_is_hindered_is_finished_by_force_again(kedge: Kedge, model: Model) -> None:
    outside = kedge.cwd.with_name("outside")
    outside.mkdir()
    (kedge.cwd / "d").mkdir()
    (kedge.cwd / "d" / "x").write_text("1\n")
    model.run(bash("echo 2 > d/x; echo 2 > made"), options=AUTO)
    (kedge.cwd / "d" / "x").write_text("A person's.\n")
    kedge("undo", "--yes")
    (kedge.cwd / "d" / "x").unlink()
    (kedge.cwd / "d").rmdir()
    (kedge.cwd / "d").symlink_to(outside)
    ran = kedge("undo", "--yes", "--force")
    assert ran.code == 1 and "then kedge undo --force does the rest" in ran.complaint
    (kedge.cwd / "d").unlink()
    assert kedge("undo", "--yes", "--force").code == 0
    assert (kedge.cwd / "d" / "x").read_text() == "1\n"


def test_what_a_person_did_between_two_turns_is_left_alone(kedge: Kedge, model: Model) -> None:
    for name in ("both", "first", "mine"):
        (kedge.cwd / name).write_text("1\n")
    model.run(bash("echo 2 > first; echo 2 > both"), options=AUTO)
    (kedge.cwd / "mine").write_text("A person's.\n")
    (kedge.cwd / "both").write_text("A person's.\n")
    (kedge.cwd / "made").write_text("A person's.\n")
    model.run(bash("echo 3 > second; echo 3 > both"), options=(*AUTO, "-c"))
    ran = kedge("undo", "2", "--dry-run")
    assert ran.answer == "change first  +1 -1\nremove second  +0 -1\n"
    assert "changed since by somebody else, left alone without --force: both\n" in ran.complaint
    assert kedge("undo", "2", "--yes", "--force").code == 0
    there = {path.name: path.read_text() for path in kedge.cwd.iterdir()}
    person = "A person's.\n"
    assert there == {"both": "1\n", "first": "1\n", "mine": person, "made": person}


def test_directories_that_a_person_made_or_closed_are_left_alone(
    kedge: Kedge, model: Model
) -> None:
    for name in ("closed", "ours", "gone"):
        (kedge.cwd / name).mkdir(mode=0o755)
    (kedge.cwd / "gone" / "file").write_text("1\n")
    command = "mkdir made; chmod 700 ours; touch closed/x; rm -r gone"
    model.run(bash(command), options=AUTO)
    (kedge.cwd / "mine").mkdir()
    (kedge.cwd / "closed").chmod(0o700)
    assert kedge("undo", "--yes").code == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in kedge.cwd.iterdir()}
    assert modes.pop("mine")
    assert modes == {"closed": 0o700, "ours": 0o755, "gone": 0o755}
    assert (kedge.cwd / "gone" / "file").read_text() == "1\n"
    assert kedge("undo", "--redo", "--yes").code == 0
    assert sorted(path.name for path in kedge.cwd.iterdir()) == ["closed", "made", "mine", "ours"]
    assert (kedge.cwd / "ours").stat().st_mode & 0o777 == 0o700
