"""What a person writes where a question stands: the rules that "always" would store, or what is to
be done instead."""

from typing import Final, Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from ....agent.ports import Question
from ...edited_rules import Fit, fit
from .fields import Fields

_HINTS: Final = {
    "rules": "enter keeps the rule · esc leaves it as it was",
    "words": "enter says no with these words · esc goes back",
}


class AnswerEditor(Vertical):
    """Hidden until something is edited. Below rules it says, as they are typed, whether they would
    answer the question; those that would not are not taken."""

    DEFAULT_CSS = """
    AnswerEditor {
        height: auto; display: none;
        #ask-fit { height: auto; max-height: 3; }
    }
    """

    class Rules(Message):
        """These are to be stored by "always"."""

        def __init__(self, rules: tuple[str, ...]) -> None:
            super().__init__()
            self.rules = rules

    class Words(Message):
        """The answer is no, and this is to be done instead; nothing in particular if empty."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Left(Message):
        """Nothing is to be changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._what: Literal["rules", "words"] = "words"
        self._question: Question | None = None

    def compose(self) -> ComposeResult:
        """The lines to fill in, and what is to be said of them."""
        yield Fields(id="ask-edit")
        yield Static(id="ask-fit", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether something is edited."""
        return bool(self.display)

    @property
    def hint(self) -> str:
        """What keys do."""
        return _HINTS[self._what]

    def edit_rules(self, question: Question, rules: tuple[str, ...]) -> None:
        """Let a person change the rules, each in a line of its own."""
        self._what, self._question = "rules", question
        self._open(rules, "a rule, such as bash(npm test *)")
        self._say(rules)

    def ask_words(self) -> None:
        """Let a person say what is to be done instead."""
        self._what, self._question = "words", None
        self._open(("",), "What should it do instead?")

    def _open(self, values: tuple[str, ...], asks: str) -> None:
        self.query_one("#ask-fit").display = self._question is not None
        self.display = True
        self.query_one(Fields).open(values, asks)

    def close(self) -> None:
        """Edit no more."""
        self.display = False
        self.query_one(Fields).close()

    def on_fields_changed(self, event: Fields.Changed) -> None:
        """Say at once what it makes of the rules; whoever lays this out hears of it, too."""
        self._say(event.values)

    def on_fields_filled(self, event: Fields.Filled) -> None:
        """Take the words, or the rules if they would answer the question."""
        event.stop()
        if self._question is None:
            self.post_message(self.Words(" ".join(event.values)))
        elif self._say(event.values, entered=True):
            self.post_message(self.Rules(event.values))

    def _say(self, rules: tuple[str, ...], *, entered: bool = False) -> bool:
        """Say what the rules would do; whether they can be taken."""
        if self._question is None:
            return True
        found = fit(self._question, rules)
        self.query_one("#ask-fit", Static).update(_verdict(found, entered=entered))
        return not found.wrong

    def on_key(self, event: events.Key) -> None:
        """Escape leaves everything as it was."""
        if event.key == "escape":
            event.stop()
            self.post_message(self.Left())


def _verdict(found: Fit, *, entered: bool) -> Content:
    """`entered`: whether rules were to be taken just now."""
    if found.wrong:
        words, style = ("✗ not taken: " if entered else "✗ "), "$text-error"
        return Content.styled(words + found.wrong, f"bold {style}" if entered else style)
    if found.wide:
        return Content.styled(f"! {found.wide}", "$text-warning")
    return Content.styled("✓ covers what is asked", "$text-success")
