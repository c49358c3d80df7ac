"""The loop: from a prompt to rest, whatever happens between. Driven through a session, as all
surfaces drive it; `core.all_of` checks the laws of the stream after every run."""

import asyncio
import json

import pytest

from kedge.agent.deltas import Metered, PartDone, Restarted, TextDelta, ThinkingDelta
from kedge.agent.errors import ProviderError, ScriptDiverged, ToolError
from kedge.agent.events import (
    ActionEnded,
    ActionStarted,
    BudgetSpent,
    CheckEnded,
    Failure,
    MessageAdded,
    ModelRequest,
    Notice,
    TextStreamed,
    ThinkingStreamed,
    TurnStarted,
)
from kedge.agent.messages import Message, Text, Thinking, ToolCall, Usage
from kedge.agent.ports import CheckOutcome
from kedge.agent.spending import ModelLost
from kedge.agent.stores.memory import MemoryStore
from kedge.config.errors import KedgeError


async def test_a_prompt_is_answered(core):
    model = core.Model(core.says("Hello you."))
    events = await core.all_of(core.session(model), "Hi")
    result = core.result(events)
    assert (result.status, result.exit_code, result.text) == ("done", 0, "Hello you.")
    assert model.requests[0].messages == (Message("user", (Text("Linux."), Text("Hi"))),)
    assert model.requests[0].system == "Be good."
    assert [body.text for body in core.bodies(events, TextStreamed)] == ["Hello ", "you."]


async def test_results_go_back_and_every_request_extends_the_one_before(core):
    model = core.Model(
        core.says("I look.", core.call("a"), core.call("b")), core.says(core.call("c")),
        core.says("Done."),
    )  # fmt: skip
    events = await core.all_of(core.session(model))
    assert core.result(events).turns == 3
    for before, after in zip(model.requests, model.requests[1:], strict=False):
        assert after.messages[: len(before.messages)] == before.messages
        assert all(a is b for a, b in zip(before.messages, after.messages, strict=False))
        assert (after.system, after.tools) == (before.system, before.tools)


async def test_thinking_is_shown_and_kept(core):
    thinking = Thinking("hm", "sig", "test")
    model = core.Model((ThinkingDelta("hm"), PartDone(thinking), *core.says("Yes.")))
    events = await core.all_of(core.session(model))
    assert core.bodies(events, ThinkingStreamed) == [ThinkingStreamed("hm")]
    (message,) = core.bodies(events, MessageAdded)
    assert message.parts == (thinking, Text("Yes."))


async def test_malformed_calls_go_back_to_the_model_which_can_mend_them(core):
    model = core.Model(
        core.says(ToolCall("a", "read", '{"x": '), core.call("b", "raed"), core.call("c")),
        core.says("Sorry."),
    )
    events = await core.all_of(core.session(model))
    assert [end.status for end in core.bodies(events, ActionEnded)] == ["failed", "failed", "ok"]
    assert core.result(events).status == "done"
    assert core.result(events).denials == ()


async def test_a_call_cut_off_by_the_output_limit_is_refused_and_the_model_goes_on(core):
    tool = core.Tool("write", "write")
    model = core.Model(
        core.says(ToolCall("a", "write", '{"content": "ab'), stop="max_tokens"), core.says("Ok.")
    )
    events = await core.all_of(core.session(model, tool))
    assert tool.runs == []
    assert "cut off" in core.bodies(events, ActionEnded)[0].content[0].text
    assert core.result(events).status == "done"


@pytest.mark.parametrize(
    ("stop", "status", "code"),
    [
        ("max_tokens", "failed", "max_tokens"),
        ("refusal", "failed", "refusal"),
        ("context_window", "upstream", "context_length"),
    ],
)
async def test_an_answer_that_ended_badly_ends_the_run_with_a_reason(core, stop, status, code):
    model = core.Model(core.says("Well", stop=stop))
    result = core.result(await core.all_of(core.session(model)))
    assert (result.status, result.error.code, result.text) == (status, code, "Well")


async def test_a_stop_sequence_is_an_ordinary_end(core):
    model = core.Model(core.says("Well", stop="stop_sequence"))
    assert core.result(await core.all_of(core.session(model))).status == "done"


async def test_a_pause_calls_the_model_again_with_what_it_said(core):
    model = core.Model(core.says("One. ", stop="pause"), core.says("Two."))
    # The conversation then ends with the model's own words, which only such a provider takes.
    model.stream = _unchecked(model)
    events = [event async for event in core.session(model).run("x")]
    core.lawful(events)
    assert core.result(events).status == "done"
    assert model.requests[1].messages[-1] == Message("assistant", (Text("One. "),))


