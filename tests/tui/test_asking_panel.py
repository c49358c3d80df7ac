"""The panel of questions: which keys answer, which do not, and what is shown."""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from msgspec import structs
from textual.app import App
from textual.events import Key, Paste
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from kedge.agent.effects import CommandPart, Effect
from kedge.agent.events import Considered, Grant
from kedge.agent.messages import ToolCall
from kedge.agent.ports import Action, Approval, No, Question, Yes
from kedge.cli.tui.asking.choices import Choices
from kedge.cli.tui.asking.panel import AskPanel
from kedge.cli.tui.desk.state import Asked, DeskState
from kedge.cli.tui.grace import Typed, Typing
from kedge.cli.tui.keys import key_name

GRACE = 0.5
OFFER = "bash(make install)"


def question(
    command: str = "ls && make install", offers: tuple[str, ...] = (OFFER,), preview: str = ""
) -> Question:
    part = CommandPart(("make", "install"), "unknown", "nobody knows what make does")
    effects = (Effect("run", "ls", 0, (0, 2)), Effect("run", "make install", 1, (6, 18), part))
    action = Action(ToolCall("1", "bash", "{}"), {"command": command}, effects)
    heard = (Considered("mode", "allow", "mode auto allows it", effects=(0,)),)
    return Question(action, "gate", "a command nobody knows", (1,), offers, preview, heard)


def asked(id: int = 1, path: tuple[str, ...] = ("main",), **how: object) -> Asked:
    return Asked(id, question(**how), path, 0.0)


class Desk(App[None]):
    """A prompt and the panel above it."""

    BINDINGS: ClassVar = [("pageup", "note('pageup')"), ("escape", "note('escape')")]

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.answers: list[tuple[int, Approval]] = []
        self.heard: list[str] = []

    def compose(self):
        yield AskPanel(grace=GRACE, clock=lambda: self.now, prompt=lambda: self.query_one(TextArea))
        yield TextArea("a draft", id="prompt")

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()

    def on_ask_panel_answered(self, message: AskPanel.Answered) -> None:
        self.answers.append((message.id, message.approval))

    def action_note(self, key: str) -> None:
        self.heard.append(key)

    @property
    def panel(self) -> AskPanel:
        return self.query_one(AskPanel)

    def ask(self, *questions: Asked) -> None:
        self.panel.show(
            DeskState(cwd="/w", sandbox="workspace-write (landlock 7)", questions=questions)
        )

    def text(self, id: str) -> str:
        return str(self.query_one(id, Static).visual)


def at_the_desk():
    return Desk().run_test(size=(80, 24))


async def shown(pilot, *questions: Asked) -> None:
    """The questions, and their grace is over."""
    pilot.app.ask(*questions)
    await pilot.pause()
    pilot.app.now += GRACE


NO = "the person said no"


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["1", "enter"], Yes()),
        (["2", "enter"], Yes(Grant("session", (OFFER,)))),
        (["3", "enter"], Yes(Grant("project", (OFFER,)))),
        (["4", "enter"], Yes(Grant("user", (OFFER,)))),
        (["5", "enter"], No(NO)),
        (["enter"], Yes()),
        (["right", "enter"], Yes(Grant("session", (OFFER,)))),
        (["up", "up", "enter"], No(NO)),
    ],
)
async def test_a_key_is_an_answer(keys, answer):
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press(*keys)
        assert pilot.app.answers == [(1, Approval(answer, "person"))]
        assert not pilot.app.panel.display


async def test_the_panel_shows_what_is_asked_by_whom_and_what_always_would_store():
    async with at_the_desk() as pilot:
        await shown(pilot, asked(path=("main", "search")))
        what = pilot.app.text("#ask-what")
        assert "ls && make install\nnobody knows" in what
        assert "nobody knows what make does" in what
        assert "in /w · sandbox workspace-write · asked by gate" in what
        assert "for the agent search" in what
        assert pilot.app.text("#ask-head") == "? bash: a command nobody knows"
        assert OFFER in pilot.app.text("#ask-rules")


