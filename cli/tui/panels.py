"""The panes of which nothing is in sight at first: the first frame does not wait for them."""

from collections.abc import Callable

from textual.screen import Screen
from textual.widget import Widget

from .asking.panel import AskPanel
from .asking.plan import PlanOffer
from .desk.state import DeskState
from .keys import KeyTable
from .status.line import WorkLine
from .status.todo import TodoPanel
from .transcript.search_bar import SearchBar
from .waiting import WaitingList


class Panels:
    """What opens beside the transcript, and between it and the prompt."""

    def __init__(self, keys: KeyTable, grace: float, prompt: Callable[[], Widget]) -> None:
        """`grace` is for how many seconds a new question hears no key; `prompt` is where words go
        that are typed into a question."""
        self.todo = TodoPanel(id="todo")
        self.search = SearchBar(id="search")
        self.work = WorkLine(background=keys.shown("background"), id="work")
        self.offer = PlanOffer(keys.shown("review-plan") or "/plan", id="plan")
        self.asking = AskPanel(keys, grace=grace, prompt=prompt, id="ask")
        self.waiting = WaitingList(_taking_back(keys), id="waiting")

    async def mount(self, front: Screen[None], beside: Widget, above: Widget) -> None:
        """Take their places on the screen: in the container of the transcript, above the prompt."""
        await beside.mount(self.todo)
        await front.mount(
            self.search, self.work, self.offer, self.asking, self.waiting, before=above
        )

    def show(self, state: DeskState, answer: str) -> None:
        """Show how things stand; `answer` is what the model said last."""
        self.work.show(state)
        self.waiting.show(state)
        self.asking.show(state)
        self.todo.show(state.todo)
        self.offer.show(state, answer)


def _taking_back(keys: KeyTable) -> str:
    return keys.shown("take-back") or keys.shown("up")
