"""Nobody is asked about a call that fails in any case; what comes before it may change that."""

import json
from pathlib import Path

import pytest

from kedge.agent.actions import Actor
from kedge.agent.bus import Bus
from kedge.agent.events import ActionEnded, Decision, MessageAdded
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.messages import ToolCall
from kedge.agent.passages import Passages
from kedge.agent.ports import Approval, Question, Yes
from kedge.agent.stores.memory import MemoryLog
from kedge.agent.tools.files import file_tools
from kedge.agent.tools.workspace import Workspace
from kedge.agent.transcript import Transcript
from kedge.config.settings import ReadSettings
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.paths import Roots

PATCH = "*** Begin Patch\n*** Update File: a.txt\n@@\n-nowhere\n+b\n*** End Patch\n"


class Person:
    """Says yes to everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def decide(self, question: Question) -> Approval:
        self.asked.append(question.action.call.id)
        return Approval(Yes(), "person")


def call(id: str, tool: str, **arguments: object) -> ToolCall:
    return ToolCall(id, tool, json.dumps(arguments))


async def carried_out(folder: Path, *calls: ToolCall) -> tuple[list[str], list[object]]:
    """Who was asked about, and what came of it, in a folder with one file."""
    (folder / "a.txt").write_text("a\n")
    roots = Roots.at(folder)
    tools = file_tools(Workspace(RootedFiles(roots), roots.workspace), ReadSettings())
    person = Person()
    bodies: list[object] = []
    transcript = Transcript()
    bus = Bus("s", MemoryLog([]))
    bus.watch(transcript.add)
    bus.watch(lambda event: bodies.append(event.body))
    judge = Judge(Gate([]), person)
    bus.emit(MessageAdded("assistant", calls, stop_reason="tool_use"))
    await Actor(tools, judge, Passages(judge, bus), bus, transcript).run(calls)
    return person.asked, bodies


@pytest.mark.parametrize(
    "call",
    [
        call("1", "edit", file_path="a.txt", old_string="a", new_string="b"),
        call("1", "write", file_path="a.txt", content="b\n"),
        call("1", "apply_patch", patch=PATCH),
    ],
    ids=lambda call: call.name,
)
async def test_nobody_is_asked_about_what_fails_in_any_case(tmp_path: Path, call: ToolCall) -> None:
    asked, bodies = await carried_out(tmp_path, call)
    assert asked == []
    (end,) = [body for body in bodies if isinstance(body, ActionEnded)]
    assert end.status == "failed"
    assert [body.by for body in bodies if isinstance(body, Decision)] == ["schema"]
    assert (tmp_path / "a.txt").read_text() == "a\n"


async def test_what_may_work_after_the_call_before_it_is_asked_about(tmp_path: Path) -> None:
    edit = call("2", "edit", file_path="a.txt", old_string="a", new_string="b")
    asked, _ = await carried_out(tmp_path, call("1", "read", file_path="a.txt"), edit)
    assert "2" in asked
    assert (tmp_path / "a.txt").read_text() == "b\n"


async def test_what_may_be_done_is_asked_about(tmp_path: Path) -> None:
    asked, _ = await carried_out(tmp_path, call("1", "write", file_path="new.txt", content="n\n"))
    assert asked == ["1"]
    assert (tmp_path / "new.txt").read_text() == "n\n"
