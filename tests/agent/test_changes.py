"""What a session that goes on is told of."""

from msgspec import structs

from kedge.agent.changes import changes
from kedge.agent.events import ToolSpec

READ, EDIT, BASH = (ToolSpec(name, name, {}) for name in ("read", "edit", "bash"))


def test_nothing_is_said_where_nothing_changed(core):
    started = structs.replace(core.started, tools=(READ, EDIT))
    assert changes(started, started, (READ, EDIT)) == []


def test_tools_that_are_gone_new_or_told_of_in_other_words_are_named(core):
    before = structs.replace(core.started, tools=(READ, EDIT))
    other = ToolSpec("read", "Reads.", {})
    (notice,) = changes(before, before, (other, BASH))
    assert notice.code == "tools_changed"
    assert "gone: edit; new: bash; described in other words: read" in notice.text


def test_model_mode_directory_and_instructions_are_compared(core):
    before = structs.replace(core.started, model="a", mode="ask", cwd="/a", instructions="x")
    now = structs.replace(before, model="b", mode="auto", cwd="/b")
    codes = [notice.code for notice in changes(before, now, before.tools)]
    assert codes == ["model_changed", "mode_changed", "directory_changed"]
    (notice,) = changes(before, structs.replace(before, instructions="y"), before.tools)
    assert notice.code == "instructions_changed"


def test_a_tool_s_version_changes_with_what_the_model_is_told_of_it():
    versions = {tool.version for tool in (READ, ToolSpec("read", "read", {"a": 1}), EDIT, READ)}
    assert len(versions) == 3 and all(len(version) == 12 for version in versions)


def test_what_is_frozen_is_compared_with_what_the_conversation_began_with(core):
    first = structs.replace(core.started, system="one", instructions="one")
    before = structs.replace(first, system="two", instructions="two")
    codes = [notice.code for notice in changes(before, before, before.tools, first)]
    assert codes == ["system_changed", "instructions_changed"]