def _unchecked(model):
    async def stream(request):
        model.requests.append(request)
        for delta in model.answers.pop(0):
            yield delta

    return stream


async def test_an_answer_with_nothing_in_it_is_an_end_too(core):
    events = await core.all_of(core.session(core.Model(core.says())))
    assert (core.result(events).status, core.result(events).text) == ("done", "")


async def test_a_stream_that_ends_without_its_end_is_no_success(core):
    model = core.Model((TextDelta("I am"),))
    events = await core.all_of(core.session(model))
    result = core.result(events)
    assert (result.status, result.error.code, result.text) == ("upstream", "cut_off", "I am")
    assert result.error.retryable


@pytest.mark.parametrize(
    ("error", "status", "exit_code"),
    [
        (ProviderError("rate_limit", "slow down", status=429, request_id="r"), "upstream", 75),
        (ProviderError("credentials", "no key", status=401), "credentials", 4),
        (ProviderError("not_found", "no such model"), "config", 3),
        (ScriptDiverged("answer 2 does not fit"), "failed", 1),
        (KedgeError("odd"), "failed", 1),
        (ZeroDivisionError("oops"), "failed", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
async def test_an_error_of_the_provider_ends_the_run_and_keeps_what_was_done(
    core, error, status, exit_code
):
    model = core.Model(
        core.says("I look.", core.call("a")), (TextDelta("So "), TextDelta("it"), error)
    )
    events = await core.all_of(core.session(model))
    result = core.result(events)
    assert (result.status, result.exit_code) == (status, exit_code)
    assert str(error) in result.error.text
    assert [end.status for end in core.bodies(events, ActionEnded)] == ["ok"]
    if isinstance(error, ProviderError):
        assert core.bodies(events, MessageAdded)[-1].parts == (Text("So it"),)
        assert core.bodies(events, MessageAdded)[-1].stop_reason == "interrupted"
        assert (result.error.code, result.error.http_status) == (error.kind, error.status)
        assert result.error.request_id == error.request_id
    assert model.closed_streams == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ScriptDiverged("x"), "script"),
        (KedgeError("x"), "failed"),
        (ZeroDivisionError("x"), "internal"),
    ],
)
async def test_an_error_has_the_code_that_the_record_promises(core, error, code):
    events = await core.all_of(core.session(core.Model((error,))))
    assert core.result(events).error.code == code


async def test_after_an_error_the_session_can_be_gone_on_with(core):
    broken = (TextDelta("So it"), ProviderError("overloaded", "later"))
    model = core.Model(broken, core.says("Here."))
    session = core.session(model)
    await core.all_of(session)
    events = [event async for event in session.run(None)]
    assert core.result(events).text == "Here."
    assert core.result(events).status == "done"
    assert model.requests[1].messages[-2] == Message("assistant", (Text("So it"),))
    assert model.requests[1].messages[-1].role == "user"


async def test_a_repeated_attempt_is_announced_and_its_text_is_shown_once(core):
    model = core.Model(
        (TextDelta("Hel"), Restarted(2, 0.5, "cut off"), *core.says("Hello you.")),
    )
    events = await core.all_of(core.session(model))
    assert "".join(body.text for body in core.bodies(events, TextStreamed)) == "Hello you."
    (notice,) = core.bodies(events, Notice)
    assert notice == Notice("retry", "cut off; attempt 2 in 0.5 s")


@pytest.mark.parametrize("again", ["Good day.", "He"])
async def test_words_that_turn_out_otherwise_are_voided(core, again):
    model = core.Model((TextDelta("Hel"), Restarted(2, 0.0, "cut off"), *core.says(again)))
    events = await core.all_of(core.session(model))
    screen = ""
    for body in core.bodies(events, TextStreamed, Notice):
        match body:
            case Notice("restarted"):
                screen = ""
            case TextStreamed(text):
                screen += text
            case _:
                pass
    assert screen == again == core.result(events).text


async def test_a_tool_that_raises_is_an_error_for_the_model(core):
    async def fail(arguments, emit):
        raise ToolError("not_found", "no such file")

    model = core.Model(core.says(core.call("a")), core.says("I see."))
    events = await core.all_of(core.session(model, core.Tool(work=fail)))
    assert core.result(events).status == "done"
    assert model.requests[1].messages[-1].parts[0].failed


