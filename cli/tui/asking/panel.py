"""The panel above the prompt in which questions are answered. It is no dialog: everything else goes
on being there, and what is typed into the prompt is never an answer."""

import time
from collections.abc import Callable
from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from ....agent.ports import Approval, No, Yes
from ...questions import SCOPES, headline, meaning, refusal, wrong_with
from ..desk.facts import Asked, Facts
from ..keys import KeyTable, bindings
from ..running import running_app
from ..themes import palette_of
from ..view.look import Look
from .choices import Answers, Choices, answers
from .fields import Fields
from .grace import Grace
from .question import body, stored


class AskPanel(Vertical, can_focus=True):
    """The questions that wait, one of them open. Hidden when there is none.

    It takes the keys when the first question comes, and gives them back after the last. Keys
    that are pressed within the grace after a question appeared are swallowed.
    """

    DEFAULT_CSS = """
    AskPanel {
        height: auto; display: none; padding: 0 1; border-top: solid $warning;
        &:focus-within { border-top: heavy $warning; }
        &:focus { border-top: heavy $warning; }
        .ask-line { height: auto; }
        #ask-head { width: 1fr; text-style: bold; }
        #ask-place { width: auto; color: $text-muted; padding-left: 2; }
        #ask-body { height: auto; max-height: 35vh; scrollbar-size-vertical: 1; }
        #ask-rules { max-height: 4; }
        #ask-hint { color: $text-muted; }
        &.-editing Choices { display: none; }
        &.-open #ask-body { max-height: 55vh; }
        &.-open #ask-rules { max-height: 100vh; }
    }
    """
    BINDINGS = [*bindings("ask")]

    class Answered(Message):
        """A person answered a question."""

        def __init__(self, id: int, approval: Approval) -> None:
            super().__init__()
            self.id = id
            self.approval = approval

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
        self._facts = Facts()
        self._waiting: tuple[Asked, ...] = ()
        self._answered: set[int] = set()
        self._shown: Asked | None = None
        self._edited: dict[int, tuple[str, ...]] = {}
        self._editing: Literal["", "rules", "words"] = ""
        self._at = 0
        self._why = False
        self._complaint = ""
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Head, what is asked, what would be stored, the answers, a hint."""
        with Horizontal(classes="ask-line"):
            yield Static(id="ask-head", markup=False)
            yield Static(id="ask-place", markup=False)
        with VerticalScroll(id="ask-body", can_focus=False):
            yield Static(id="ask-what", markup=False)
        yield Static(id="ask-rules", markup=False)
        yield Choices(id="ask-choices", markup=False)
        yield Fields(id="ask-edit")
        yield Static(id="ask-hint", markup=False)

    def on_mount(self) -> None:
        """A question that a dialog covered has not been seen before the dialog is gone."""
        self.watch(self.screen, "stack_updates", self._grace.begin, init=False)
        # Diffs are painted without CSS.
        running_app().theme_changed_signal.subscribe(self, lambda _: self._draw())

    def show(self, facts: Facts) -> None:
        """Show the questions of these facts; what was shown stays, if it still waits."""
        if not facts.questions and self._shown is None:
            self._facts = facts
            return
        known = {asked.id for asked in facts.questions}
        self._answered &= known
        self._edited = {id: rules for id, rules in self._edited.items() if id in known}
        self._facts = facts
        self._waiting = tuple(one for one in facts.questions if one.id not in self._answered)
        shown = next((one for one in self._waiting if one == self._shown), None)
        if shown is None:
            self._turn_to(self._waiting[0] if self._waiting else None)
        else:
            self._draw()

    def switch_focus(self) -> None:
        """Take the keys, or give them back."""
        if not self.has_focus:
            self.focus()
        elif self._before is not None:
            self._before.focus()

    def _turn_to(self, asked: Asked | None, *, unexpected: bool = True) -> None:
        """Open a question that was not open, or none."""
        had_keys = self.has_focus or self._editing != ""
        appears = self._shown is None
        self._leave_editing()
        self._shown, self._at, self._why, self._complaint = asked, 0, False, ""
        self.remove_class("-open")
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
    def _rules(self) -> tuple[str, ...]:
        """What "always" would store, as the person wants it."""
        if self._shown is None:
            return ()
        return self._edited.get(self._shown.id, self._shown.question.offers)

    @property
    def _answers(self) -> Answers:
        return answers(storing=bool(self._rules))

    def _draw(self) -> None:
        asked = self._shown
        if asked is None:
            return
        self.query_one("#ask-head", Static).update(Content(f"? {headline(asked.question)}"))
        self.query_one("#ask-place", Static).update(Content(self._place(asked)))
        # A scroll bar takes one column.
        palette = palette_of(running_app().theme)
        look = Look(max(20, self.content_size.width - 1), palette, cwd=self._facts.cwd)
        self.query_one("#ask-what", Static).update(body(asked, self._facts, look, why=self._why))
        rules = self.query_one("#ask-rules", Static)
        rules.display = bool(self._rules)
        rules.update(stored(self._rules))
        self.query_one(Choices).show(self._answers, self._at, self._keys)
        # How much was cut is known once it is laid out.
        self.call_after_refresh(self._hint)

    def _place(self, asked: Asked) -> str:
        if len(self._waiting) < 2:
            return ""
        return f"{self._waiting.index(asked) + 1} of {len(self._waiting)} · {self._key('ask-next')}"

    def _key(self, action: str) -> str:
        return next(iter(self._keys.keys(action)), "")

    def _hint(self) -> None:
        if self._editing == "rules":
            words = "enter keeps the rule · esc leaves it as it was"
        elif self._editing == "words":
            words = "enter says no with these words · esc goes back"
        elif not self.has_focus:
            words = f"{self._key('answer')} or a click to answer"
        else:
            parts = (
                f"{self._key('ask-edit')} edits the rule" if self._rules else "",
                f"{self._key('ask-why')} why",
                f"{self._key('ask-open')} shows all of it" if self._is_cut else "",
            )
            words = " · ".join(filter(None, parts))
        words = f"{self._complaint} · {words}" if self._complaint else words
        self.query_one("#ask-hint", Static).update(Content(words))

    @property
    def _is_cut(self) -> bool:
        """Whether part of it cannot be seen without doing something."""
        return self.query_one("#ask-body").max_scroll_y > 0 or self._rules_are_cut

    @property
    def _rules_are_cut(self) -> bool:
        rules = self.query_one("#ask-rules", Static)
        width, height = rules.size
        # Without a width it was not laid out yet, and nobody has seen it.
        return bool(self._rules) and (not width or height < rules.visual.get_height({}, width))

    def on_resize(self) -> None:
        """Answers go in a row or a column."""
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
        bound = bool(self._keys.action("ask", event.key))
        typing = event.is_printable or event.key in ("enter", "tab", "backspace", "delete")
        if (bound or typing) and (self._grace.is_too_soon() or not bound):
            event.stop()
            event.prevent_default()
            if not bound:
                self._hear_words()

    def _hear_words(self) -> None:
        """A sentence is being typed: the Enter at its end says yes to nothing."""
        self._grace.begin()
        because, prompt = self._key("ask-no-because"), self._key("answer")
        self._complaint = f"for words: {because} says no with them, {prompt} goes to the prompt"
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
        if self._shown is None:
            return
        if answer == "6":
            self._edit("words", [""], "What should it do instead?")
        elif answer in SCOPES and self._rules_are_cut and not self.has_class("-open"):
            self._complaint = "read all that would be stored first"
            self.action_ask_open()
        else:
            meant = meaning(answer, self._rules)
            if meant is not None:
                self._answer(meant)

    def action_ask_take(self) -> None:
        """Answer with what is highlighted."""
        self.action_ask_answer(self._answers[self._at][0])

    def action_ask_move(self, by: int) -> None:
        """Highlight another answer."""
        self._at = (self._at + by) % len(self._answers)
        self._draw()

    def action_ask_turn(self, by: int) -> None:
        """Open another of the questions that wait."""
        if self._shown is not None and len(self._waiting) > 1:
            place = self._waiting.index(self._shown) + by
            self._turn_to(self._waiting[place % len(self._waiting)], unexpected=False)

    def action_ask_why(self) -> None:
        """Show everybody who was heard, or hide them."""
        self._why = not self._why
        self._draw()

    def action_ask_open(self) -> None:
        """Show all of it, or less again."""
        self.toggle_class("-open")
        self._draw()

    def action_ask_scroll(self, pages: int) -> None:
        """Scroll within the question."""
        body = self.query_one("#ask-body")
        body.scroll_relative(y=pages * max(1, body.size.height - 1), animate=False)

    def action_ask_edit(self) -> None:
        """Edit the rules that would be stored, each in a line of its own."""
        if self._rules:
            self._edit("rules", list(self._rules), "a rule, such as bash(npm test *)")

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
        elif self._shown is not None:
            rules = event.values
            wrong = "; ".join(filter(None, map(wrong_with, rules)))
            self._complaint = wrong or ("" if rules else "no rule is left")
            if not self._complaint:
                self._edited[self._shown.id] = rules
                self._leave_editing()
            self._draw()

    def _answer(self, answer: Yes | No) -> None:
        if self._shown is None:
            return
        id = self._shown.id
        self._answered.add(id)
        self.post_message(self.Answered(id, Approval(answer, "person")))
        self.show(self._facts)
