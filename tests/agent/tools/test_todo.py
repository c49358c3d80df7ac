"""The model's todo list."""

import pytest

from kedge.agent.errors import ToolError
from kedge.agent.messages import Text
from kedge.agent.tools.todo import Todo, TodoItem


async def call(todo: Todo, arguments: str) -> str:
    tool = todo.tool()
    (part,) = (await tool.run(tool.parse(arguments), print)).content
    assert isinstance(part, Text)
    return part.text


async def test_the_list_is_replaced_and_shown():
    todo = Todo()
    await call(todo, '{"items": [{"content": "old", "status": "pending"}]}')
    assert (
        await call(
            todo,
            '{"items": [{"content": "read", "status": "completed"},'
            '{"content": "fix", "status": "in_progress"},'
            '{"content": "test", "status": "pending"}]}',
        )
        == "[x] read\n[>] fix\n[ ] test"
    )
    assert todo.open == (TodoItem("fix", "in_progress"), TodoItem("test", "pending"))


async def test_an_empty_list_is_said_to_be_empty():
    assert await call(Todo(), '{"items": []}') == "The list is empty."


async def test_two_items_in_progress_are_kept_with_advice():
    todo = Todo()
    item = '{"content": "x", "status": "in_progress"}'
    said = await call(todo, f'{{"items": [{item}, {item}]}}')
    assert "only one item in progress" in said
    assert len(todo.items) == 2


@pytest.mark.parametrize(
    "item",
    [
        '{"content": "x", "status": "done"}',
        '{"content": "x"}',
        '{"content": "", "status": "pending"}',
    ],
)
async def test_an_item_that_does_not_fit_is_refused_and_the_list_stays(item: str):
    todo = Todo()
    await call(todo, '{"items": [{"content": "kept", "status": "pending"}]}')
    with pytest.raises(ToolError, match="Invalid arguments for todo"):
        await call(todo, f'{{"items": [{item}]}}')
    assert [item.content for item in todo.items] == ["kept"]


def test_it_affects_nothing():
    assert Todo().tool().effects({"items": []}) == ()