class Steering:
    """Says something to the session while a tool of it runs, or a check."""

    def __init__(self, words="And quickly."):
        self.words = words
        self.session = None

    async def work(self, arguments, emit):
        self.session.steer(self.words)
        await asyncio.sleep(0)
        return "read"

    async def run(self, answer):
        if self.words:
            self.session.steer(self.words)
            self.words = ""
        return CheckOutcome(CheckEnded("check", True))


async def test_words_said_meanwhile_are_heard_when_no_call_is_open(core):
    steering = Steering()
    model = core.Model(core.says(core.call("a"), core.call("b", "write")), core.says("Ok."))
    tools = core.Tool(work=steering.work), core.Tool("write", "write")
    steering.session = core.session(model, *tools)
    await core.all_of(steering.session)
    roles = [message.role for message in model.requests[1].messages]
    assert roles == ["user", "assistant", "tool", "user"]
    assert model.requests[1].messages[-1].text == "And quickly."


async def test_words_said_during_the_last_answer_are_answered_in_the_same_turn(core):
    model = core.Model(core.says("Done."), core.says("That too."))
    session = core.session(model)
    events = []
    async for event in session.run("Do it."):
        events.append(event)
        if isinstance(event.body, TextStreamed) and event.body.text == "Done.":
            session.steer("And that.")
    core.lawful(events)
    assert core.result(events).text == "That too."


async def test_words_said_during_the_checks_are_answered_in_the_same_turn(core):
    steering = Steering()
    model = core.Model(core.says("Done."), core.says("That too."))
    steering.session = core.session(model, checks=[steering])
    events = await core.all_of(steering.session)
    assert core.result(events).text == "That too."


async def test_the_turn_limit_ends_the_run_before_the_next_call(core):
    model = core.Model(*(core.says(core.call(str(place))) for place in range(9)))
    events = await core.all_of(core.session(model, max_turns=3))
    result = core.result(events)
    assert (result.status, result.exit_code, result.turns) == ("turn_limit", 9, 3)
    assert len(model.requests) == 3
    assert core.bodies(events, BudgetSpent) == [BudgetSpent("turns", 3.0, 3.0)]


async def test_the_cost_limit_ends_the_run_before_the_next_call(core):
    model = core.Model(*(core.says(core.call(str(place))) for place in range(9)))
    session = core.session(model, max_cost=0.6, price=lambda usage: usage.output_tokens / 8)
    events = await core.all_of(session)
    result = core.result(events)
    assert (result.status, result.exit_code, result.cost_usd) == ("budget", 8, 0.75)
    assert core.bodies(events, BudgetSpent) == [
        BudgetSpent("cost", 0.5, 0.6, level="soft"),
        BudgetSpent("cost", 0.75, 0.6),
    ]


async def test_the_time_limit_ends_a_running_tool(core):
    async def forever(arguments, emit):
        await asyncio.Event().wait()

    model = core.Model(core.says(core.call("a")))
    events = await core.all_of(core.session(model, core.Tool(work=forever), max_seconds=0.05))
    result = core.result(events)
    assert (result.status, result.exit_code) == ("budget", 8)
    assert core.bodies(events, BudgetSpent) == [BudgetSpent("seconds", 0.05, 0.05)]
    assert [end.status for end in core.bodies(events, ActionEnded)] == ["cancelled"]


async def test_limits_count_each_run_anew(core):
    model = core.Model(core.says("One."), core.says("Two."))
    session = core.session(model, max_turns=1)
    for _ in range(2):
        assert core.result(await core.all_of(session)).status == "done"


