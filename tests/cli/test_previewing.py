"""A question about a change shows the change."""

from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action
from kedge.cli.previewing import MAX_LINES, preview


def shown(tool, text="", **arguments):
    return preview(Action(ToolCall("1", tool, "{}"), arguments, ()), lambda path: text)


def test_an_edit_is_shown_in_its_place():
    diff = shown("edit", "a\nb\nc\n", file_path="f", old_string="b", new_string="B")
    assert "-b" in diff and "+B" in diff and " a" in diff


def test_an_edit_of_what_is_not_there_shows_the_words():
    diff = shown("edit", "x\n", file_path="f", old_string="b", new_string="B")
    assert "-b" in diff and "+B" in diff


def test_a_new_file_is_all_added():
    assert shown("write", file_path="f", content="a\nb\n").endswith("+a\n+b")


def test_an_overwritten_file_shows_what_goes():
    assert "-old" in shown("write", "old\n", file_path="f", content="new\n")


def test_a_patch_speaks_for_itself():
    assert shown("apply_patch", patch="*** Begin Patch\n+x") == "*** Begin Patch\n+x"


def test_other_tools_have_nothing_to_show():
    assert shown("bash", command="ls") == ""


def test_a_long_change_is_cut_and_counted():
    diff = shown("write", file_path="f", content="x\n" * 1000)
    assert diff.count("\n") == MAX_LINES
    assert "lines more" in diff
