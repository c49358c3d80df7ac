"""The panel above the prompt in which questions are answered. It is no dialog: everything else goes
on being there, and what is typed into the prompt is never an answer."""

import time
from collections.abc import Callable
from typing import Final, Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from ....agent.ports import Approval, No, Yes
from ...questions import SCOPES, meaning, refusal, wrong_with
from ..desk.state import Asked, DeskState
from ..grace import Grace, Letters
from ..keys import KeyTable, bindings
from ..running import running_app
from .choices import Answers, Choices, answers
from .fields import Fields
from .pending import Pending
from .room import CRAMPED
from .sheet import QuestionSheet

_EDITS: Final = ("edit", "write", "apply_patch")
_ELSE: Final = ("open", "down", "up", "edit", "why")
_WHILE_EDITING: Final = {
    "rules": "enter keeps the rule · esc leaves it as it was",
    "words": "enter says no with these words · esc goes back",
}
_HELD: Final = "too soon: keys count in a moment, press it again"
_WORDS: Final = "keys wait a moment · for words: {} says no with them, {} goes to the prompt"
_LOOKS: Final = """
AskPanel {
    height: auto; display: none; padding: 0 1; border-top: solid $warning;
    &:focus-within { border-top: heavy $warning; }
    &:focus { border-top: heavy $warning; }
    #ask-hint { color: $text-muted; }
    &.-editing Choices { display: none; }
    &.-cramped #ask-hint { text-wrap: nowrap; text-overflow: ellipsis; }
}
"""


