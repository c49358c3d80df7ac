"""Shows what commands found, and asks what they have to know, line by line; see `Surface`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from ....agent.checkpoint_facts import Reach
from ....agent.stores.summary import Summary, Where
from ....config.errors import UsageError
from ....config.settings import MODES, Effort, Mode
from ...ages import age_of
from ...catalogue import Catalogue
from ...counts import counted
from ...surroundings import Surroundings
from ..asking.deciding import follow
from ..desk.desk import Desk
from ..desk.points import Point
from ..desk.reverting import FileDiff
from ..desk.state import DeskState
from ..entry import Entry
from ..pages.brings import Offer as TrustOffer
from ..pages.efforts import AS_PROVIDED, EFFORT_WORDS
from ..pages.models import Answering
from ..pages.models import Offer as ModelOffer
from ..pages.modes import MODE_WORDS
from ..pages.page import Page
from ..slash.lookups import loaded_of
from ..slash.surface import Deed, Trusted
from ..terminal.copying import copy
from . import choosing
from .keyboard import Ask
from .pages import chosen, help_page, keys_page, numbered, text_of
from .plans import reviewed

_SESSIONS: Final = 15
"""That are listed at once."""
_REACHES: Final[tuple[tuple[Reach, str], ...]] = (
    ("both", "files + conversation"),
    ("files", "files only"),
    ("conversation", "conversation only"),
)


class Host(Protocol):
    """Who has the lines."""

    where: Surroundings
    desk: Desk

    @property
    def entries(self) -> Sequence[Entry]:
        """All commands."""
        ...

    @property
    def answer(self) -> str:
        """What the model said last."""
        ...

    @property
    def terminal(self) -> bool:
        """Whether a terminal shows what is printed."""
        ...

    def say(self, words: str) -> None:
        """Print words on lines of their own."""
        ...

    def send(self, sequence: str) -> None:
        """Tell the terminal something that is not shown."""
        ...

    def put(self, words: str) -> None:
        """Let the next line begin with these."""
        ...

    def leave(self) -> None:
        """See `Surface`."""
        ...

    async def begin(self) -> None:
        """See `Surface`."""
        ...

    async def line(self, ask: Ask) -> str | None:
        """The line that a person types; None: they give none."""
        ...

    async def edited(self, text: str, setting: str) -> str:
        """What a person makes of a text on the terminal, in the editor of the settings.

        Raises:
            UsageError: it failed.
        """
        ...


class Lines:
    """See `Surface`."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def where(self) -> Surroundings:
        """See `Sitting`."""
        return self._host.where

    @property
    def desk(self) -> Desk:
        """See `Sitting`."""
        return self._host.desk

    def move(self, where: Surroundings) -> None:
        """See `Surface`."""
        self._host.where = where

    def look(self) -> DeskState:
        """See `Surface`."""
        self.desk.refresh()
        return self.desk.state

    def say(self, words: str, *, wrong: bool = False) -> None:
        """See `Surface`."""
        self._host.say(f"! {words}" if wrong else words)

    def leave(self) -> None:
        """See `Surface`."""
        self._host.leave()

    def put(self, words: str) -> None:
        """See `Surface`."""
        self._host.put(words)

    def last_answer(self) -> str:
        """See `Surface`."""
        return self._host.answer

    async def copy(self, text: str) -> str:
        """See `Surface`."""
        if not self._host.terminal:
            raise UsageError("there is no terminal whose clipboard could take it", hint="/export")
        return await copy(text, self.where.env, self._host.send)

    def help_page(self) -> Page:
        """See `Surface`."""
        return help_page(self._host.entries)

    def keys_page(self) -> Page:
        """See `Surface`."""
        return keys_page()

    def handles(self) -> tuple[str, str]:
        """See `Surface`."""
        return "Ctrl+C", "/background"

    def terminal(self) -> tuple[tuple[str, str], ...]:
        """See `Surface`."""
        return (("shown", "line by line" if self._host.terminal else "through a pipe"),)

    async def begin(self) -> None:
        """See `Surface`."""
        await self._host.begin()

    async def show(
        self,
        make: Callable[[], Awaitable[Page]],
        *,
        deeds: Sequence[Deed] = (),
        every: float = 0.0,
    ) -> None:
        """See `Surface`; printed once."""
        page = await make()
        self.say(text_of(page))
        rows = [row for row in page.rows if row.id]
        for deed in deeds if rows else ():
            self.say(numbered((row.text, row.note) for row in rows))
            place = await choosing.number(self._host, f"a number {deed.help}", len(rows))
            if place is not None:
                self.say(await deed.run(rows[place].id))

    async def show_changes(self, found: Sequence[FileDiff]) -> None:
        """See `Surface`."""
        for file in found:
            text = file.text or file.why_none
            self.say(f"{file.change} {file.shown}, {file.added} added, {file.removed} removed")
            self.say(text.rstrip())
        items = [(file.shown, file.change) for file in found]
        place = await choosing.choice(self._host, "files:", items, "a number reverts that file")
        if place is not None:
            await self.desk.hindsight.put_back(found[place])
            self.say(f"{found[place].shown} is as it was when the session began")

    async def review_plan(self) -> bool:
        """See `Surface`."""
        if not (plan := self.look().plan):
            return False
        decision = await reviewed(self._host, plan, self._edited)
        if decision is not None:
            await follow(self.desk, decision)
        return True

    async def _edited(self, text: str) -> str:
        if not self._host.terminal:
            raise UsageError("there is no terminal that an editor could have")
        settings = (await asyncio.to_thread(loaded_of, self)).settings
        return await self._host.edited(text, settings.tui.editor)

    async def sure(self, words: str, deed: str, asks: Callable[[], bool]) -> bool:
        """See `Surface`."""
        said = await self._host.line(Ask(f"{words}; y: {deed}, Enter: stay; "))
        return (said or "").strip().casefold() in ("y", "yes")

    async def choose_mode(self, mode: Mode) -> Mode | None:
        """See `Surface`."""
        items = [(one, MODE_WORDS[one]) for one in MODES]
        place = await choosing.choice(
            self._host, f"how much may happen without asking; now: {mode}", items
        )
        return None if place is None else MODES[place]

    async def choose_effort(self, effort: Effort) -> Answering | None:
        """See `Surface`."""
        items = list(EFFORT_WORDS.items())
        now = effort or AS_PROVIDED
        place = await choosing.choice(
            self._host,
            f"how hard it thinks; now: {now}",
            [(one or AS_PROVIDED, words) for one, words in items],
        )
        return None if place is None else Answering("", items[place][0])

    async def choose_model(self) -> Answering | None:
        """See `Surface`; an effort is said behind the name."""
        from ....config.providers import names, table
        from ...commands.models import price_of, provider_row

        settings = (await asyncio.to_thread(loaded_of, self)).settings
        known = [table(name, settings.providers) for name in names(settings.providers)]
        rows = [await asyncio.to_thread(provider_row, one, settings, self.where) for one in known]
        usable = [
            (f"{row.provider}/{model.name}", price_of(model))
            for row in rows
            if (row.running if row.running is not None else row.key != "missing")
            and not row.unset_variables
            for model in row.models
        ]
        now = self.desk.state.model or "none"
        place = await choosing.choice(self._host, f"models that can be called; now: {now}", usable)
        if place is None:
            self.say("/model PROVIDER/NAME takes any other; an effort may follow, such as high")
            return None
        return Answering(usable[place][0])

    async def choose_session(
        self, catalogue: Catalogue, rows: Sequence[Summary], place: Where, query: str
    ) -> tuple[str, Literal["resume", "fork"]] | None:
        """See `Surface`."""
        shown = [row for row in rows if row.started]
        if query:
            shown = await asyncio.to_thread(_found, catalogue, rows, query)
        while True:
            now = datetime.now(UTC)
            listed = shown[:_SESSIONS]
            self.say("sessions:\n" + numbered(_session(row, now) for row in listed))
            if len(shown) > len(listed):
                self.say(f"and {len(shown) - len(listed)} more; words find what was said in them")
            asked = "a number resumes it, f and a number forks it, words search, Enter leaves: "
            line = (await self._host.line(Ask(asked)) or "").strip()
            forks = line.lower().startswith("f ")
            taken = chosen(line[2:].strip() if forks else line, len(listed))
            if taken is not None:
                return listed[taken].id, "fork" if forks else "resume"
            if not line:
                return None
            shown = await asyncio.to_thread(_found, catalogue, rows, line)

    async def choose_point(self, points: Sequence[Point]) -> tuple[int, Reach] | None:
        """See `Surface`."""
        newest = list(reversed(points))
        place = await choosing.choice(
            self._host, "rewind to before:", [_point(one) for one in newest]
        )
        if place is None:
            return None
        point = newest[place]
        for words in (words for one in newest[: place + 1] for words in one.lasting):
            self.say(f"! stays: {words}")
        which = await choosing.choice(
            self._host, "rewind what:", [("", words) for _, words in _REACHES]
        )
        return None if which is None else (point.seq, _REACHES[which][0])

    async def choose_offer(self, offers: list[ModelOffer]) -> ModelOffer | None:
        """See `Surface`."""
        items = [(one.title or one.model, _needs(one)) for one in offers]
        place = await choosing.choice(self._host, "which model is to answer?", items)
        return None if place is None else offers[place]

    async def ask_trust(self, offer: TrustOffer) -> Trusted | None:
        """See `Surface`."""
        answers: tuple[tuple[Trusted, str], ...] = (
            ("no", "Not now: work here without it"),
            ("yes", offer.agreed),
            ("leave", "Leave"),
        )
        self.say("\n".join(("do you trust this folder?", offer.title, *offer.lines, offer.limits)))
        items = [("", words) for _, words in answers]
        place = await choosing.choice(self._host, "answers:", items)
        return None if place is None else answers[place][0]

    async def choose_answer(
        self, title: str, about: str, answers: Sequence[tuple[str, str]]
    ) -> str:
        """See `Surface`."""
        self.say(about)
        place = await choosing.choice(self._host, title, [("", words) for _, words in answers])
        return "" if place is None else answers[place][0]

    async def ask_secret(self, name: str, about: str) -> str:
        """See `Surface`."""
        self.say(about)
        return (await self._host.line(Ask(f"{name}: ", secret=True)) or "").strip()

    async def ask_line(self, title: str, value: str, about: str) -> str:
        """See `Surface`."""
        self.say(about)
        return (await self._host.line(Ask(f"{title}: ", value)) or "").strip()

    async def tour(self) -> None:
        """See `Surface`."""
        self.say("say what you want, and Enter; /help says what else can be typed")


def _session(row: Summary, now: datetime) -> tuple[str, str]:
    words = " ".join((row.name or row.prompt).split())[:100] or "nothing was said"
    age = age_of(datetime.fromisoformat(row.updated), now)
    return words, f"{age}, {Path(row.cwd).name}, {counted(row.prompts, 'prompt')}"


def _found(catalogue: Catalogue, rows: Sequence[Summary], words: str) -> list[Summary]:
    ids = {one.session for one in catalogue.search(words, _SESSIONS)}
    wanted = words.lower()
    return [row for row in rows if row.started and (row.id in ids or wanted in row.prompt.lower())]


def _point(point: Point) -> tuple[str, str]:
    files = ", ".join(point.files) or "no files changed"
    kept = "" if point.restorable or not point.files else ", not kept any more"
    return " ".join(point.words.split())[:120], files + kept


def _needs(offer: ModelOffer) -> str:
    if not offer.model:
        return "any that speaks OpenAI's Chat Completions"
    if offer.variable:
        where = f", get one at {offer.page}" if offer.page else ""
        return f"needs a key{where}"
    return "its server does not answer here" if offer.silent else "no key needed"
