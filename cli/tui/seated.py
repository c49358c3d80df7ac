"""The panes of a person who sits at a desk: what commands and screens can rely on."""

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Protocol

from ...agent.messages import Image
from ...config.errors import KedgeError, UsageError
from ...config.tui import TuiSettings
from ..surroundings import Surroundings
from .composer.messages import SlashAsked
from .composer.sources import Arguments, Candidate, Commands, Source
from .desk.state import DeskState
from .entry import Entry
from .panes import Panes
from .tasks import Tasks
from .terminal.copying import copy
from .terminal.crash import keep_crash
from .terminal.display import Shown
from .terminal.suspended import edited_outside

if TYPE_CHECKING:
    from .asking.deciding import PlanDecided
    from .desk.desk import Desk


class SlashCommands(Protocol):
    """Who runs what is typed behind a slash."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All commands, as they are proposed."""
        ...

    async def words(self, name: str, word: str) -> Sequence[Candidate]:
        """What may follow a command."""
        ...

    async def look(self) -> None:
        """Read those again that are files."""
        ...

    async def run(
        self, name: str, words: str, pictures: Sequence[Image] = (), *, later: bool = False
    ) -> None:
        """Run a command; raises `KedgeError` where that is not possible."""
        ...


class Seated(Panes):
    """An app with a desk, once that is there."""

    def __init__(
        self, where: Surroundings, settings: TuiSettings, theme: str, shown: Shown = "full"
    ) -> None:
        """As `Panes`."""
        super().__init__(where, settings, theme, shown)
        self._desk: Desk | None = None
        self._commands: SlashCommands | None = None
        self._tasks = Tasks(self._failed)

    @property
    def desk(self) -> "Desk":
        """The desk.

        Raises:
            RuntimeError: the app has just begun.
        """
        if self._desk is None:
            raise RuntimeError("the desk is not there yet")
        return self._desk

    def later(self, work: Coroutine[object, object, object], called: str = "") -> None:
        """Do this beside everything else; what keeps it from being done is said. A defect ends the
        app, unless it is of something that is `called` by a name, and that a person can do without.
        """
        self._tasks.begin(work, (lambda error: self._failed(error, called)) if called else None)

    def _failed(self, error: Exception, called: str = "") -> None:
        if isinstance(error, KedgeError):
            if self.screen_stack:  # else nobody is there any more
                self.say(error.in_words, wrong=True)
        elif called and self.is_running:
            kept = keep_crash(error, self.where.home.state_dir)
            self.say(f"{called}: a defect of kedge's own; how it happened: {kept}", wrong=True)
        else:
            self._handle_exception(error)

    def on_text_selected(self) -> None:
        """By dragging, or by a click that selects nothing."""
        if self.screen.get_selected_text():
            self.say("ctrl+c copies what is selected")

    def copy_to_clipboard(self, text: str, name: str = "") -> None:
        """Copy, and say how far that went; `name` is what is copied, in words."""
        self.later(self._copy(text, name or f"{len(text):,} characters"))

    async def _copy(self, text: str, name: str) -> None:
        self.say(f"{await self.copy(text)}: {name}")

    async def copy(self, text: str) -> str:
        """Copy; in words what is known of it.

        Raises:
            UsageError: there is no clipboard.
        """
        self._clipboard = text  # for the fields of Textual, which paste it
        return await copy(text, self.where.env, self._write)

    def look(self) -> DeskState:
        """See `Panes.look`."""
        if self._desk is None:
            return self.state
        self._desk.refresh()
        return self._desk.state

    def redacted(self, text: str) -> str:
        """See `Panes.redacted`."""
        if self._desk is None or not self._desk.state.session:
            return text
        return self._desk.seat.composed.toolbox.finder.redact(text)

    def on_slash_asked(self, message: SlashAsked) -> None:
        """A slash command was sent."""
        self.later(self._slash(message), f"/{message.name}")

    def ask_slash(self, name: str) -> None:
        """As if a person had sent a command."""
        self.post_message(SlashAsked(name, "", (), "now"))

    async def _slash(self, message: SlashAsked) -> None:
        if message.name in ("quit", "exit"):
            self.leave()
        elif self._commands is None:
            raise UsageError("kedge is still starting")
        else:
            pictures = [part for part in message.prompt if isinstance(part, Image)]
            late = message.how == "later"
            await self._commands.run(message.name, message.arguments, pictures, later=late)

    async def begin(self) -> None:
        """Open the first session, or try that once more.

        Raises:
            KedgeError: it cannot be opened.
        """
        await self.desk.open()

    def leave(self) -> None:
        """Leave, as far as the person is concerned."""
        self.exit(0)

    def sources(self) -> Sequence[Source]:
        """See `Panes.sources`."""
        return (Commands(self.entries), Arguments(self._argument_words))

    def entries(self) -> Sequence[Entry]:
        """The slash commands, as they are proposed."""
        return self._commands.entries if self._commands else ()

    async def _argument_words(self, name: str, word: str) -> Sequence[Candidate]:
        return await self._commands.words(name, word) if self._commands else ()

    def action_palette(self) -> None:
        """Search everything that can be done."""
        self.ask_slash("palette")

    def action_help(self) -> None:
        """The keys and commands."""
        self.ask_slash("help")

    def action_review_plan(self) -> None:
        """Read the plan that was answered in mode plan, edit it and decide on it."""
        if self.panels is not None and (plan := self.panels.offer.plan):
            from .asking.plan import PlanScreen

            self.push_screen(PlanScreen(plan, self._edited), self._plan_decided)
        else:
            self.say("there is no plan: in mode plan, the answer is one")

    async def _edited(self, text: str) -> str:
        return await edited_outside(text, self.settings.editor, self.where.env)

    def _plan_decided(self, decision: "PlanDecided | None") -> None:
        if self.panels is not None and decision is not None:
            self.panels.offer.dismiss()
            from .asking.deciding import follow

            self.later(follow(self.desk, decision))
