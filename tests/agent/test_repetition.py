"""Repeating without effect is noticed, told, asked about and stopped; working hard is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.effects import CommandPart, Effect, FileChange
from kedge.agent.errors import LoopError
from kedge.agent.events import ActionEnded
from kedge.agent.gate import Gate
from kedge.agent.messages import Image, Text, ToolCall
from kedge.agent.ports import Action, Allow
from kedge.agent.repetition import Repetition
from kedge.agent.validators.loops import LoopValidator
from kedge.config.guards import LoopSettings

CHANGE = (FileChange("/w/a", "modified", 1, 1),)


def read(path="a"):
    return Action(ToolCall("1", "read", "{}"), {"file_path": path}, (Effect("read", path),))


def run(command="pytest", risk="unknown"):
    part = CommandPart(tuple(command.split()), risk, "it is not known")
    effects = (Effect("run", command, command=part),)
    return Action(ToolCall("1", "bash", "{}"), {"command": command}, effects)


def edit(old="a", new="b"):
    arguments = {"file_path": "x", "old_string": old, "new_string": new}
    return Action(ToolCall("1", "edit", "{}"), arguments, (Effect("write", "/w/x"),))


def ended(action, text="1 failed", status="ok", changes=(), exit_code=None):
    return ActionEnded(
        "1", action.call.name, status, (Text(text),), changes=changes, exit_code=exit_code
    )


class Told:
    """A tracker that is told of one call after the other; how often each had repeated before."""

    def __init__(self, **settings):
        self.guard = Repetition(LoopSettings(**{"stop_at": 0} | settings))
        self.notes = []

    def __call__(self, action, text="1 failed", turn=1, **how):
        times = self.guard.times(action, turn)
        self.notes.append(self.guard.note(action, ended(action, text, **how), turn))
        return times


@pytest.mark.parametrize("action", [read(), run(), run("ls", "safe")])
def test_the_same_call_with_the_same_result_repeats(action):
    told = Told()
    assert [told(action) for _ in range(5)] == [0, 1, 2, 3, 4]


def test_another_result_begins_anew():
    told = Told()
    assert [told(run(), text) for text in ("a", "a", "b", "b", "a")] == [0, 1, 2, 1, 2]
    assert told.guard.times(run(), 1) == 1


def test_other_arguments_or_another_tool_are_another_call():
    told = Told()
    assert [told(action) for action in (read("a"), read("b"), run("a"))] == [0, 0, 0]


def test_the_order_of_arguments_makes_no_difference():
    told = Told()
    one = read()
    for arguments in ({"a": 1, "b": 2}, {"b": 2, "a": 1}):
        last = told(Action(one.call, arguments, one.effects))
    assert last == 1


def test_reading_other_things_in_between_changes_nothing():
    told = Told()
    assert [told(action) for action in (read(), read("b"), read(), read("c"), read())][-1] == 2


def test_a_changed_file_makes_it_another_situation():
    told = Told()
    for place in range(6):
        assert told(run(), "1 failed") == 0
        told(edit(str(place), str(place + 1)), "edited", changes=CHANGE)


def test_a_command_that_was_not_run_before_may_have_changed_something():
    told = Told()
    for place in range(6):
        assert told(run(), "1 failed") == 0
        told(run(f"sed -i s/{place}/x/ a"), "")


def test_a_command_that_only_reads_changes_nothing():
    told = Told()
    for place in range(3):
        assert told(read()) == place
        told(run(f"ls {place}", "safe"), "")


def test_circles_of_commands_repeat():
    told = Told()
    circle = [run("make"), run("make install"), read(), run("make clean"), run("ls /")]
    seen = [[told(action) for action in circle] for _ in range(4)]
    assert min(seen[3]) == 2, "the first round was new, so only those after it count"


@pytest.mark.parametrize("length", [1, 2, 3])
def test_circles_of_changes_that_undo_each_other_repeat(length):
    steps = [(edit(str(n), str(n + 1)), "edited") for n in range(length)]
    told = Told()
    times = [told(action, text, changes=CHANGE) for _ in range(5) for action, text in steps]
    assert times[-1] == 4
    assert max(times[:length]) == 0
    assert told.notes[2 * length] != ""


def test_a_circle_that_is_left_is_forgotten():
    told = Told()
    for _ in range(3):
        told(edit("a", "b"), "edited", changes=CHANGE)
        told(edit("b", "a"), "edited", changes=CHANGE)
    told(edit("a", "c"), "edited", changes=CHANGE)
    assert told.guard.times(edit("a", "b"), 1) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 failed in 0.05s", "1 failed in 1.21s"),
        ("took 12 ms", "took 9 ms"),
        ("12:01:22.123 error", "12:01:25.001 error"),
        ("<Basket object at 0x7f00aa>", "<Basket object at 0x7f11bb>"),
        ("wrote /tmp/tmpab12.log", "wrote /tmp/tmpzz99.log"),
    ],
)
def test_what_differs_each_time_and_means_nothing_is_no_other_result(one, other):
    told = Told()
    assert [told(run(), text) for text in (one, other, one)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("one", "other"),
    [("3 failed", "2 failed"), ("line 10", "line 11"), ("running for 3 s", "running for 9 s")],
)
def test_what_differs_and_means_something_is_another_result(one, other):
    told = Told()
    assert [told(read(), text) for text in (one, other, one)] == [0, 1, 1]


def test_other_endings_and_other_pictures_are_other_results():
    told = Told()
    told(run(), "x", exit_code=0)
    told(run(), "x", exit_code=1)
    assert told.guard.times(run(), 1) == 1
    for data in ("aaaa", "bbbb"):
        end = ActionEnded("1", "read", "ok", (Image("image/png", data),))
        told.guard.note(read(), end, 1)
    assert told.guard.times(read(), 1) == 1


def test_polling_and_waiting_do_not_repeat():
    told = Told()
    wait = Action(ToolCall("1", "bash_output", "{}"), {"id": "b", "wait_seconds": 5}, ())
    parts = [CommandPart((word, "x"), "safe", "") for word in ("sleep", "cat")]
    poll = Action(
        ToolCall("1", "bash", "{}"),
        {"command": "sleep 5; cat log"},
        tuple(Effect("run", "x", command=part) for part in parts),
    )
    for action in (wait, poll):
        assert [told(action, "nothing yet") for _ in range(20)] == [0] * 20
    assert set(told.notes) == {""}


def test_a_refused_call_that_is_asked_for_again_counts_on():
    told = Told()
    for _ in range(3):
        told(run())
    words = [f"Not allowed: it gave the same result {n} times" for n in (3, 4)]
    assert [told(run(), text, status="denied") for text in words] == [3, 4]
    other = Told()
    assert [other(run("x"), text, status="denied") for text in words] == [0, 1]


def test_a_new_prompt_begins_anew():
    told = Told()
    assert [told(run(), turn=turn) for turn in (1, 1, 2, 2)] == [0, 1, 0, 1]


def test_from_the_third_time_the_model_is_told():
    told = Told()
    for _ in range(4):
        told(run())
    assert [bool(note) for note in told.notes] == [False, False, True, True]
    assert "for the 3rd time" in told.notes[2]
    assert "for the 4th time" in told.notes[3]


def test_the_eighth_time_ends_the_turn():
    told = Told(stop_at=8)
    for _ in range(7):
        told(run())
    with pytest.raises(LoopError, match="the same call of bash 8 times") as error:
        told(run())
    assert error.value.exit_code == 11


def test_nothing_is_said_or_stopped_where_the_numbers_are_0():
    told = Told(note_at=0, ask_at=0, stop_at=0)
    assert [told(run()) for _ in range(50)][-1] == 49
    assert set(told.notes) == {""}
    assert list(LoopValidator(LoopSettings(ask_at=0)).check(run())) == []


def test_the_same_answer_over_and_over_ends_the_turn():
    guard = Repetition(LoopSettings(stop_at=3))
    for text in ("Done.", "Done.", "Now.", "Done.", "Done."):
        guard.answered(text, 1)
    with pytest.raises(LoopError, match="the same answer 3 times"):
        guard.answered("Done.", 1)
    guard.answered("Done.", 2)


class Allows:
    name = "rules"

    def check(self, action):
        return (Allow("a rule"),)


@pytest.mark.parametrize(
    ("repeats", "outcome"), [(0, "allow"), (3, "allow"), (4, "ask"), (6, "ask")]
)
def test_from_the_fifth_time_a_person_is_asked_whatever_allows_it(repeats, outcome):
    action = Action(ToolCall("1", "bash", "{}"), {}, (Effect("run", "x"),), repeats=repeats)
    gate = Gate([Allows(), LoopValidator(LoopSettings())])
    ruling = gate.review(action, lambda arguments: action)
    assert ruling.outcome == outcome
    if outcome == "ask":
        assert ruling.firm and f"{repeats} times" in ruling.reason


CALLS = st.sampled_from([read("a"), read("b"), run("x"), run("y"), edit()])


@given(st.lists(st.tuples(CALLS, st.sampled_from(["p", "q"]), st.booleans()), max_size=40))
def test_a_count_never_passes_the_number_of_such_calls_with_such_results(steps):
    told = Told()
    done = []
    for action, text, changed in steps:
        times = told(action, text, changes=CHANGE if changed else ())
        before = [result for call, result in done if call == action]
        assert times <= max((before.count(result) for result in before), default=0)
        done.append((action, text))


@given(st.lists(st.tuples(CALLS, st.booleans()), max_size=40))
def test_work_whose_results_are_all_new_never_repeats(steps):
    told = Told()
    for place, (action, changed) in enumerate(steps):
        assert told(action, f"result {place}", changes=CHANGE if changed else ()) <= 1
    assert set(told.notes) <= {""}


async def test_a_model_that_goes_round_in_circles_is_told_and_then_stopped(core):
    model = core.Model(*[core.says(core.call(str(at), path="a")) for at in range(20)])
    events = await core.all_of(core.session(model))
    result = core.result(events)
    assert (result.status, result.exit_code, result.turns) == ("loop", 11, 8)
    assert result.error.code == "loop" and "the same call of read 8 times" in result.error.text
    ends = core.bodies(events, ActionEnded)
    assert [end.status for end in ends] == ["ok"] * 7 + ["cancelled"]
    told = ["this is the same call" in end.content[-1].text for end in ends]
    assert told == [False, False, True, True, True, True, True, False]


async def test_calls_side_by_side_in_one_answer_are_no_circle(core):
    calls = [core.call(str(at), path="a") for at in range(4)]
    events = await core.all_of(core.session(core.Model(core.says(*calls), core.says("Done."))))
    assert core.result(events).status == "done"
