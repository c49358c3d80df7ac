"""From calls to results: side by side or in order, judged once each, and never an exception."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.actions import Actor
from kedge.agent.bus import Bus
from kedge.agent.errors import StoreError, ToolError
from kedge.agent.events import (
    ActionEnded,
    ActionOutput,
    ActionProposed,
    ActionStarted,
    Decision,
    MessageAdded,
)
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.messages import Image, Text, ToolCall
from kedge.agent.passages import Passages
from kedge.agent.ports import Allow, Approval, Deny, Modify, No, Output, Yes
from kedge.agent.stores.memory import MemoryLog
from kedge.agent.transcript import Transcript
from kedge.agent.validators.unattended import Unattended


def permits(mode):
    """Until a test says otherwise everything may happen; `ask` leaves it open, `plan` denies it."""

    class Mode:
        name = "mode"

        def check(self, action):
            if mode == "full":
                return (Allow("mode full"),)
            return (Deny("mode plan changes nothing"),) if mode == "plan" else ()

    return Mode()


class Stage:
    """An actor with everything around it, to which calls are given by hand."""

    def __init__(self, *tools, mode="full", validators=(), approver=None, log=None):
        self.bus = Bus("s", log or MemoryLog([]))
        self.events = []
        self.transcript = Transcript()
        self.bus.watch(self.transcript.add)
        self.bus.watch(self.events.append)
        judge = Judge(Gate([*validators, permits(mode)]), approver or Unattended())
        self.actor = Actor(
            tools,
            judge,
            Passages(judge, self.bus),
            self.bus,
            self.transcript,
        )

    async def run(self, *calls: ToolCall, stop: str = "tool_use") -> Sequence[ActionEnded]:
        self.say(*calls, stop=stop)
        await self.actor.run(calls)
        return self.ends

    def say(self, *calls, stop="tool_use"):
        self.bus.emit(MessageAdded("assistant", calls, stop_reason=stop))

    def of(self, kind):
        return [event.body for event in self.events if isinstance(event.body, kind)]

    @property
    def ends(self):
        return self.of(ActionEnded)

    @property
    def text(self):
        """What the model is told of the only call."""
        (end,) = self.ends
        return end.content[0].text


async def within(seconds, waiting):
    async with asyncio.timeout(seconds):
        return await waiting


async def test_reading_calls_run_side_by_side(core):
    meeting = asyncio.Barrier(3)

    async def meet(arguments, emit):
        await meeting.wait()
        return "met"

    stage = Stage(core.Tool(work=meet))
    ends = await within(20, stage.run(*(core.call(id) for id in "abc")))
    assert [end.status for end in ends] == ["ok"] * 3


async def test_results_are_recorded_in_the_models_order_whoever_is_first(core):
    finished = []
    gates = {id: asyncio.Event() for id in "abc"}
    gates["c"].set()
    after = {"c": "b", "b": "a"}

    async def one_after_the_other(arguments, emit):
        id = arguments["id"]
        await gates[id].wait()
        finished.append(id)
        if id in after:
            gates[after[id]].set()
        return id

    stage = Stage(core.Tool(work=one_after_the_other))
    ends = await within(20, stage.run(*(core.call(id, id=id) for id in "abc")))
    assert finished == ["c", "b", "a"]
    assert [(end.id, end.content[0].text) for end in ends] == [("a", "a"), ("b", "b"), ("c", "c")]


class Diary:
    """Tools that note when they begin and end."""

    def __init__(self, core):
        self.lines = []
        self.tools = (
            core.Tool("read", "read", self.note),
            core.Tool("write", "write", self.note),
            core.Tool("bash", "run", self.note),
            core.Tool("think", None, self.note),
        )

    async def note(self, arguments, emit):
        self.lines.append(f"+{arguments['id']}")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.lines.append(f"-{arguments['id']}")
        return ""


async def test_changing_calls_run_alone_and_in_order_with_readers_around_them_together(core):
    diary = Diary(core)
    names = ["read", "think", "write", "bash", "read", "read"]
    calls = [core.call(str(place), name, id=place) for place, name in enumerate(names)]
    await Stage(*diary.tools).run(*calls)
    assert diary.lines == [
        "+0", "+1", "-0", "-1", "+2", "-2", "+3", "-3", "+4", "+5", "-4", "-5",
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["read", "write", "bash", "think", "lost"]), max_size=8))
async def test_no_call_overlaps_a_changing_one_and_all_are_answered_in_order(core, names):
    diary = Diary(core)
    stage = Stage(*diary.tools)
    await stage.run(*(core.call(str(n), name, id=n) for n, name in enumerate(names)))
    assert [end.id for end in stage.ends] == [str(place) for place in range(len(names))]
    open_calls: set[int] = set()
    for line in diary.lines:
        place = int(line[1:])
        open_calls ^= {place}
        if any(names[one] in ("write", "bash") for one in open_calls):
            assert len(open_calls) == 1
    begun = [int(line[1:]) for line in diary.lines if line[0] == "+"]
    assert begun == sorted(begun)


async def test_a_call_is_judged_when_what_was_before_it_has_been_done(core):
    """The target of a path can be changed by the call before: only then can it be resolved."""
    world = []

    async def change(arguments, emit):
        world.append("link")
        return "changed"

    class Careful:
        name = "careful"

        def check(self, action):
            return (Deny("it leads out"),) if action.call.name == "read" and world else ()

    stage = Stage(core.Tool("write", "write", change), core.Tool(), validators=[Careful()])
    ends = await stage.run(core.call("a", "write"), core.call("b"))
    assert [end.status for end in ends] == ["ok", "denied"]


async def test_an_action_is_announced_before_it_begins_and_after_it_was_decided(core):
    stage = Stage()
    seen = []

    async def look(arguments, emit):
        seen.extend(type(event.body) for event in stage.events)
        return ""

    stage = Stage(core.Tool(work=look))
    await stage.run(core.call("a"))
    assert seen == [MessageAdded, ActionProposed, Decision, ActionStarted]


async def test_output_reaches_the_eyes_while_the_tool_runs(core):
    async def talk(arguments, emit):
        emit("one")
        assert stage.of(ActionOutput) == [ActionOutput("a", "one")]
        return "two"

    stage = Stage(core.Tool(work=talk))
    await stage.run(core.call("a"))
    assert stage.text == "two"


@pytest.mark.parametrize(
    "arguments", ["", "{", '{"a": ', "[]", "null", '{"a": "\\ud800"}', '{"a": "\ud800"}', "\x00"]
)
async def test_arguments_that_make_no_sense_are_an_error_for_the_model(core, arguments):
    tool = core.Tool()
    stage = Stage(tool)
    (end,) = await stage.run(ToolCall("a", "read", arguments))
    assert (end.status, end.error_kind) == ("failed", "other")
    assert tool.runs == []
    (proposed,) = stage.of(ActionProposed)
    assert isinstance(proposed.arguments, str)
    (decision,) = stage.of(Decision)
    assert (decision.outcome, decision.by) == ("deny", "schema")
    assert stage.of(ActionStarted) == []


async def test_an_unknown_tool_is_an_error_that_names_those_there_are(core):
    stage = Stage(core.Tool(), core.Tool("write"))
    await stage.run(core.call("a", "red"))
    assert stage.text == "There is no tool 'red'. The tools are: read, write."


async def test_without_any_tool_the_model_is_told_so(core):
    stage = Stage()
    await stage.run(core.call("a", "red"))
    assert stage.text == "There is no tool 'red'. The tools are: none."


async def test_the_last_call_of_an_answer_that_was_cut_off_is_refused_and_the_others_run(core):
    tool = core.Tool()
    stage = Stage(tool)
    ends = await stage.run(core.call("a", n=1), core.call("b", n=2), stop="max_tokens")
    assert [end.status for end in ends] == ["ok", "failed"]
    assert "cut off at the output limit" in ends[1].content[0].text
    assert tool.runs == [{"n": 1}]


async def test_a_tool_error_goes_to_the_model_in_its_own_words(core):
    async def fail(arguments, emit):
        raise ToolError("not_found", "There is no file 'x'. There is 'y'.")

    stage = Stage(core.Tool(work=fail))
    (end,) = await stage.run(core.call("a"))
    assert (end.status, end.error_kind) == ("failed", "not_found")
    assert stage.text == "There is no file 'x'. There is 'y'."


async def test_a_timeout_has_a_status_of_its_own(core):
    async def fail(arguments, emit):
        raise ToolError("timeout", "Too slow.")

    (end,) = await Stage(core.Tool(work=fail)).run(core.call("a"))
    assert end.status == "timeout"


@pytest.mark.parametrize(
    "defect", [ZeroDivisionError("x"), RecursionError(), asyncio.CancelledError(), TimeoutError()]
)
@pytest.mark.parametrize("ids", ["a", "ab"], ids=["alone", "side by side"])
async def test_a_defective_tool_does_not_end_the_turn(core, defect, ids):
    async def fail(arguments, emit):
        raise defect

    ends = await Stage(core.Tool(work=fail)).run(*(core.call(id) for id in ids))
    for end in ends:
        assert (end.status, end.error_kind) == ("failed", "other")
        assert f"The tool itself failed: {type(defect).__name__}" in end.content[0].text


@pytest.mark.parametrize("nonsense", [None, 3, object()])
async def test_a_tool_that_gives_back_nonsense_does_not_end_the_turn(core, nonsense):
    async def give(arguments, emit):
        return nonsense

    (end,) = await Stage(core.Tool(work=give)).run(core.call("a"))
    assert end.status == "failed"
    assert "The tool itself failed" in end.content[0].text


@pytest.mark.parametrize("method", ["parse", "effects"])
async def test_a_tool_that_breaks_before_it_runs_does_not_end_the_turn(core, method):
    tool = core.Tool()

    def broken(arguments):
        raise KeyError("gone")

    setattr(tool, method, broken)
    stage = Stage(tool)
    await stage.run(core.call("a"))
    assert stage.text == "The tool itself failed: KeyError: 'gone'"


async def test_effects_may_refuse_a_call_before_it_is_judged(core):
    tool = core.Tool()

    def refuse(arguments):
        raise ToolError("outside_workspace", "/etc is outside of the workspace.")

    tool.effects = refuse
    (end,) = await Stage(tool).run(core.call("a"))
    assert (end.status, end.error_kind) == ("failed", "outside_workspace")


async def test_bytes_that_are_no_characters_do_not_stop_the_record(core):
    name = b"caf\xe9".decode("utf-8", "surrogateescape")

    async def list_files(arguments, emit):
        emit(name)
        picture = Image("image/png", "")
        return Output((Text(name), picture))

    stage = Stage(core.Tool(work=list_files))
    (end,) = await stage.run(core.call("a"))
    assert end.content == (Text("caf?"), Image("image/png", ""))
    assert stage.of(ActionOutput) == [ActionOutput("a", "caf?")]


async def test_everything_that_a_tool_reports_is_in_the_record(core):
    output = Output((Text("x"),), 3, "SIGTERM", True, "/tmp/full")

    async def give(arguments, emit):
        return output

    (end,) = await Stage(core.Tool(work=give)).run(core.call("a"))
    assert (end.exit_code, end.signal, end.truncated, end.full_output) == (
        3, "SIGTERM", True, "/tmp/full",
    )  # fmt: skip
    assert end.duration_ms >= 0


async def test_what_is_denied_is_not_done_and_the_model_hears_why(core):
    tool = core.Tool("write", "write")
    stage = Stage(tool, mode="plan")
    (end,) = await stage.run(core.call("a", "write"))
    assert (end.status, end.error_kind) == ("denied", "denied")
    assert "mode plan changes nothing" in stage.text
    assert tool.runs == []
    assert stage.of(ActionStarted) == []


class Desk:
    """Answers as it was told, and remembers what it was asked."""

    def __init__(self, allowed, by="person"):
        self.answer = Approval(Yes() if allowed else No("because"), by)
        self.asked = []

    async def decide(self, question):
        self.asked.append(question)
        await asyncio.sleep(0)
        return self.answer


@pytest.mark.parametrize(("allowed", "status"), [(True, "ok"), (False, "denied")])
async def test_what_the_judges_leave_open_is_asked_once(core, allowed, status):
    desk = Desk(allowed)
    stage = Stage(core.Tool("write", "write"), mode="ask", approver=desk)
    (end,) = await stage.run(core.call("a", "write"))
    assert end.status == status
    assert len(desk.asked) == 1
    (decision,) = stage.of(Decision)
    assert (decision.by, decision.asked) == ("person", True)
    assert allowed or decision.reason == "because"


async def test_a_decision_in_the_place_of_a_person_does_not_count_as_asked(core):
    stage = Stage(core.Tool("write", "write"), mode="ask")
    await stage.run(core.call("a", "write"))
    (decision,) = stage.of(Decision)
    assert (decision.by, decision.asked) == ("unattended", False)


@pytest.mark.parametrize("verdict", [Allow(), Deny("no")])
async def test_nobody_is_asked_when_the_judges_agree(core, verdict):
    class Judge:
        name = "judge"

        def check(self, action):
            return (verdict,)

    desk = Desk(True)
    await Stage(core.Tool(), validators=[Judge()], approver=desk).run(core.call("a"))
    assert desk.asked == []


async def test_modified_arguments_are_what_runs_and_what_is_recorded(core):
    class Smaller:
        name = "smaller"

        def check(self, action):
            if action.arguments["n"] > 3:
                return (Modify({"n": 3}, "less is enough"),)
            return ()

    tool = core.Tool()
    stage = Stage(tool, validators=[Smaller()])
    await stage.run(core.call("a", n=100))
    assert tool.runs == [{"n": 3}]
    (decision,) = stage.of(Decision)
    assert decision.modified == {"n": 3}
    assert stage.of(ActionProposed)[0].arguments == {"n": 100}


async def test_a_call_stopped_while_it_runs_says_so_and_the_finished_one_keeps_its_result(core):
    reached = asyncio.Event()

    async def work(arguments, emit):
        if arguments["slow"]:
            reached.set()
            await asyncio.Event().wait()
        return "finished"

    stage = Stage(core.Tool(work=work))
    calls = core.call("a", slow=False), core.call("b", slow=True), core.call("c", slow=False)
    task = asyncio.create_task(stage.run(*calls))
    await reached.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [end.status for end in stage.ends] == ["ok", "cancelled", "ok"]
    assert stage.ends[0].content[0].text == "finished"
    assert "Stopped before it was finished" in stage.ends[1].content[0].text


async def test_calls_that_were_not_reached_are_closed_as_not_carried_out(core):
    stage = Stage(core.Tool())
    stage.say(core.call("a"), core.call("b"))
    stage.actor.close_open_calls("the turn was stopped")
    assert [end.status for end in stage.ends] == ["cancelled"] * 2
    assert [proposed.id for proposed in stage.of(ActionProposed)] == ["a", "b"]
    assert stage.ends[0].content[0].text == "Not carried out: the turn was stopped."
    assert stage.transcript.messages[-1].role == "tool"


async def test_a_call_that_was_begun_and_has_no_end_is_of_unknown_effect(core):
    stage = Stage(core.Tool("write", "write"))
    stage.say(core.call("a", "write"), core.call("b", "write"))
    stage.bus.emit(ActionProposed("a", "write", {}, ()))
    stage.bus.emit(Decision("a", "allow", "mode", ""))
    stage.bus.emit(ActionStarted("a", "write"))
    stage.actor.close_open_calls("the session ended before")
    assert [end.status for end in stage.ends] == ["unknown", "cancelled"]
    assert "Effect unknown" in stage.ends[0].content[0].text


async def test_closing_twice_changes_nothing(core):
    stage = Stage(core.Tool())
    await stage.run(core.call("a"))
    count = len(stage.events)
    stage.actor.close_open_calls("x")
    assert len(stage.events) == count


async def test_what_cannot_be_announced_on_disk_is_not_begun(core):
    tool = core.Tool("write", "write")
    stage = Stage(tool, log=core.FullStore(3).open("s"))  # message, proposed, decision
    with pytest.raises(StoreError):
        await stage.run(core.call("a", "write"))
    assert tool.runs == []


async def test_results_that_do_not_fit_on_disk_any_more_still_reach_the_readers(core):
    room = 1 + 2 * 2 + 2 + 1  # message, proposed and decision, started, one end
    stage = Stage(core.Tool(), log=core.FullStore(room).open("s"))
    await stage.run(core.call("a"), core.call("b"))
    assert [end.status for end in stage.ends] == ["ok", "ok"]
    with pytest.raises(StoreError):
        stage.bus.require_log()


@given(name=st.text(max_size=5), arguments=st.text(max_size=40) | st.just('{"a": 1}'))
async def test_whatever_the_model_writes_every_call_has_one_decision_and_one_end(
    core, name, arguments
):
    stage = Stage(core.Tool(), core.Tool("a", "write"))
    calls = [ToolCall("1", name, arguments), ToolCall("2", "a", arguments), core.call("3")]
    await stage.run(*calls)
    for kind in (ActionProposed, Decision, ActionEnded):
        assert [body.id for body in stage.of(kind)] == ["1", "2", "3"]
    core.well_formed(stage.transcript.messages, whole=True)


def test_the_tools_are_told_in_their_order(core):
    stage = Stage(core.Tool("b"), core.Tool("a"))
    assert [spec.name for spec in stage.actor.specs] == ["b", "a"]
    assert json.dumps(stage.actor.specs[0].parameters) == '{"type": "object"}'
