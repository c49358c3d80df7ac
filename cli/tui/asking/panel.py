"""The panel above the prompt in which questions are answered. It is no dialog: everything else goes
on being there, what is typed into the prompt is never an answer, and a sentence that is typed here
goes there."""

import time
from collections.abc import Callable
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from ....agent.ports import Approval, No, Yes
from ...questions import SCOPES, meaning, refusal
from ..desk.state import Asked, DeskState
from ..grace import Grace
from ..keys import KeyTable, bindings
from ..running import running_app
from .choices import Answers, Choices, answers
from .editor import AnswerEditor
from .fields import Fields
from .hint import AskHint, keys_in_words, sparing
from .pending import Pending
from .room import CRAMPED
from .sheet import QuestionSheet
from .typed_here import TypedHere

_LOOKS: Final = """
AskPanel {
    height: auto; display: none; padding: 0 1; border-top: solid $warning;
    &:focus-within { border-top: heavy $warning; }
    &:focus { border-top: heavy $warning; }
    &.-editing Choices { display: none; }
    &.-cramped #ask-hint { text-wrap: nowrap; text-overflow: ellipsis; }
}
"""


class AskPanel(Vertical, can_focus=True):
    """The questions that wait, one of them open. Hidden when there is none.

    It takes the keys when the first question comes, and gives them back after the last. Keys
    that are pressed within the grace after a question appeared answer nothing.
    """

    DEFAULT_CSS = _LOOKS
    BINDINGS = [*bindings("ask")]

    class Answered(Message):
        """A person answered a question."""

        def __init__(self, id: int, approval: Approval) -> None:
            super().__init__()
            self.id = id
            self.approval = approval

    class AllRefused(Message):
        """A person said no to everything that waits."""

        def __init__(self, refusal: No) -> None:
            super().__init__()
            self.refusal = refusal

    def __init__(
        self,
        keys: KeyTable | None = None,
        *,
        grace: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        prompt: Callable[[], Widget | None] = lambda: None,
        id: str | None = None,
    ) -> None:
        """`grace` is in seconds; `clock` is monotonic; `prompt` is what gets the words that are
        typed here, if anything does."""
        super().__init__(id=id)
        self._keys = keys or KeyTable()
        self._grace = Grace(grace, clock)
        self._typed = TypedHere(self, self._keys, self._grace, prompt)
        self._pending = Pending()
        self._at = 0
        self._why = False
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Head, what is asked, what would be stored, the answers, a hint."""
        yield QuestionSheet(self._keys, id="ask-sheet")
        yield Choices(id="ask-choices", markup=False)
        yield AnswerEditor(id="ask-editor")
        yield AskHint(id="ask-hint")

    def on_mount(self) -> None:
        """A question that a dialog covered has not been seen before the dialog is gone."""
        self.watch(self.screen, "stack_updates", self._grace.begin, init=False)
        # Diffs are painted without CSS.
        running_app().theme_changed_signal.subscribe(self, lambda _: self._draw())

    def show(self, state: DeskState) -> None:
        """Show the questions of this state; what was shown stays, if it still waits."""
        if self._pending.hear(state):
            self._draw()
        elif self._pending.open is not None or self._pending.first is not None:
            self._turn_to(self._pending.first)

    def _make_room(self) -> None:
        """Where rows are few, what is said elsewhere gives way."""
        cramped = self.screen.size.height < CRAMPED
        self.set_class(cramped, "-cramped")
        self.screen.set_class(cramped and self._pending.open is not None, "-cramped")

    def switch_focus(self) -> None:
        """Take the keys, or give them back."""
        if not self.has_focus:
            self.focus()
        elif self._before is not None:
            self._before.focus()

    def _turn_to(self, asked: Asked | None, *, unexpected: bool = True) -> None:
        """Open a question that was not open, or none."""
        had_keys = self.has_focus or self._editor.is_open
        appears = self._pending.open is None
        self._leave_editing()
        self._typed.drop()
        self._pending.open = asked
        self._at, self._why = 0, False
        self._hint.complain("")
        self._sheet.begin()
        self._make_room()
        self.display = asked is not None
        if asked is None:
            if had_keys and self._before is not None:
                self._before.focus()
            return
        if unexpected:
            self._grace.begin()
        if appears:
            self._before = self.screen.focused
            self.focus()
        self._draw()

    @property
    def _answers(self) -> Answers:
        return answers(storing=bool(self._pending.rules), count=self._pending.count)

    @property
    def _hint(self) -> AskHint:
        return self.query_one(AskHint)

    @property
    def _editor(self) -> AnswerEditor:
        return self.query_one(AnswerEditor)

    @property
    def _sheet(self) -> QuestionSheet:
        return self.query_one(QuestionSheet)

    def _draw(self) -> None:
        self.set_class(self._editor.is_open, "-editing")
        if self._pending.open is not None:
            self._sheet.show(self._pending, why=self._why)
            self.query_one(Choices).show(self._answers, self._at, self._keys)
            # How much was cut is known once it is laid out.
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self._pending.open is not None:
            self._show_keys()
            if not self._sheet.fit():
                self.call_after_refresh(self._fit)

    def _key(self, action: str) -> str:
        return next(iter(self._keys.keys(action)), "")

    def _show_keys(self) -> None:
        if self._editor.is_open:
            words = self._editor.hint
        elif not self.has_focus:
            words = f"{self._key('answer')} or a click to answer"
        else:
            words = keys_in_words(self._sheet, self._pending, self._keys, why=self._why)
        self._hint.show(words)

    def on_resize(self) -> None:
        """Answers go in a row or a column."""
        self._make_room()
        self._draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The hint says how to answer, or how to get here."""
        super().watch_has_focus(has_focus)
        if self.is_mounted:
            self._show_keys()

    def on_key(self, event: events.Key) -> None:
        """Keys that answer nothing go on to the app, unless they are typing."""
        if self._editor.is_open:
            return
        if event.key == "escape" and (self._why or self._sheet.is_open):
            event.stop()
            self._typed.drop()
            self._fold()
        elif self._typed.takes(event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted answers nothing."""
        if not self._editor.is_open:
            event.stop()
            event.prevent_default()
            self._typed.hand_over(events.Paste(event.text))

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        """A click answers as its key does."""
        event.stop()
        if not self._grace.is_too_soon():
            self.action_ask_answer(event.answer)

    def action_ask_answer(self, answer: str) -> None:
        """Answer with one of the numbers."""
        if self._pending.open is None:
            return
        if answer == "6":
            self._hint.complain("")
            self._editor.ask_words()
            self._draw()
        elif answer == "7":
            self._refuse_all()
        elif answer in SCOPES and self._sheet.rules_are_cut:
            self._hint.complain("read all that would be stored first")
            self._sheet.open()
            self._draw()
        else:
            meant = meaning(answer, self._pending.rules)
            if meant is not None:
                self._answer(meant)

    def action_ask_take(self) -> None:
        """Answer with what is highlighted."""
        self.action_ask_answer(self._answers[self._at][0])

    def action_ask_move(self, by: int) -> None:
        """Highlight another answer."""
        self._at = (self._at + by) % len(self._answers)
        self._draw()

    async def action_ask_turn(self, by: int) -> None:
        """Open another of the questions that wait; back from an edit alone is the next mode."""
        if (other := self._pending.turn(by)) is not None:
            self._turn_to(other, unexpected=False)
        elif by < 0 and sparing(self._pending, self._keys):
            await running_app().run_action("next_mode")

    def action_ask_why(self) -> None:
        """Show how it was decided, or hide that."""
        self._why = not self._why
        self._draw()

    def action_ask_open(self) -> None:
        """Show all of it, or less again."""
        self._sheet.open(not self._sheet.is_open)
        self._draw()

    def _fold(self) -> None:
        """Show no more than at first."""
        self._why = False
        self._sheet.open(False)
        self._draw()

    def action_ask_scroll(self, pages: int) -> None:
        """Scroll within the question."""
        self._sheet.scroll(pages)
        self.call_after_refresh(self._show_keys)

    def action_ask_edit(self) -> None:
        """Edit the rules that would be stored, each in a line of its own."""
        asked, rules = self._pending.open, self._pending.rules
        if asked is not None and rules:
            self._hint.complain("")
            self._editor.edit_rules(asked.question, rules)
            self._draw()

    def _leave_editing(self) -> None:
        if self._editor.is_open:
            self.focus()
            self._editor.close()

    def on_fields_changed(self, event: Fields.Changed) -> None:
        """What is said of the rules may take more room, or less."""
        event.stop()
        self.call_after_refresh(self._fit)

    def on_answer_editor_rules(self, event: AnswerEditor.Rules) -> None:
        """Offer to store these."""
        event.stop()
        self._pending.edit(event.rules)
        self._end_editing()

    def on_answer_editor_words(self, event: AnswerEditor.Words) -> None:
        """Say no with words."""
        event.stop()
        self._answer(refusal(event.words))

    def on_answer_editor_left(self, event: AnswerEditor.Left) -> None:
        """Go back to the answers."""
        event.stop()
        self._end_editing()

    def _end_editing(self) -> None:
        self._leave_editing()
        self._draw()

    def _answer(self, answer: Yes | No) -> None:
        if (asked := self._pending.open) is not None:
            self._pending.answered(asked)
            self.post_message(self.Answered(asked.id, Approval(answer, "person")))
            self.show(self._pending.state)

    def _refuse_all(self) -> None:
        if self._pending.are_several:
            self._pending.answered(*self._pending.waiting)
            self.post_message(self.AllRefused(refusal()))
            self.show(self._pending.state)
