"""The commands on the full screen, and what they need of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal

from ....agent.checkpoint_facts import Reach
from ....agent.stores.summary import Summary, Where
from ....config.settings import Effort, Mode
from ...catalogue import Catalogue
from ...surroundings import Surroundings
from ...terminal import harmless
from ..desk.desk import Desk
from ..desk.points import Point
from ..desk.reverting import FileDiff
from ..desk.state import DeskState
from ..pages.brings import Offer as TrustOffer
from ..pages.models import Answering
from ..pages.models import Offer as ModelOffer
from ..pages.page import Page
from ..screens.picker import Act, Item
from ..screens.waiting import answered
from .appearance import APPEARANCE
from .command import Command
from .lookups import loaded_of
from .run import Slash
from .surface import Deed, Surface, Trusted

if TYPE_CHECKING:
    from ..seated import Seated

_TRUSTED: Final[tuple[Trusted, ...]] = ("yes", "no", "leave")


class OnScreen:
    """See `Surface`."""

    def __init__(self, app: "Seated") -> None:
        self._app = app

    @property
    def where(self) -> Surroundings:
        """See `Sitting`."""
        return self._app.where

    @property
    def desk(self) -> Desk:
        """See `Sitting`."""
        return self._app.desk

    def move(self, where: Surroundings) -> None:
        """See `Surface`."""
        self._app.where = where

    def look(self) -> DeskState:
        """See `Surface`."""
        return self._app.look()

    def say(self, words: str, *, wrong: bool = False) -> None:
        """See `Surface`."""
        self._app.say(words, wrong=wrong)

    def leave(self) -> None:
        """See `Surface`."""
        self._app.leave()

    def put(self, words: str) -> None:
        """See `Surface`."""
        if not self._app.composer.text:
            self._app.composer.put(words)

    def last_answer(self) -> str:
        """See `Surface`."""
        return self._app.transcript.last_answer()

    async def copy(self, text: str) -> str:
        """See `Surface`."""
        return await self._app.copy(text)

    def help_page(self) -> Page:
        """See `Surface`."""
        from ..pages.keys import help_page

        return help_page(self._app.entries(), self._app.keys)

    def keys_page(self) -> Page:
        """See `Surface`."""
        from ..pages.keys import keys_page

        return keys_page(self._app.keys)

    def handles(self) -> tuple[str, str]:
        """See `Surface`."""
        keys = self._app.keys
        return keys.shown("interrupt"), keys.shown("background")

    def terminal(self) -> tuple[tuple[str, str], ...]:
        """See `Surface`."""
        size = self._app.size
        return (
            ("size", f"{size.width} by {size.height}"),
            ("colours", self._app.console.color_system or "none"),
            ("theme", self._app.theme),
        )

    async def begin(self) -> None:
        """See `Surface`."""
        await self._app.begin()

    async def show(
        self,
        make: Callable[[], Awaitable[Page]],
        *,
        deeds: Sequence[Deed] = (),
        every: float = 0.0,
    ) -> None:
        """See `Surface`."""
        from ..screens.page import PageScreen

        acts = [_act(deed) for deed in deeds]
        await answered(self._app, PageScreen(await make(), make, acts=acts, every=every))

    async def show_changes(self, found: Sequence[FileDiff]) -> None:
        """See `Surface`."""
        from ..screens.diffs import DiffScreen

        past = self.desk.hindsight
        await answered(self._app, DiffScreen(found, past.changes, past.put_back))

    async def review_plan(self) -> bool:
        """See `Surface`."""
        if self._app.panels is None or not self._app.panels.offer.plan:
            return False
        self._app.action_review_plan()
        return True

    async def sure(self, words: str, deed: str, asks: Callable[[], bool]) -> bool:
        """See `Surface`."""
        from textual.content import Content

        from ..screens.dialog import Dialog

        answers = [("yes", deed), ("no", "stay")]
        grace = self._app.settings.grace_ms / 1000
        dialog = Dialog(
            "Sure?", Content(harmless(words)), answers, grace=grace,
            settled=lambda: None if asks() else "yes",
        )  # fmt: skip
        return await answered(self._app, dialog) == "yes"

    async def choose_mode(self, mode: Mode) -> Mode | None:
        """See `Surface`."""
        from ..screens.pickers import ModePicker

        return await answered(self._app, ModePicker(mode))

    async def choose_effort(self, effort: Effort) -> Answering | None:
        """See `Surface`."""
        from ..screens.pickers import EffortPicker

        picker = EffortPicker(effort)
        chosen: Effort | None = await answered(self._app, picker)
        return None if chosen is None else Answering("", chosen, lasts=not picker.now)

    async def choose_model(self) -> Answering | None:
        """See `Surface`."""
        from ....config.providers import names, table
        from ...commands.models import ProviderRow, provider_row
        from ..screens.models import ModelPicker

        settings = (await asyncio.to_thread(loaded_of, self)).settings
        known = [table(name, settings.providers) for name in names(settings.providers)]
        state = self.look()
        rows = await asyncio.to_thread(
            lambda: [provider_row(one, settings, self.where) for one in known if not one.local]
        )

        async def servers() -> AsyncGenerator[ProviderRow]:
            for one in known:
                if one.local:
                    yield await asyncio.to_thread(provider_row, one, settings, self.where)

        picker = ModelPicker(rows, state.model, state.effort, servers())
        name = await answered(self._app, picker)
        if name is None:
            return None
        effort = picker.effort if picker.effort != state.effort else None
        return Answering(name, effort, lasts=not picker.now)

    async def choose_session(
        self, catalogue: Catalogue, rows: Sequence[Summary], place: Where, query: str
    ) -> tuple[str, Literal["resume", "fork"]] | None:
        """See `Surface`."""
        from ..screens.sessions import SessionPicker
        from .session_keeping import SessionKeeping

        keeping = SessionKeeping(self._app, catalogue)
        picker = SessionPicker(
            catalogue,
            rows,
            open_now=self.desk.state.session,
            place=place,
            rename=keeping.rename,
            delete=keeping.delete,
            query=query,
        )
        taken = await answered(self._app, picker)
        return None if taken is None else (taken.id, taken.how)

    async def choose_point(self, points: Sequence[Point]) -> tuple[int, Reach] | None:
        """See `Surface`."""
        from ..screens.rewind import RewindPicker

        taken = await answered(self._app, RewindPicker(points))
        return None if taken is None else (taken.seq, taken.what)

    async def choose_offer(self, offers: list[ModelOffer]) -> ModelOffer | None:
        """See `Surface`."""
        from ..screens.offers import SetupScreen

        return await answered(self._app, SetupScreen(offers))

    async def ask_trust(self, offer: TrustOffer) -> Trusted | None:
        """See `Surface`."""
        from ..screens.trust import trust_dialog

        grace = self._app.settings.grace_ms / 1000
        composer = self._app.composer
        # Where no sentence was begun, letters were meant for the dialog, and are no prompt.
        dialog = trust_dialog(offer, grace, composer.insert if composer.text else str)
        said = await answered(self._app, dialog)
        return next((one for one in _TRUSTED if one == said), None)

    async def choose_answer(
        self, title: str, about: str, answers: Sequence[tuple[str, str]]
    ) -> str:
        """See `Surface`."""
        from textual.content import Content

        from ..screens.dialog import Dialog

        grace = self._app.settings.grace_ms / 1000
        dialog = Dialog(title, Content(harmless(about)), answers, grace=grace)
        return await answered(self._app, dialog) or ""

    async def ask_secret(self, name: str, about: str) -> str:
        """See `Surface`."""
        from ..screens.line import LineScreen

        return await answered(self._app, LineScreen(name, about=about, secret=True)) or ""

    async def ask_line(self, title: str, value: str, about: str) -> str:
        """See `Surface`."""
        from ..screens.line import LineScreen

        return await answered(self._app, LineScreen(title, value, about=about)) or ""

    async def tour(self) -> None:
        """See `Surface`; what was typed instead of reading is a person's first word."""
        self._app.later(self._tour())

    async def _tour(self) -> None:
        from ..screens.tour import TourScreen

        await answered(self._app, TourScreen(self._app.composer.insert))


def _act(deed: Deed) -> Act[str]:
    async def run(item: Item[str]) -> str:
        return await deed.run(item.value)

    return Act(deed.key, deed.help, run, sure=True)


def on_screen(app: "Seated") -> Slash:
    """The commands of an app."""
    return Slash(OnScreen(app), [_bound(command, app) for command in APPEARANCE])


def _bound(command: Command["Seated"], app: "Seated") -> Command[Surface]:
    async def run(surface: Surface, words: str) -> None:
        await command.run(app, words)

    return Command(
        command.name, command.help, run, command.arguments, command.aliases, command.words,
        command.listed, command.gives_way,
    )  # fmt: skip
