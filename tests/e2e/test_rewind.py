"""Going back to a prompt, from the command line."""

import msgspec

from e2e.gated import Model, write
from e2e.process import Json, Kedge
from loopback.script import Call

AUTO = ("--mode", "full", "--sandbox", "off", "--output-format", "json")


def said(kedge: Kedge, model: Model, prompt: str, *calls: Call, more: tuple[str, ...] = ()) -> None:
    options = model.options(*calls)
    ran = kedge(*options, "-p", prompt, *AUTO, *more)
    assert ran.code == 0, ran.complaint


def talk(kedge: Kedge, model: Model) -> None:
    """Three prompts, each of which makes a file."""
    said(kedge, model, "Make one.", write("one"))
    said(kedge, model, "Make two.", write("two", "a\nb\n"), more=("-c",))
    said(kedge, model, "Make three.", write("three"), more=("-c",))


def names(kedge: Kedge) -> list[str]:
    return sorted(path.name for path in kedge.cwd.iterdir())


def heard(model: Model) -> str:
    """What the last request held."""
    body = msgspec.json.decode(model.server.requests[0].body, type=Json)
    return str(body["messages"])


def test_prompts_are_listed_with_what_they_did(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    lines = kedge("rewind").answer.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert "Make two." in lines[1] and lines[1].endswith("1 file +2 -0")


def test_going_back_takes_conversation_and_files_and_gives_the_prompt(
    kedge: Kedge, model: Model
) -> None:
    talk(kedge, model)
    ran = kedge("rewind", "2", "--yes")
    assert (ran.code, ran.answer) == (0, "Make two.\n")
    for words in ("take back prompt 3: Make three.", "remove two  +0 -2", "kedge -c"):
        assert words in ran.complaint
    assert names(kedge) == ["one"]
    said(kedge, model, "Make four.", more=("-c",))
    assert "Make one." in heard(model) and "Make two." not in heard(model)
    assert "went back" not in heard(model), "it knows the files as they are"
    assert [line.split()[0] for line in kedge("rewind").answer.splitlines()] == ["1", "4"]


def test_going_back_is_taken_back(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    assert kedge("rewind", "1", "--yes").code == 0
    assert names(kedge) == []
    assert kedge("rewind", "--redo", "--yes").code == 0
    assert names(kedge) == ["one", "three", "two"]
    said(kedge, model, "And now?", more=("-c",))
    assert "Make three." in heard(model)


def test_after_a_new_prompt_only_files_come_back(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    assert kedge("rewind", "3", "--yes").code == 0
    said(kedge, model, "Make four.", write("four"), more=("-c",))
    assert kedge("rewind", "--redo", "--yes").code == 0
    assert names(kedge) == ["four", "one", "three", "two"]
    said(kedge, model, "And now?", more=("-c",))
    assert "Make four." in heard(model) and "Make three." not in heard(model)
    assert "- three" in heard(model)


def test_only_the_conversation_leaves_files_and_tells_the_model(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    assert kedge("rewind", "2", "--only", "conversation", "--yes").code == 0
    assert names(kedge) == ["one", "three", "two"]
    said(kedge, model, "Go on.", more=("-c",))
    assert "- two" in heard(model) and "- three" in heard(model) and "- one" not in heard(model)
    assert "Make two." not in heard(model)


def test_only_files_leave_the_conversation_and_tell_the_model(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    ran = kedge("rewind", "2", "--only", "files", "--yes")
    assert (ran.code, ran.answer, names(kedge)) == (0, "", ["one"])
    said(kedge, model, "Go on.", more=("-c",))
    assert "Make three." in heard(model) and "- two" in heard(model)
    said(kedge, model, "Go on.", more=("-c",))
    assert heard(model).count("- two") == 1, "it is told once"


def test_after_undo_a_stale_edit_is_refused(kedge: Kedge, model: Model) -> None:
    (kedge.cwd / "a").write_text("1\n")
    read = Call("read", {"file_path": "a"})
    said(kedge, model, "Change it.", read, write("a", "2\n"))
    assert kedge("undo", "--yes").code == 0
    edit = Call("edit", {"file_path": "a", "old_string": "1", "new_string": "3"})
    said(kedge, model, "Again.", edit, more=("-c",))
    assert (kedge.cwd / "a").read_text() == "1\n"
    assert "- a" in heard(model)


def test_a_fork_goes_on_and_the_session_stays(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    (old,) = kedge.logs
    ran = kedge("rewind", "2", "--fork", "--yes")
    assert ran.code == 0 and names(kedge) == ["one"]
    (new,) = {*kedge.logs} - {old}
    assert f"kedge -r {new.stem}" in ran.complaint
    said(kedge, model, "Make four.", more=("-r", new.stem))
    assert "Make one." in heard(model) and "Make two." not in heard(model)
    said(kedge, model, "And here?", more=("-r", old.stem))
    assert "Make three." in heard(model) and "- three" in heard(model)


def test_a_look_changes_nothing(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    before = kedge.logs[0].read_bytes()
    ran = kedge("rewind", "1", "--dry-run")
    assert (ran.code, ran.answer) == (0, "")
    assert "take back prompt 1" in ran.complaint and "remove three" in ran.complaint
    assert kedge.logs[0].read_bytes() == before and len(names(kedge)) == 3


def test_nobody_to_ask_and_no_such_prompt_are_errors(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    assert kedge("rewind", "1").code == 2
    assert kedge("rewind", "9", "--yes").code == 2
    assert len(names(kedge)) == 3


def test_what_a_person_changed_since_stays_without_force(kedge: Kedge, model: Model) -> None:
    talk(kedge, model)
    (kedge.cwd / "two").write_text("mine\n")
    assert "changed since" in kedge("rewind", "2", "--yes").complaint
    assert names(kedge) == ["one", "two"]


def test_the_todo_list_is_as_it_was(kedge: Kedge, model: Model) -> None:
    def todo(words: str) -> Call:
        return Call("todo", {"items": [{"content": words, "status": "pending"}]})

    said(kedge, model, "Plan.", todo("first"))
    said(kedge, model, "Plan anew.", todo("second"), more=("-c",))
    assert kedge("rewind", "2", "--yes").code == 0
    said(kedge, model, "Go on.", more=("-c",))
    assert "first" in heard(model) and "second" not in heard(model)