class Check:
    """Gives the outcomes in order."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.answers = []

    async def run(self, answer):
        self.answers.append(answer)
        await asyncio.sleep(0)
        outcome = self.outcomes.pop(0)
        return outcome if isinstance(outcome, CheckOutcome) else _checked(outcome)


def _checked(ok, structured=None):
    return CheckOutcome(CheckEnded("pytest", ok, output="2 failed"), structured)


async def test_a_failed_check_goes_back_to_the_model(core):
    check = Check(False, True)
    model = core.Model(core.says("Done."), core.says("Now it is."))
    events = await core.all_of(core.session(model, checks=[check]))
    assert core.result(events).status == "done"
    assert check.answers == ["Done.", "Now it is."]
    words = model.requests[1].messages[-1].text
    assert "pytest: 2 failed" in words
    assert [one.origin for one in core.bodies(events, MessageAdded)] == ["model", "check", "model"]


@pytest.mark.parametrize("rounds", [0, 1, 2])
async def test_a_check_that_keeps_failing_ends_the_run_after_so_many_rounds(core, rounds):
    model = core.Model(*[core.says("Done.")] * (rounds + 1))
    session = core.session(model, checks=[Check(*[False] * 9)], verify_rounds=rounds)
    result = core.result(await core.all_of(session))
    assert (result.status, result.exit_code, result.turns) == ("verification", 10, rounds + 1)
    assert [check.ok for check in result.evidence.checks] == [False]


async def test_all_checks_run_and_all_complaints_are_told_at_once(core):
    model = core.Model(core.says("Done."), core.says("Done."))
    checks = [Check(False, True), Check(True, True), Check(False, True)]
    await core.all_of(core.session(model, checks=checks))
    assert model.requests[1].messages[-1].text.count("pytest: 2 failed") == 2


async def test_the_answer_as_data_is_that_of_the_last_round(core):
    checks = [
        Check(_checked(True, {"n": 1}), _checked(False), _checked(False)),
        Check(False, False, False),
    ]
    model = core.Model(*[core.says("Done.")] * 2)
    session = core.session(model, checks=checks, verify_rounds=1)
    assert core.result(await core.all_of(session)).structured is None


async def test_the_answer_as_data_does_not_outlive_its_run(core):
    model = core.Model(core.says("{}"), (ProviderError("server", "x"),))
    session = core.session(model, checks=[Check(_checked(True, {"n": 1}))])
    assert core.result(await core.all_of(session)).structured == {"n": 1}
    assert core.result(await core.all_of(session)).structured is None


async def test_a_defective_check_ends_the_run_with_its_brackets_closed(core):
    class Broken:
        async def run(self, answer):
            raise KeyError("gone")

    events = await core.all_of(core.session(core.Model(core.says("Done.")), checks=[Broken()]))
    assert core.result(events).error == Failure("internal", "KeyError: 'gone'")


async def test_a_run_in_which_policy_let_nothing_through_is_blocked(core):
    model = core.Model(core.says(core.call("a"), core.call("b", "write")), core.says("I may not."))
    session = core.session(model, core.Tool(), core.Tool("write", "write"), mode="plan")
    result = core.result(await core.all_of(session))
    assert (result.status, result.exit_code) == ("blocked", 6)
    assert [(denial.tool, denial.by) for denial in result.denials] == [("write", "mode")]


async def test_the_record_of_a_turn_is_in_this_order(core):
    model = core.Model(core.says("I look.", core.call("a")), core.says("Done."))
    events = await core.all_of(core.session(model))
    kinds = [json.loads(core.encode(event))["kind"] for event in events if event.prev is not None]
    assert kinds == [
        "session.started", "turn.started", "model.request", "message", "action.proposed",
        "decision", "action.started", "action.ended", "model.request", "message", "turn.ended",
        "result",
    ]  # fmt: skip


async def test_a_request_is_recorded_before_it_is_made(core):
    seen = []

    class Looks(core.Model):
        async def stream(self, request):
            seen.extend(event.body for event in store.read(session.id))
            async for delta in super().stream(request):
                yield delta

    store = MemoryStore()
    session = core.session(Looks(core.says("Hi.")), store=store)
    await core.all_of(session)
    assert [type(body) for body in seen[-2:]] == [TurnStarted, ModelRequest]


async def test_usage_and_cost_add_up_by_model(core):
    usage = Usage(100, 50, 0, 20, 5)
    model = core.Model(core.says(core.call("a"), usage=usage), core.says("Done.", usage=usage))
    result = core.result(await core.all_of(core.session(model)))
    cost = result.usage["test/model"]
    assert (cost.usage, cost.calls, cost.usd) == (usage + usage, 2, 0.5)
    assert result.cost_usd == 0.5


async def test_the_cost_of_a_model_without_a_price_is_not_known(core):
    session = core.session(core.Model(core.says("Done.")), price=lambda usage: None)
    result = core.result(await core.all_of(session))
    assert result.cost_usd is None


async def test_what_an_interrupted_run_has_cost_until_then_is_known(core):
    broken = (Metered(Usage(40)), TextDelta("So it is."), ProviderError("server", "x"))
    session = core.session(
        core.Model(core.says(core.call("a")), broken), price=lambda usage: usage.input_tokens / 10
    )
    events = await core.all_of(session)
    whole, cut = [said for said in core.bodies(events, MessageAdded) if said.role == "assistant"]
    assert (whole.estimated, cut.estimated) == (False, True)
    assert (cut.usage, cut.cost_usd) == (Usage(40, output_tokens=2), 4.0)
    result = core.result(events)
    assert (result.cost_usd, result.cost_estimated) == (5.0, True)


async def test_what_a_call_used_that_came_to_no_words_is_on_record(core):
    """The provider has read the request, and the person had enough before it said a word."""
    hanging = asyncio.Event()
    model = core.Model([Metered(Usage(40)), hanging.wait()])
    session = core.session(model, price=lambda usage: usage.input_tokens / 10)
    running = asyncio.create_task(core.all_of(session))
    await core.until(lambda: model.requests)
    for _ in range(10):
        await asyncio.sleep(0)
    session.stop("interrupted")
    events = await running
    assert core.bodies(events, ModelLost) == [ModelLost("test/model", Usage(40), 4.0, True)]
    result = core.result(events)
    assert (result.cost_usd, result.cost_estimated, result.turns) == (4.0, True, 0)


async def test_what_an_attempt_used_that_was_repeated_is_counted_beside_the_answer(core):
    again = Restarted(2, 0.0, "overloaded")
    model = core.Model((Metered(Usage(40, 30)), TextDelta("So"), again, *core.says("So it is.")))
    events = await core.all_of(core.session(model, price=lambda usage: usage.input_tokens / 10))
    assert [lost.usage for lost in core.bodies(events, ModelLost)] == [Usage(40, 30)]
    assert core.bodies(events, MessageAdded)[-1].usage == Usage(10, output_tokens=2)
    result = core.result(events)
    assert (result.cost_usd, result.usage["test/model"].calls) == (5.0, 1)


async def test_where_no_provider_took_the_request_up_nothing_is_counted(core):
    events = await core.all_of(core.session(core.Model([ProviderError("connection", "refused")])))
    assert not core.bodies(events, ModelLost)
    assert core.result(events).usage == {}


@pytest.mark.parametrize("room", range(30))
async def test_when_the_disk_is_full_the_run_fails_and_says_so_and_the_log_stays_whole(core, room):
    store = core.FullStore(room)
    reader, writer = core.Tool(), core.Tool("write", "write")
    model = core.Model(
        core.says("I look.", core.call("a"), core.call("b")),
        core.says("I write.", core.call("w", "write"), core.call("x", "write")),
        core.says("Done."),
    )
    session = core.session(model, reader, writer, store=store)
    events = await core.all_of(session)
    result = core.result(events)
    stored = list(store.read(session.id))
    facts = [event for event in events if event.prev is not None]
    assert stored == facts[:room], "the log is the beginning of the stream"

    announced = [body.id for body in core.bodies(stored, ActionStarted)]
    assert len(reader.runs) + len(writer.runs) <= len(announced), "nothing begins unannounced"
    assert len(model.requests) == len(core.bodies(stored, ModelRequest))
    if room < len(facts) - 2:  # what only closes the record, and is lost, costs nothing
        assert (result.status, result.exit_code, result.error.code) == ("failed", 1, "store")
        assert "No space left" in result.error.text
    for end in core.bodies(events, ActionEnded):
        assert end.status != "unknown", "kedge lived to see it"
    if room < len(facts):
        with pytest.raises(Exception, match="No space left"):
            await core.all_of(session)
    await session.close()
    await _goes_on(core, store, session.id, {"a", "b", "w", "x"} - set(announced))


async def _goes_on(core, store, id, never_begun):
    """With room again, the session is resumed from what is on disk."""
    store.room = 1000
    before = list(store.read(id))
    model = core.Model(*[core.says("Finished.")] * 2)
    session = core.session(model, store=store, resume=id)
    words = None if session.unfinished else "Go on."
    events = await core.all_of(session, words, before)
    assert core.result(events).status == "done"
    unknown = {e.id for e in core.bodies(events, ActionEnded) if e.status == "unknown"}
    assert unknown.isdisjoint(never_begun)


async def test_words_of_the_model_that_utf_8_cannot_carry_do_not_stop_it(core):
    said = core.says(Text("caf\udce9"), ToolCall("a", "read", "\ud800"))
    model = core.Model((TextDelta("caf\udce9"), *said), core.says("Done."))
    events = await core.all_of(core.session(model))
    assert core.result(events).status == "done"
    assert model.requests[1].messages[1].text == "caf?"