async def test_keys_pressed_as_the_question_appears_answer_nothing_and_are_typed_nowhere():
    async with at_the_desk() as pilot:
        pilot.app.ask(asked())
        await pilot.pause()
        await pilot.press("1", "enter", "right")
        assert pilot.app.answers == []
        assert pilot.app.query_one(TextArea).text == "a draft"


async def test_a_key_that_came_too_soon_is_said_to_have_done_so():
    async with at_the_desk() as pilot:
        pilot.app.ask(asked())
        await pilot.pause()
        await pilot.press("1")
        assert "too soon" in pilot.app.text("#ask-hint")
        async with asyncio.timeout(30):
            while "too soon" in pilot.app.text("#ask-hint"):
                await pilot.pause(0.05)


async def test_who_goes_on_typing_answers_nothing():
    async with at_the_desk() as pilot:
        pilot.app.ask(asked())
        await pilot.pause()
        for _ in range(3):
            pilot.app.now += GRACE * 0.9
            await pilot.press("1")
        assert pilot.app.answers == []
        pilot.app.now += GRACE
        await pilot.press("1", "enter")
        assert len(pilot.app.answers) == 1


@pytest.mark.parametrize("grace", [0.0, GRACE], ids=["at once", "after the grace"])
@pytest.mark.parametrize("words", ["2 things first", "yes but", "so it is", "book it", "e.g. this"])
async def test_a_sentence_is_no_answer_and_goes_to_the_prompt_as_a_whole(words: str, grace: float):
    async with at_the_desk() as pilot:
        prompt = pilot.app.query_one(TextArea)
        prompt.text = ""
        pilot.app.ask(asked())
        await pilot.pause()
        pilot.app.now += grace
        for character in words:  # faster than anybody types
            key = "space" if character == " " else key_name(character)
            pilot.app.post_message(Key(key, character))
        pilot.app.post_message(Key("enter", "\r"))
        await pilot.pause()
        async with asyncio.timeout(30):
            while prompt.text != f"{words}\n":
                await pilot.pause(0.01)
        assert pilot.app.focused is prompt
        assert pilot.app.answers == []
        assert pilot.app.panel.display


async def answered(pilot) -> None:
    async with asyncio.timeout(30):
        while not pilot.app.answers:
            await pilot.pause(0.01)


@pytest.mark.parametrize(
    ("key", "answer"), [("y", Yes()), ("n", No("the person said no")), ("1", Yes())]
)
async def test_what_stands_alone_is_an_answer_after_the_grace(key: str, answer: Yes | No):
    async with at_the_desk() as pilot:
        pilot.app.ask(asked())
        await pilot.pause()
        await pilot.press(key)
        assert pilot.app.answers == []
        pilot.app.now += GRACE * 1.1
        await pilot.press(key)
        await answered(pilot)
        assert [approval.answer for _, approval in pilot.app.answers] == [answer]


async def test_a_letter_and_enter_are_that_letter_s_answer():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press("n", "enter")
        await answered(pilot)
        assert [approval.answer for _, approval in pilot.app.answers] == [No("the person said no")]


async def test_what_was_taken_back_at_once_is_no_answer():
    async with at_the_desk() as pilot:
        await shown(pilot, asked(1), asked(2))
        await pilot.press("1", "backspace", "2", "tab")
        assert [id for id, _ in pilot.app.answers] == [1]
        assert pilot.app.answers[0][1].answer == Yes(Grant("session", (OFFER,)))


