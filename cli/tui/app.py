"""The interactive terminal: carries what the panes say to the desk, and what it says to them."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from ...agent.events import Event
from ...agent.messages import Prompt, Text
from ...config.errors import KedgeError
from ...config.exit_codes import EXIT_CODES
from ...config.settings import Mode
from ...config.tui import TuiSettings
from ..images import load_image
from ..options import Run
from ..surroundings import Surroundings
from .composer.messages import NoteAsked, ShellAsked, Submitted, Trouble
from .desk.unheard import said_again
from .desk.unseen import wants_terminal
from .desk.words import leaves, note_of
from .leaving import TWICE, Leaving
from .terminal.display import Shown
from .terminal.suspended import has_shell

if TYPE_CHECKING:
    from .asking.panel import AskPanel
    from .desk.desk import Desk
    from .desk.opening import Opened
    from .seated import Seated
    from .slash.run import Slash

_OUT: Final = 0.01
"""Seconds in which the first frame gets to the terminal, once it was made: a thread that imports
would hold up the one that writes."""
_NEXT_MODE: Final[dict[Mode, Mode]] = {"ask": "auto", "auto": "plan", "plan": "ask", "full": "ask"}
"""`full` has to be asked for by name."""


class KedgeApp(Leaving):
    """One person's terminal. Whoever runs it calls `close` afterwards."""

    def __init__(
        self,
        run: Run,
        where: Surroundings,
        settings: TuiSettings,
        *,
        theme: str = "",
        shown: Shown = "full",
        typed: str = "",
        welcomes: bool = False,
    ) -> None:
        """Show nothing yet.

        Args:
            run: what the command line asked for; its prompt is sent at once.
            where: where.
            settings: the section `[tui]`.
            theme: the name of the palette; empty: as the terminal says, once it does.
            shown: on the full screen, or inline.
            typed: what was typed before there was anything to type into.
            welcomes: whether to ask what a first run has to be asked, and to show around.
        """
        super().__init__(where, settings, theme, shown)
        self._left = ""
        self.held: Sequence[str] = ()
        """What the sandbox held back in the session that was open last, once it is closed."""
        self._picks = run.values["resume"] == ""
        self._asked = Run(run.prompt, {**run.values, "resume": None}) if self._picks else run
        self._typed = typed
        self._welcomes = welcomes
        self._early: list[Prompt] = []
        self._beginning = False

    def on_mount(self) -> None:
        """Paint first; everything else comes after."""
        self.composer.focus()
        self.call_after_refresh(self.set_timer, _OUT, lambda: self.later(self._open()))

    async def _open(self) -> None:
        if not await self.furnish():
            return
        # What a session needs takes about as long to import as the screen takes to appear.
        made, slash = await asyncio.to_thread(_made_later)
        self._commands = slash(self)
        await asyncio.to_thread(self.history.load)
        self._desk = desk = made(
            self._asked,
            self.where,
            hear=self._hear,
            changed=self.show_soon,
            opening=self._opening,
            unheard=self._unheard,
            failed=self._failed,
        )
        if self._typed:
            self.composer.put(self._typed)
        if drafts := await desk.take_draft():
            self.composer.put_back(*drafts)
        await self._notifier.open()
        if wrong := self.keys.wrong:
            file = self.where.home.config_dir / "config.toml"
            self.say(f"{file}: {wrong} (/keys shows all)", wrong=True)
        if not await self._begin_first(desk):
            return
        gc.freeze()  # what start-up made stays, and is not looked through for garbage
        gc.enable()

    async def _begin_first(self, desk: "Desk") -> bool:
        """Begin with what the command line asked for; whether that can be had. If not, the app ends
        as `kedge -p` would, unless a person can give what is missing, which is a model."""
        picks, early = self._picks, self._early
        try:
            for prompt in (*await self._first(), *early):
                desk.submit(prompt)
            await self.begin()
        except KedgeError as error:
            if picks or not self._welcomes or error.exit_code == EXIT_CODES["credentials"]:
                raise
            while desk.take_back() is not None:
                pass  # what the command line said is not for another start
            if early:
                self.composer.put_back(*early)
            self.refused = error
            self.exit(error.exit_code)
            return False
        return True

    async def begin(self) -> None:
        """See `Seated.begin`."""
        if self._beginning:
            return
        self._beginning = True
        try:
            if self._welcomes:
                from .slash.first_run import begin
                from .slash.on_screen import OnScreen

                picks, self._picks = self._picks, False
                await begin(OnScreen(self), picks=picks)
            else:
                await self.desk.open()
        finally:
            self._beginning = False

    async def _first(self) -> list[Prompt]:
        """What the command line said; its pictures wait in the composer if they have no words."""
        names = self._asked.texts("image")
        images = [
            (name, await asyncio.to_thread(load_image, self.where.cwd / name)) for name in names
        ]
        if self._asked.prompt:
            return [(*(image for _, image in images), Text(self._asked.prompt))]
        for name, image in images:
            self.composer.add_image(image, PurePath(name).name)
        return []

    @property
    def resumable(self) -> str:
        """The session that was open last, if something was said in it; else empty."""
        return self._left

    async def close(self) -> None:
        """Close the session, whatever happened."""
        await self._tasks.close()
        # First, since there is not much time, and the others wait for programs.
        if self._desk is not None:
            self._left = self._desk.resumable
            self.held = self._desk.held
            await self._desk.close()
        if self._status_command is not None:
            await self._status_command.close()
        await self.index.close()

    def _opening(self, at: "Opened") -> None:
        if not self.is_running:
            return
        self.transcript.forget()
        self.move(at.cwd, at.hides)
        if self._commands is not None:
            self.later(self._commands.look())

    def _hear(self, event: Event) -> None:
        if self.is_running:
            self.transcript.hear(event)

    def _unheard(self, why: str, ended: bool) -> None:
        self.later(self._once_more(why, ended))

    async def _once_more(self, why: str, ended: bool) -> None:
        """See `Unheard`: what cannot be said again is given back."""
        if not_sent := await said_again(self.desk.reopen, why, ended):
            self._give_back()
            self.say(not_sent, wrong=True)

    def on_submitted(self, message: Submitted) -> None:
        """A prompt was sent: what comes of it is what the person wants to see."""
        if leaves(message.prompt):
            self.leave()
            return
        if message.how == "now":
            self.transcript.action_scroll_end()
        if self._desk is None:
            self._early.append(message.prompt)
        elif message.how == "later":
            self._desk.later(message.prompt)
        else:
            self._desk.submit(message.prompt)
            self._begin_again()

    def _begin_again(self) -> bool:
        """Where opening a session has failed: what was missing may be there now, or is asked for
        once more. Then what waits is sent."""
        again = self._desk is not None and bool(self._desk.state.trouble)
        again = again and not self.desk.state.session
        if again:
            self.later(self.begin())
        return again

    def on_go_on_asked(self) -> None:
        """Enter, with nothing written."""
        if self._begin_again():
            return
        if self._desk is not None and self._desk.go_on():
            self.transcript.action_scroll_end()
        elif self.panels is not None and self.panels.offer.plan:
            self.action_review_plan()

    def on_shell_asked(self, message: ShellAsked) -> None:
        """A command of the person's own was sent."""
        self.transcript.action_scroll_end()
        if name := wants_terminal(message.command):
            self.say(f"{name} wants a terminal, and ! has none for it; esc ends it")
        self.later(self._shell(message.command), "!")

    async def _shell(self, command: str) -> None:
        self.desk.seat.shell(command)

    def on_note_asked(self, message: NoteAsked) -> None:
        """A note to memory was sent."""
        self.later(self._note(message.text), "#")

    async def _note(self, text: str) -> None:
        self.say(await self.desk.seat.note(*note_of(text)))

    def on_ask_panel_answered(self, message: "AskPanel.Answered") -> None:
        """A question was answered."""
        self.desk.answer(message.id, message.approval)

    def on_ask_panel_all_refused(self, message: "AskPanel.AllRefused") -> None:
        """All questions were refused."""
        self.desk.refuse_all(message.refusal)

    def on_trouble(self, message: Trouble) -> None:
        """Something in the composer did not work."""
        self.say(message.words, wrong=True)

    def action_interrupt(self) -> None:
        """Stop what runs and give back what waited; at rest, twice: clear the prompt, or rewind
        where it is empty."""
        if self._desk is None:
            return
        self.leave_search()
        own = self.look().runs_own
        if self._desk.interrupt():
            self._pressed.pop("interrupt", None)
            if not (own or self.composer.text) and (waiting := self._desk.take_all_back()):
                self.composer.put_back(*waiting)
        elif self._give_back():
            self._pressed.pop("interrupt", None)
        elif self._again("interrupt"):
            self._pressed.pop("interrupt")
            if self.composer.drop():
                self.say(f"{self.keys.shown('up')} brings what was written back")
            else:
                self.ask_slash("rewind")
        elif self.composer.text:
            key = self.keys.shown("interrupt").replace("escape", "esc")
            self.say(f"press {key} again to clear the prompt", holds=TWICE)

    def action_take_back(self) -> None:
        """Take the last waiting prompt back into the composer."""
        if self._desk is not None:
            self._give_back()

    def take_back(self) -> Prompt | None:
        """See `Panes.take_back`."""
        return None if self._desk is None else self._desk.take_back()

    def _give_back(self) -> bool:
        prompt = self.take_back()
        if prompt is not None:
            self.composer.put_back(prompt)
        return prompt is not None

    def action_suspend(self) -> None:
        """Back to the shell, until it brings us to the front again."""
        if has_shell():
            self.action_suspend_process()
        else:
            self.say("no shell to go back to")

    def action_background(self) -> None:
        """Let the running command go on in the background."""
        if self._desk is None or not self._desk.background():
            own = "your own command keeps nobody waiting: go on writing; escape stops it"
            self.say(own if self.look().runs_own else "no command is being waited for")

    def action_next_mode(self) -> None:
        """The next mode."""
        if self._desk is not None:
            self.later(self._desk.set_mode(_NEXT_MODE[self.desk.state.mode]))


def _made_later() -> "tuple[type[Desk], Callable[[Seated], Slash]]":
    from .desk.desk import Desk
    from .slash.on_screen import on_screen

    return Desk, on_screen
