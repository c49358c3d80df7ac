"""From a plan to work: reading, annotating, editing, deciding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.widgets import OptionList, Static

from kedge.cli.tui.asking.deciding import PlanDecided, carried_over, decided
from kedge.cli.tui.asking.plan import PlanOffer, PlanScreen
from kedge.cli.tui.desk.state import DeskState
from kedge.config.errors import UsageError

PLAN = "# Plan\n1. read\n2. write\n3. test"


def test_an_accepted_plan_is_the_next_prompt_with_what_was_remarked():
    said = decided("auto", PLAN, {2: "in Python"}, edited=False)
    assert said.choice == "auto"
    assert PLAN in said.text
    assert said.text.endswith("> 2. write\nin Python")


def test_a_plan_that_is_sent_back_says_what_is_to_change():
    said = decided("revise", PLAN, {3: "b", 1: "a"}, edited=False).text
    assert said.index("> 1. read\na") < said.index("> 3. test\nb")
    assert PLAN not in said
    assert PLAN in decided("revise", PLAN, {}, edited=True).text


def test_a_rejected_plan_says_nothing():
    assert decided("reject", PLAN, {1: "a"}, edited=True) == PlanDecided("reject", "")


def test_notes_stay_on_their_lines_when_the_plan_is_edited():
    after = "# Plan\n0. look\n1. read\n3. test"
    assert carried_over({1: "a", 2: "b", 3: "c"}, PLAN, after) == {2: "a", 3: "c"}


def test_a_note_on_a_line_that_was_changed_is_on_what_replaced_it():
    after = "# Plan\n1. read\n2. write, and tell\n3. test"
    assert carried_over({2: "b"}, PLAN, after) == {2: "b"}
    assert carried_over({1: "a", 2: "b"}, PLAN, "# Plan\n1. read and write\n3. test") == {1: "a\nb"}


LINES = st.lists(st.sampled_from("abc"), max_size=6).map("\n".join)


@given(LINES, LINES)
def test_a_note_is_on_a_line_that_there_is_and_goes_only_with_its_own(before, after):
    notes = {place: str(place) for place in range(len(before.splitlines()))}
    carried = carried_over(notes, before, after)
    assert set(carried) <= set(range(len(after.splitlines())))
    kept = "\n".join(carried.values()).split()
    assert sorted(kept) == kept and set(kept) <= set(notes.values())
    assert carried_over(notes, before, before) == notes


class Desk(App[None]):
    def __init__(self, outside=None) -> None:
        super().__init__()
        self.outside = outside
        self.decided: list[PlanDecided | None] = []

    def compose(self):
        yield PlanOffer()

    def review(self, plan: str = PLAN) -> None:
        self.push_screen(PlanScreen(plan, self.outside), self.decided.append)

    def text(self, id: str) -> str:
        return str(self.screen.query_one(id, Static).visual)

    @property
    def document(self) -> str:
        lines = self.screen.query_one(OptionList)
        return "\n".join(str(option.prompt) for option in lines.options)


async def reviewed(pilot, *keys: str) -> list[PlanDecided | None]:
    pilot.app.review()
    await pilot.pause()
    await pilot.press(*keys)
    await pilot.pause()
    return pilot.app.decided


@pytest.mark.parametrize(("key", "choice"), [("1", "auto"), ("2", "ask"), ("4", "reject")])
async def test_a_number_decides(key, choice):
    async with Desk().run_test(size=(80, 24)) as pilot:
        assert await reviewed(pilot, key) == [decided(choice, PLAN, {}, edited=False)]


async def test_escape_decides_nothing():
    async with Desk().run_test(size=(80, 24)) as pilot:
        assert await reviewed(pilot, "escape") == [None]


async def test_ctrl_c_goes_back_as_escape_does_and_keeps_what_was_edited():
    async with Desk().run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, "e", "X", "ctrl+c", "1")
        (decision,) = pilot.app.decided
        assert decision == decided("auto", f"X{PLAN}", {}, edited=True)
        assert await reviewed(pilot, "ctrl+c") == [decision, None]


async def test_lines_get_notes_which_can_be_changed_and_taken_away():
    async with Desk().run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, "down", "n", *"abc", "enter", "down", "enter", *"d1", "enter")
        assert pilot.app.document.splitlines()[1:5] == [
            "1. read", "    ✎ abc", "2. write", "    ✎ d1",
        ]  # fmt: skip
        await pilot.press("n", "backspace", "backspace", "enter", "up", "n", "x", "escape", "3")
        assert pilot.app.decided == [decided("revise", PLAN, {1: "abc"}, edited=False)]


async def test_a_plan_is_not_sent_back_without_a_reason():
    async with Desk().run_test(size=(80, 24)) as pilot:
        assert await reviewed(pilot, "3") == []
        assert "what is to change" in pilot.app.text("#plan-said")


async def test_the_plan_is_edited_in_place_and_numbers_are_typed_then():
    async with Desk().run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, "down", "e", "1", "2", "escape", "2")
        changed = PLAN.replace("1. read", "121. read")
        assert pilot.app.decided == [decided("ask", changed, {}, edited=True)]


async def test_the_plan_is_edited_outside_and_keeps_its_notes():
    async def prefixed(text: str) -> str:
        return f"0. first\n{text}\n"

    async with Desk(prefixed).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, "n", "x", "enter", "ctrl+g", "1")
        changed = f"0. first\n{PLAN}"
        assert pilot.app.decided == [decided("auto", changed, {1: "x"}, edited=True)]


async def test_an_editor_that_fails_leaves_the_plan_as_it_was():
    async def broken(text: str) -> str:
        raise UsageError("the editor did not start", hint="set $EDITOR")

    async with Desk(broken).run_test(size=(80, 24)) as pilot:
        await reviewed(pilot, "ctrl+g")
        assert "did not start (set $EDITOR)" in pilot.app.text("#plan-said")
        await pilot.press("1")
        assert pilot.app.decided == [decided("auto", PLAN, {}, edited=False)]


async def test_control_codes_and_markup_of_a_plan_are_not_obeyed():
    async with Desk().run_test(size=(80, 24)) as pilot:
        pilot.app.review("[bold]a\x1b[2J[/] b")
        await pilot.pause()
        assert pilot.app.document == "[bold]a[/] b"


@pytest.mark.parametrize(
    ("state", "answer", "offered"),
    [
        (DeskState(mode="plan"), PLAN, True),
        (DeskState(mode="plan", working=True), PLAN, False),
        (DeskState(mode="ask"), PLAN, False),
        (DeskState(mode="plan"), " \n", False),
    ],
)
async def test_a_plan_is_offered_at_the_end_of_a_turn_in_mode_plan(state, answer, offered):
    async with Desk().run_test(size=(80, 24)) as pilot:
        offer = pilot.app.query_one(PlanOffer)
        offer.show(state, answer)
        assert (offer.display, bool(offer.plan)) == (offered, offered)
        offer.dismiss()
        offer.show(state, answer)
        assert not offer.display