class Waits:
    """Timers that go off when told to."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def __call__(self, _: float, then: Callable[[], None]) -> "Waits":
        self.due.append(then)
        return self

    def stop(self) -> None:
        self.due.clear()


def test_a_letter_that_a_word_begins_with_answers_nothing() -> None:
    waits, ran = Waits(), list[str]()
    typing = Typing(waits, ran.append, lambda then: waits(0, then))
    y, o, k = (Typed(one, one) for one in "yok")
    assert typing.take(y, "ask_answer('1')") == "waits"
    assert typing.take(o, "ask_open") == "words"
    assert typing.words() == [y, o]
    assert (waits.due, ran) == ([], [])
    assert typing.take(y, "ask_answer('1')") == "waits"
    assert typing.take(y, "ask_answer('1')") == "waits"
    waits.due[0]()
    assert ran == ["ask_answer('1')"]
    assert typing.take(o, "ask_open") == "runs"
    assert typing.take(k, "ask_scroll(-1)") == "runs"
    assert typing.enter() == "words"


def test_enter_behind_an_answer_means_it_unless_more_came_at_once() -> None:
    waits, ran = Waits(), list[str]()
    typing = Typing(waits, ran.append, lambda then: waits(0, then))
    one, more, enter = Typed("1", "1"), Typed("m", "m"), Typed("enter", "\r")
    assert typing.take(one, "ask_answer('1')") == "waits"
    assert typing.enter() == "waits" and ran == []
    waits.due[-1]()
    assert ran == ["ask_answer('1')"]
    assert typing.take(one, "ask_answer('1')") == "waits"
    assert typing.enter() == "waits"
    assert typing.take(more, "") == "words"
    assert typing.words() == [one, enter, more]
    assert (waits.due, len(ran)) == ([], 1)


async def test_y_in_a_draft_is_no_answer():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        pilot.app.query_one(TextArea).focus()
        await pilot.press("y", "n")
        assert pilot.app.answers == []


async def test_who_is_asked_about_an_edit_is_told_of_mode_auto():
    async with at_the_desk() as pilot:
        edit = structs.replace(asked().question.action, call=ToolCall("1", "edit", "{}"))
        about = structs.replace(asked(), question=structs.replace(question(), action=edit))
        await shown(pilot, about)
        assert "shift+tab: auto, edits unasked" in pilot.app.text("#ask-hint")
        await shown(pilot, asked(id=2))
        assert "edits unasked" not in pilot.app.text("#ask-hint")


async def test_the_grace_has_an_end_however_fast_keys_come():
    async with at_the_desk() as pilot:
        pilot.app.ask(asked())
        await pilot.pause()
        for _ in range(7):
            pilot.app.now += GRACE * 0.6
            await pilot.press("5", "enter")
        assert len(pilot.app.answers) == 1


async def test_a_question_that_a_dialog_covered_begins_its_grace_when_it_is_seen():
    async with at_the_desk() as pilot:
        await pilot.app.push_screen(ModalScreen())
        await shown(pilot, asked())
        await pilot.app.pop_screen()
        await pilot.pause()
        await pilot.press("1", "enter")
        assert pilot.app.answers == []


async def test_the_next_question_has_a_grace_of_its_own():
    async with at_the_desk() as pilot:
        await shown(pilot, asked(1), asked(2))
        await pilot.press("1", "enter", "1", "enter")
        assert [id for id, _ in pilot.app.answers] == [1]


async def test_what_is_pasted_answers_nothing_and_goes_to_the_prompt():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        pilot.app.post_message(Paste("1"))
        await pilot.pause()
        assert pilot.app.answers == []
        assert pilot.app.query_one(TextArea).text.endswith("1a draft")


async def test_what_is_typed_into_the_prompt_is_no_answer():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        pilot.app.query_one(TextArea).focus()
        await pilot.press("1", "enter")
        assert pilot.app.answers == []
        assert "1" in pilot.app.query_one(TextArea).text
        assert "f2" in pilot.app.text("#ask-hint")


async def test_the_prompt_gets_the_keys_back_after_the_last_answer():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press("1", "enter")
        await pilot.pause()
        assert pilot.app.focused is pilot.app.query_one(TextArea)
        assert pilot.app.query_one(TextArea).text == "a draft"


async def test_a_question_that_cannot_be_answered_for_good_does_not_offer_it():
    async with at_the_desk() as pilot:
        await shown(pilot, asked(offers=()))
        await pilot.press("2", "3", "4", "e", "enter")
        assert pilot.app.answers == []
        assert "session" not in pilot.app.text("#ask-choices")


async def test_the_rule_can_be_edited_before_it_is_stored():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press(
            "e", "enter", "end", *["backspace"] * len("install)"), "*", ")", "enter", "3", "enter"
        )
        await pilot.pause()
        grant = Grant("project", ("bash(make *)",))
        assert pilot.app.answers == [(1, Approval(Yes(grant), "person"))]


async def test_a_rule_that_is_none_is_complained_about_and_not_taken():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press("e", "enter", "end", "backspace", "enter")
        await pilot.pause()
        assert "can never match" in pilot.app.text("#ask-fit")
        await pilot.press("escape", "2", "enter")
        assert pilot.app.answers == [(1, Approval(Yes(Grant("session", (OFFER,))), "person"))]


async def test_while_a_rule_is_typed_it_is_said_whether_it_covers_what_is_asked():
    def covers(rules: Sequence[str]) -> bool:
        return any(rule.startswith(("bash(make", "bash(*")) for rule in rules)

    one = Asked(1, structs.replace(question(), covers=covers), ("main",), 0.0)
    async with at_the_desk() as pilot:
        await shown(pilot, one)
        await pilot.press("e", "enter")
        assert pilot.app.text("#ask-fit") == "✓ covers what is asked"
        await pilot.press("end", *["backspace"] * len("make install)"), "n", "p", "m", ")")
        assert "it would be asked again" in pilot.app.text("#ask-fit")
        await pilot.press(*["backspace"] * len("npm)"), "*", ")")
        assert "far wider than what is asked: every command" in pilot.app.text("#ask-fit")
        await pilot.press("backspace")
        assert "can never match" in pilot.app.text("#ask-fit")


async def test_a_rule_that_does_not_cover_what_is_asked_is_not_taken_and_once_still_counts():
    one = Asked(1, structs.replace(question(), covers=lambda rules: OFFER in rules), ("main",), 0.0)
    async with at_the_desk() as pilot:
        await shown(pilot, one)
        await pilot.press("e", "enter", "end", "backspace", "x", ")", "enter")
        await pilot.pause()
        assert "not taken: what is asked is not covered" in pilot.app.text("#ask-fit")
        await pilot.press("escape", "1", "enter")
        await pilot.pause()
        assert pilot.app.answers == [(1, Approval(Yes(), "person"))]


async def test_a_no_can_carry_words_which_may_be_pasted():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press("6", "enter")
        await pilot.pause()
        pilot.app.post_message(Paste("use ninja"))
        await pilot.press("enter")
        assert pilot.app.answers == [(1, Approval(No(f"{NO}: use ninja"), "person"))]


async def test_escape_leaves_the_words_and_not_the_question():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press("6", "enter", "x", "escape")
        await pilot.pause()
        assert pilot.app.panel.display
        await pilot.press("5", "enter")
        assert pilot.app.answers == [(1, Approval(No(NO), "person"))]


async def test_several_questions_are_counted_and_answered_in_any_order():
    async with at_the_desk() as pilot:
        await shown(pilot, asked(1), asked(2, path=("main", "search")))
        assert pilot.app.text("#ask-place").startswith("1 of 2")
        await pilot.press("tab")
        assert "for the agent search" in pilot.app.text("#ask-what")
        await pilot.press("5", "enter")
        pilot.app.now += GRACE
        await pilot.press("1", "enter")
        assert pilot.app.answers == [
            (2, Approval(No(NO), "person")),
            (1, Approval(Yes(), "person")),
        ]


async def test_a_question_that_was_withdrawn_is_gone():
    async with at_the_desk() as pilot:
        await shown(pilot, asked(1), asked(2))
        await pilot.press("6", "enter", "x")
        pilot.app.ask(asked(2))
        await pilot.pause()
        pilot.app.now += GRACE
        await pilot.press("1", "enter")
        assert pilot.app.answers == [(2, Approval(Yes(), "person"))]


async def test_why_shows_everybody_who_was_heard():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press("w")
        assert "mode: allow ls · mode auto allows it" in pilot.app.text("#ask-what")
        await pilot.press("w")
        assert "mode auto" not in pilot.app.text("#ask-what")


@pytest.mark.parametrize("words", [9, 99])
async def test_effects_are_in_sight_before_rules_are(words):
    one = asked(command=f"ls && make install {'more ' * words}")
    action = one.question.action
    effects = (*action.effects, Effect("delete", "/w/build"))
    ask = structs.replace(
        one.question, action=structs.replace(action, effects=effects), effects=(1, 2)
    )
    async with Desk().run_test(size=(60, 20)) as pilot:
        await shown(pilot, structs.replace(one, question=ask))
        await pilot.pause()
        rules = pilot.app.text("#ask-rules")
        if words == 9:
            assert OFFER in rules
        else:
            assert "deletes /w/build" in rules and OFFER not in rules
            await pilot.press("2", "enter")
            assert pilot.app.answers == []
        assert "deletes /w/build" in pilot.app.text("#ask-what")
        await pilot.press("o")
        assert "deletes /w/build" in pilot.app.text("#ask-what")


@pytest.mark.parametrize("key", ["w", "o"])
async def test_escape_first_closes_what_was_opened(key):
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        before = pilot.app.text("#ask-what"), pilot.app.text("#ask-hint")
        await pilot.press(key)
        assert "esc closes it" in pilot.app.text("#ask-hint")
        await pilot.press("escape")
        await pilot.pause()
        assert (pilot.app.text("#ask-what"), pilot.app.text("#ask-hint")) == before
        assert pilot.app.heard == []
        await pilot.press("escape")
        assert pilot.app.heard == ["escape"]


async def test_a_long_question_says_so_and_can_be_opened():
    async with at_the_desk() as pilot:
        command = "\n".join(f"echo {number}" for number in range(30))
        await shown(pilot, asked(command=command))
        await pilot.pause()
        assert "shows all of it" in pilot.app.text("#ask-hint")
        before = pilot.app.query_one("#ask-body").size.height
        await pilot.press("o")
        await pilot.pause()
        assert pilot.app.query_one("#ask-body").size.height > before
        assert pilot.app.query_one(Choices).region.bottom <= 24


async def test_nothing_is_stored_that_was_not_shown_whole():
    async with at_the_desk() as pilot:
        rules = tuple(f"bash(make a-target-with-a-long-name-{number})" for number in range(12))
        await shown(pilot, asked(offers=rules))
        await pilot.pause()
        await pilot.press("2", "enter")
        await pilot.pause()
        assert pilot.app.answers == []
        assert "read all" in pilot.app.text("#ask-hint")
        await pilot.press("2", "enter")
        assert pilot.app.answers == [(1, Approval(Yes(Grant("session", rules)), "person"))]


async def test_keys_of_the_transcript_and_the_interrupt_pass():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.press("pageup", "escape")
        assert pilot.app.heard == ["pageup", "escape"]


async def test_an_answer_can_be_clicked():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        await pilot.click(Choices, offset=(2, 0))
        await pilot.pause()
        assert pilot.app.answers == [(1, Approval(Yes(), "person"))]


async def test_control_codes_and_markup_of_a_command_are_shown_and_not_obeyed():
    async with at_the_desk() as pilot:
        await shown(pilot, asked(command="[bold]ls[/bold] \x1b]0;x\x07[@click=app.quit]y[/]"))
        assert "[bold]ls[/bold]" in pilot.app.text("#ask-what")
        assert "\x1b" not in pilot.app.text("#ask-what")


async def test_the_keys_go_to_the_question_and_back():
    async with at_the_desk() as pilot:
        await shown(pilot, asked())
        for focused in (pilot.app.query_one(TextArea), pilot.app.panel):
            pilot.app.panel.switch_focus()
            await pilot.pause()
            assert pilot.app.focused is focused


def changing(tool: str, preview: str, **arguments: object) -> Asked:
    action = Action(ToolCall("1", tool, "{}"), arguments, (Effect("write", "/w/a.py"),))
    return Asked(1, Question(action, "gate", "writing", (0,), (), preview), ("main",), 0.0)


UNIFIED = "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2"
PATCH = "*** Begin Patch\n*** Update File: b.py\n@@\n-old\n+new\n*** End Patch"


async def test_a_change_is_shown_as_its_diff():
    async with at_the_desk() as pilot:
        await shown(pilot, changing("edit", UNIFIED, file_path="a.py", old_string="1"))
        lines = [line.rstrip() for line in pilot.app.text("#ask-what").splitlines()]
        assert lines[:4] == ["a.py", "1   def f():", "2 -     return 1", "2 +     return 2"]
        assert "writes /w/a.py" in lines


async def test_a_patch_is_shown_whole_with_the_files_it_names():
    async with at_the_desk() as pilot:
        await shown(pilot, changing("apply_patch", PATCH, patch=PATCH))
        assert pilot.app.text("#ask-what").startswith(PATCH)