class AskPanel(Vertical, can_focus=True):
    """The questions that wait, one of them open. Hidden when there is none.

    It takes the keys when the first question comes, and gives them back after the last. Keys
    that are pressed within the grace after a question appeared are swallowed.
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
        id: str | None = None,
    ) -> None:
        """`grace` is in seconds; `clock` is monotonic."""
        super().__init__(id=id)
        self._keys = keys or KeyTable()
        self._grace = Grace(grace, clock)
        self._letters = Letters(self.set_timer, self._run)
        self._pending = Pending()
        self._editing: Literal["", "rules", "words"] = ""
        self._at = 0
        self._why = False
        self._complaint = ""
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Head, what is asked, what would be stored, the answers, a hint."""
        yield QuestionSheet(self._keys, id="ask-sheet")
        yield Choices(id="ask-choices", markup=False)
        yield Fields(id="ask-edit")
        yield Static(id="ask-hint", markup=False)

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
        had_keys = self.has_focus or self._editing != ""
        appears = self._pending.open is None
        self._leave_editing()
        self._pending.open = asked
        self._at, self._why, self._complaint = 0, False, ""
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
        return answers(storing=bool(self._pending.rules), several=self._pending.are_several)

    @property
    def _sheet(self) -> QuestionSheet:
        return self.query_one(QuestionSheet)

    def _draw(self) -> None:
        if self._pending.open is not None:
            self._sheet.show(self._pending, why=self._why)
            self.query_one(Choices).show(self._answers, self._at, self._keys)
            # How much was cut is known once it is laid out.
            self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self._pending.open is not None:
            self._hint()
            if not self._sheet.fit():
                self.call_after_refresh(self._fit)

    def _key(self, action: str) -> str:
        return next(iter(self._keys.keys(action)), "")

    def _hint(self) -> None:
        if self._editing:
            words = _WHILE_EDITING[self._editing]
        elif not self.has_focus:
            words = f"{self._key('answer')} or a click to answer"
        else:
            words = _keys_in_words(self._sheet, self._pending, self._keys, why=self._why)
        complaint = Content.styled(self._complaint, "bold $text-warning")
        told = complaint.append(f" · {words}") if self._complaint else Content(words)
        self.query_one("#ask-hint", Static).update(told)

    def on_resize(self) -> None:
        """Answers go in a row or a column."""
        self._make_room()
        self._draw()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The hint says how to answer, or how to get here."""
        super().watch_has_focus(has_focus)
        if self.is_mounted:
            self._hint()

    def on_key(self, event: events.Key) -> None:
        """Keys that answer nothing go on to the app, unless they are typing."""
        if self._editing:
            if event.key == "escape":
                event.stop()
                self._leave_editing()
                self._draw()
            return
        if event.key == "escape" and (self._why or self._sheet.is_open):
            event.stop()
            self._letters.drop()
            self._fold()
            return
        call = self._keys.call("ask", event.key)
        if not (call or event.is_printable or event.key in ("enter", "tab", "backspace", "delete")):
            return
        soon = self._grace.is_too_soon()
        if self._letters.take(event.key, "" if soon else call) or soon or not call:
            event.stop()
            event.prevent_default()
            if not call:
                self._hear_words()
            elif soon:
                self._hold()

    def _run(self, call: str) -> None:
        self.call_later(self.run_action, call)

    def _hold(self) -> None:
        """A key came too soon: that is said for as long as it is so."""
        self._complaint = self._complaint or _HELD
        self._hint()
        self.set_timer(self._grace.seconds, self._release)

    def _release(self) -> None:
        self._complaint = "" if self._complaint == _HELD else self._complaint
        self._hint()

    def _hear_words(self) -> None:
        """A sentence is being typed: the Enter at its end says yes to nothing."""
        self._grace.begin()
        because, prompt = self._key("ask-no-because"), self._key("answer")
        self._complaint = _WORDS.format(because, prompt)
        self._hint()

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted answers nothing."""
        if not self._editing:
            event.stop()
            event.prevent_default()

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
            self._edit("words", [""], "What should it do instead?")
        elif answer == "7":
            self._refuse_all()
        elif answer in SCOPES and self._sheet.rules_are_cut:
            self._complaint = "read all that would be stored first"
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
        """Show everybody who was heard, or hide them."""
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
        self.call_after_refresh(self._hint)

    def action_ask_edit(self) -> None:
        """Edit the rules that would be stored, each in a line of its own."""
        if rules := self._pending.rules:
            self._edit("rules", list(rules), "a rule, such as bash(npm test *)")

    def _edit(self, what: Literal["rules", "words"], values: list[str], asks: str) -> None:
        self._editing, self._complaint = what, ""
        self.add_class("-editing")
        self.query_one(Fields).open(values, asks)
        self._draw()

    def _leave_editing(self) -> None:
        if self._editing:
            self._editing, self._complaint = "", ""
            self.remove_class("-editing")
            self.focus()
            self.query_one(Fields).close()

    def on_fields_filled(self, event: Fields.Filled) -> None:
        """Take the rules, if they are rules, or the words."""
        event.stop()
        if self._editing == "words":
            self._answer(refusal(" ".join(event.values)))
        else:
            rules = event.values
            wrong = "; ".join(filter(None, map(wrong_with, rules)))
            self._complaint = wrong or ("" if rules else "no rule is left")
            if not self._complaint:
                self._pending.edit(rules)
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


def sparing(pending: Pending, keys: KeyTable) -> str:
    """How not to be asked about edits, in words, where one alone is asked about."""
    asked = pending.open
    edits = asked is not None and asked.question.action.call.name in _EDITS
    alone = edits and len(pending.waiting) == 1 and pending.state.mode == "ask"
    return f"{keys.shown('ask-previous')}: auto, edits unasked" if alone else ""


def _keys_in_words(sheet: QuestionSheet, pending: Pending, keys: KeyTable, *, why: bool) -> str:
    """What else can be done than answer."""
    shown = {name: next(iter(keys.keys(f"ask-{name}")), "") for name in _ELSE}
    if not sheet.is_cut:
        reach = ""
    elif sheet.is_open:
        reach = f"{shown['down']} {shown['up']} scroll"
    else:
        reach = f"{shown['open']} shows all of it"
    edit = f"{shown['edit']} edits the rule" if pending.rules else ""
    closes = "esc closes it" if why or sheet.is_open else ""
    parts = (reach, closes, edit, f"{shown['why']} why", sparing(pending, keys))
    return " · ".join(filter(None, parts))
