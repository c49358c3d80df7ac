"""What a resumed session has back from its log: the todo list, and the files that were seen."""

from datetime import UTC, datetime, timedelta

import pytest

from kedge.agent.effects import Effect
from kedge.agent.events import ActionEnded, ActionProposed, Decision, Event
from kedge.agent.messages import Text
from kedge.agent.tools.todo import Todo, TodoItem
from kedge.agent.tools.workspace import Workspace
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.paths import Roots


def event(body, seconds: float = 0.0) -> Event:
    when = datetime.now(UTC) + timedelta(seconds=seconds)
    return Event(1, "s", ("main",), 1, when.isoformat(timespec="microseconds"), body)


def test_the_todo_list_is_the_last_one_that_was_accepted():
    todo = Todo()
    for id, content, status in (("a", "one", "ok"), ("b", "two", "ok"), ("c", "three", "denied")):
        arguments = {"items": [{"content": content, "status": "pending"}]}
        todo.hear(event(ActionProposed(id, "todo", arguments, ())))
        todo.hear(event(ActionEnded(id, "todo", status, (Text(""),))))
    assert todo.items == (TodoItem("two", "pending"),)


def test_a_todo_list_that_was_modified_counts_as_modified():
    todo = Todo()
    changed = {"items": [{"content": "better", "status": "completed"}]}
    todo.hear(event(ActionProposed("a", "todo", {"items": []}, ())))
    todo.hear(event(Decision("a", "allow", "hook", "", modified=changed)))
    todo.hear(event(ActionEnded("a", "todo", "ok", (Text(""),))))
    assert todo.items == (TodoItem("better", "completed"),)


def test_a_list_that_was_not_understood_changes_nothing():
    todo = Todo()
    todo.hear(event(ActionProposed("a", "todo", "{oops", ())))
    todo.hear(event(ActionEnded("a", "todo", "ok", (Text(""),))))
    assert todo.items == ()


@pytest.fixture
def workspace(tmp_path):
    return Workspace(RootedFiles(Roots.at(tmp_path)), tmp_path)


def read_before(workspace, path, *, seconds: float, status="ok") -> None:
    effects = (Effect("read", str(path)),)
    workspace.hear(event(ActionProposed("a", "read", {}, effects)))
    workspace.hear(event(ActionEnded("a", "read", status, (Text(""),)), seconds))


def test_a_file_that_has_not_changed_since_it_was_read_is_known(workspace, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    read_before(workspace, path, seconds=1)
    assert workspace.known(path) and workspace.current(path, b"x")


def test_a_file_that_changed_since_it_was_read_is_stale(workspace, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    read_before(workspace, path, seconds=-1)
    assert workspace.known(path) and not workspace.current(path, b"x")


def test_a_file_whose_reading_failed_is_not_known(workspace, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    read_before(workspace, path, seconds=1, status="failed")
    assert not workspace.known(path) and not workspace.current(path, b"x")


def test_what_this_process_saw_counts_more_than_the_log(workspace, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    read_before(workspace, path, seconds=1)
    workspace.saw(path, b"y")
    assert not workspace.current(path, b"x")
