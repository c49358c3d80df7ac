"""What commands need of where a person sits: the full screen, or lines."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from ....agent.checkpoint_facts import Reach
from ....agent.stores.summary import Summary, Where
from ....config.settings import Effort, Mode
from ...catalogue import Catalogue
from ...surroundings import Surroundings
from ..desk.desk import Desk
from ..desk.points import Point
from ..desk.state import DeskState
from ..pages.page import Page

if TYPE_CHECKING:
    from ..desk.reverting import FileDiff
    from ..pages.brings import Offer as TrustOffer
    from ..pages.models import Answering
    from ..pages.models import Offer as ModelOffer

Trusted = Literal["yes", "no", "leave"]
"""A person's answer to whether they trust a folder."""


class Deed(Struct, frozen=True):
    """What can be done with a row of a page."""

    key: str
    """On the screen."""
    help: str
    """What it does, of one row: `stops it`."""
    run: Callable[[str], Awaitable[str]]
    """Does it with the row of this id, which may be empty, and says in words what was done; raises
    `KedgeError` where that is not possible."""


class Sitting(Protocol):
    """A person at a desk."""

    @property
    def where(self) -> Surroundings:
        """The person's surroundings."""
        ...

    @property
    def desk(self) -> Desk:
        """Where the session is."""
        ...

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Tell the person something that is not part of the session."""
        ...


class Surface(Sitting, Protocol):
    """Shows what commands have found, and asks what they have to know. Belongs to one loop."""

    def move(self, where: Surroundings) -> None:
        """The person's surroundings are these from here on."""
        ...

    def look(self) -> DeskState:
        """How things stand now."""
        ...

    def leave(self) -> None:
        """Leave; where that ends something, only when said twice."""
        ...

    def put(self, words: str) -> None:
        """Give a person words to change and send, unless they have begun to write."""
        ...

    def last_answer(self) -> str:
        """What the model said last, as Markdown; empty if nothing."""
        ...

    async def copy(self, text: str) -> str:
        """Put a text on the clipboard; in words what is known of it.

        Raises:
            UsageError: there is no way to it.
        """
        ...

    def help_page(self) -> Page:
        """What can be typed, and the commands."""
        ...

    def keys_page(self) -> Page:
        """Every key."""
        ...

    def handles(self) -> tuple[str, str]:
        """What a person presses or types to stop the command that runs, and to send it to the
        background."""
        ...

    def terminal(self) -> tuple[tuple[str, str], ...]:
        """What is known of the terminal: names and values."""
        ...

    async def begin(self) -> None:
        """Open the first session, or try that once more.

        Raises:
            KedgeError: it cannot be opened.
        """
        ...

    async def show(
        self,
        make: Callable[[], Awaitable[Page]],
        *,
        deeds: Sequence[Deed] = (),
        every: float = 0.0,
    ) -> None:
        """Show a page until it was read; where it can change while it is shown, it is made anew
        `every` so many seconds."""
        ...

    async def show_changes(self, found: "Sequence[FileDiff]") -> None:
        """Show what became of files, and let single ones be put back."""
        ...

    async def review_plan(self) -> bool:
        """Have the plan that waits read and decided on; whether there is one."""
        ...

    async def sure(self, words: str, deed: str, asks: Callable[[], bool]) -> bool:
        """Whether a deed, which would do what the words say, is to be done; nobody has to say so
        where nothing `asks` any more."""
        ...

    async def choose_mode(self, mode: Mode) -> Mode | None:
        """A mode instead of this one; None: it stays."""
        ...

    async def choose_model(self) -> "Answering | None":
        """Who is to answer; None: who does."""
        ...

    async def choose_effort(self, effort: Effort) -> "Answering | None":
        """An effort instead of this one; None: it stays."""
        ...

    async def choose_session(
        self, catalogue: Catalogue, rows: Sequence[Summary], place: Where, query: str
    ) -> tuple[str, Literal["resume", "fork"]] | None:
        """A session by its id, and what to do with it. The rows are those to go on with, a place's
        first; `query` is what is looked for, empty: anything."""
        ...

    async def choose_point(self, points: Sequence[Point]) -> tuple[int, Reach] | None:
        """Behind which prompt to go back, and what goes back."""
        ...

    async def choose_offer(self, offers: "list[ModelOffer]") -> "ModelOffer | None":
        """Who is to answer, where there is no key yet."""
        ...

    async def ask_trust(self, offer: "TrustOffer") -> Trusted | None:
        """Whether a folder is trusted; None: not answered."""
        ...

    async def choose_answer(
        self, title: str, about: str, answers: Sequence[tuple[str, str]]
    ) -> str:
        """One of these answers, each with its words; empty: none was given."""
        ...

    async def ask_secret(self, name: str, about: str) -> str:
        """A line that is shown nowhere; empty: none was given."""
        ...

    async def ask_line(self, title: str, value: str, about: str) -> str:
        """A line instead of this one; empty: none was given."""
        ...

    async def tour(self) -> None:
        """Show around, for who is new; that need not be over when this is."""
        ...
