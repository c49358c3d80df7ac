"""The answers to a question, as one can point at them."""

from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from ..keys import KeyTable

_TALL = 32
"""Lines of a screen on which each answer gets a line of its own."""

Answers = tuple[tuple[str, str, str], ...]
"""Key of the answer, name of its action, words."""

_ONCE: Answers = (("1", "ask-once", "once"),)
_STORING: Answers = (
    ("2", "ask-session", "this session"),
    ("3", "ask-project", "this project"),
    ("4", "ask-everywhere", "everywhere"),
)
_NO: Answers = (("5", "ask-no", "no"), ("6", "ask-no-because", "no, because"))
_WHOLE: dict[str, str] = {}
_SHORT = {"2": "session", "3": "project", "6": "no, …"}
_SHORTEST = {**_SHORT, "4": "all"}
"""Words for narrow screens."""


def answers(*, storing: bool, count: int = 1) -> Answers:
    """Those of a question; `storing`: whether a rule can be stored; `count`: of how many it is
    one, at most."""
    every: Answers = (("7", "ask-no-all", f"no to these {count}"),) if count > 1 else ()
    return (*_ONCE, *(_STORING if storing else ()), *_NO, *every)


class Choices(Static):
    """The answers; one of them is highlighted."""

    DEFAULT_CSS = """
    Choices {
        link-color: $foreground; link-background: transparent; link-style: none;
        link-color-hover: $foreground; link-background-hover: $panel; link-style-hover: bold;
    }
    """

    class Chosen(Message):
        """An answer was clicked."""

        def __init__(self, answer: str) -> None:
            super().__init__()
            self.answer = answer

    def show(self, answers: Answers, at: int, keys: KeyTable) -> None:
        """Draw them, in a column where there is room, else in a row."""
        parts: list[Content] = []
        shorter = self._shorter(answers)
        for place, (answer, action, words) in enumerate(answers):
            key = next(iter(keys.keys(action)), "")
            words = shorter.get(answer, words)
            text = Content.assemble((f" {key} ", "bold $text-accent"), f"{words} ")
            text = text.stylize("reverse") if place == at else text
            parts.append(text.stylize(Style.from_meta({"@click": f"choose('{answer}')"})))
        tall = self.screen.size.height >= _TALL
        self.update(Content("\n" if tall else "").join(parts))

    def _shorter(self, answers: Answers) -> dict[str, str]:
        """The words that have to be others for all to go in a row, or the shortest there are."""
        room = self.screen.size.width - 2
        for shorter in (_WHOLE, _SHORT):
            if sum(len(shorter.get(one, words)) + 4 for one, _, words in answers) <= room:
                return shorter
        return _SHORTEST

    def action_choose(self, answer: str) -> None:
        """A click."""
        self.post_message(self.Chosen(answer))
