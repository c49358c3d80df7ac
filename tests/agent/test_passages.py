"""Words pass the screens at every stage, and what the screens say is recorded."""

import pytest

from kedge.agent.bus import Bus
from kedge.agent.events import ActionEnded, Finding
from kedge.agent.gate import Gate
from kedge.agent.judge import Judge
from kedge.agent.messages import Text, ToolCall
from kedge.agent.passages import Passages, Refused
from kedge.agent.ports import Action, Deny
from kedge.agent.stages import Flag, Replace
from kedge.agent.stores.memory import MemoryLog
from kedge.agent.validators.unattended import Unattended


class Screen:
    """Says what it is told to of the stage that it is for."""

    name = "screen"

    def __init__(self, stage, *verdicts):
        self.stage = stage
        self.verdicts = verdicts

    def check(self, passage):
        return self.verdicts if passage.stage == self.stage else ()


@pytest.fixture
def screened():
    events = []

    def make(stage, *verdicts):
        make.bus = bus = Bus("s", MemoryLog([]))
        bus.watch(events.append)
        judge = Judge(Gate([], [Screen(stage, *verdicts)]), Unattended())
        return Passages(judge, bus)

    make.findings = lambda: [one.body for one in events if isinstance(one.body, Finding)]
    return make


ACTION = Action(ToolCall("1", "read", "{}"), {}, ())
END = ActionEnded("1", "read", "ok", (Text("words"),))


async def test_a_prompt_can_be_refused(screened):
    assert await screened("prompt", Deny("not this")).prompt((Text("x"),)) == Refused("not this")


async def test_a_prompt_goes_on_in_the_form_that_a_screen_gives_it(screened):
    assert await screened("prompt", Replace("y", "r")).prompt((Text("x"),)) == (Text("y"),)


async def test_a_result_can_be_withheld(screened):
    end = await screened("result", Deny("a secret")).result(ACTION, END)
    assert end.content == (Text("Withheld: a secret."),)


async def test_a_result_that_gives_instructions_taints_its_turn_alone(screened):
    passages = screened("result", Flag("warning", "gives orders", taint=True))
    await passages.result(ACTION, END)
    assert "gives orders" in passages.tainted
    assert [one.text for one in screened.findings()] == ["read: gives orders"]
    screened.bus.turn += 1
    assert passages.tainted == ""


async def test_an_answer_that_must_not_be_given_is_asked_for_in_another_way(screened):
    assert "not so" in await screened("answer", Deny("not so")).rested("words")


async def test_an_answer_that_nobody_minds_is_the_end(screened):
    assert await screened("answer").rested("words") == ""
