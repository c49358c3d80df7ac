"""The panes of the interactive terminal, and how they are shown how things stand."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import MountError, Widget

from ...agent.messages import Prompt
from ...config.tui import Thinking, TuiSettings
from ..surroundings import Surroundings
from ..terminal import harmless
from .composer.bar import ComposerBar
from .composer.composer import Composer
from .composer.draft_area import Desktop
from .composer.files import FileIndex
from .composer.history import History
from .composer.sources import Files, Source
from .desk.state import DeskState
from .greeting import Greeting
from .keys import KeyTable, bindings
from .notices import Notices, moment_of
from .status.line import StatusLine
from .status.todo import BREAKPOINTS
from .terminal.display import Display, Front, Shown
from .terminal.listening_driver import BackgroundTold
from .terminal.notify import Notifier
from .themes import PREFIX, THEMES, palette_of
from .transcript.tail import Tail
from .transcript.transcript import Transcript
from .waiting import invitation

if TYPE_CHECKING:
    from .panels import Panels
    from .status.command import StatusCommand

_FRAME: Final = 0.05
"""Seconds between two looks at the state, at least."""
_TICK: Final = 1.0
"""Seconds between two looks at what changes by itself, while there is such a thing."""


class Panes(Display, inherit_bindings=False):
    """What stands where. Knows a state and no desk. Textual's own keys (Ctrl+Q) are not there: what
    a key does stands in the table."""

    CSS_PATH = "app.tcss"
    TITLE = "kedge"
    BINDINGS = [*bindings("global")]
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, where: Surroundings, settings: TuiSettings, theme: str, shown: Shown = "full"
    ) -> None:
        """`theme` is the name of a palette; empty: dark, unless the terminal says otherwise."""
        self._follows = not theme
        theme = theme or "dark"
        # Decides what Textual makes of NO_COLOR: no colours, or shades of grey.
        super().__init__(shown=shown, ansi_color=True if theme == "none" else None)
        self.where = where
        self.settings = settings
        self.keys = KeyTable(settings.keys)
        self.state = DeskState(cwd=str(where.cwd))
        self.thinking: Thinking = settings.thinking
        """How much is shown of what the model thinks."""
        self.index = FileIndex(where.cwd, env=where.env)
        """The files that can be mentioned."""
        self.history = History(
            where.home.state_dir / "history.jsonl", str(where.cwd), redact=self.redacted
        )
        self._notifier = Notifier(settings.notifications, where.env, self._write)
        self._status_command = self._own_status() if settings.status_command else None
        self.panels: Panels | None = None
        """What may open; None until the first frame was painted."""
        self._shows_soon = self._ticks = False
        for one in THEMES:
            self.register_theme(one)
        self.theme = PREFIX + theme
        self.set_keymap(self.keys.keymap)

    def get_default_screen(self) -> Screen[None]:
        """See `App.get_default_screen`."""
        return Front(_print_final, id="_default", classes=f"-{self.shown}")

    def compose(self) -> ComposeResult:
        """What is in sight at first: the transcript, the prompt, how things stand."""
        if self.shown == "full":
            yield Greeting(self.where, id="greeting")
        with Horizontal(id="main"):
            yield self._new_transcript()
        yield ComposerBar(self._desktop, id="bar")
        yield StatusLine(id="status")

    async def furnish(self) -> bool:
        """Bring what may open from here on; after the first frame. Whether nobody left before."""
        make = await asyncio.to_thread(_panels)
        panels = make(self.keys, self.settings.grace_ms / 1000, lambda: self.composer)
        front = self.screen_stack[0]
        try:
            await panels.mount(front, front.query_one("#main"), front.query_one("#bar"))
        except MountError:
            if self.return_value is None:
                raise
            return False
        self.panels = panels
        for greeting in front.query(Greeting):
            greeting.run_worker(greeting.look_back(), exit_on_error=False)
        self.show_soon()
        return True

    def _new_transcript(self) -> Transcript:
        palette, thinking = palette_of(self.theme), self.settings.thinking
        cwd, id = str(self.where.cwd), "transcript"
        if self.shown == "inline":
            return Tail(self.print_above, palette=palette, thinking=thinking, cwd=cwd, id=id)
        return Transcript(palette=palette, thinking=thinking, cwd=cwd, id=id)

    @property
    def transcript(self) -> Transcript:
        """What was said and done."""
        return self.query_one("#transcript", Transcript)

    @property
    def composer(self) -> Composer:
        """Where a person writes."""
        return self.query_one("#bar", ComposerBar).composer

    @property
    def _desktop(self) -> Desktop:
        return Desktop(
            self.index,
            self.history,
            (*self.sources(), Files(self.index)),
            self.keys,
            self.where.env,
            self.settings.editor,
            self.settings.vim,
            take_back=self.take_back,
            is_working=lambda: self.state.working,
            no_images=lambda: self.look().no_images,
        )

    def take_back(self) -> Prompt | None:
        """The prompt that was said last and that nobody heard yet; it waits no longer."""
        return None

    def sources(self) -> Sequence[Source]:
        """What can be completed besides files."""
        return ()

    def redacted(self, text: str) -> str:
        """A text without secrets, for what is kept on disk."""
        return text

    def move(self, cwd: Path, hides: Callable[[Path], bool]) -> None:
        """The session works in this directory, where these paths are hidden: what is proposed,
        attached, linked and run for the person is of it."""
        moved = cwd != self.index.root
        self.index.move(cwd, hides)
        self.history.move(str(cwd))
        if moved:
            self.transcript.restyle(cwd=str(cwd))
        if self._status_command is not None:
            self._status_command.move(cwd)

    def on_state_changed(self) -> None:
        """What is written is for somebody else now: so says what stands where nothing is."""
        self.show_soon()

    def on_background_told(self, message: BackgroundTold) -> None:
        """The terminal says late what it is like."""
        if self._follows and self.theme == f"{PREFIX}dark" and not message.dark:
            self.theme = f"{PREFIX}light"

    def on_driver_signal_resume(self) -> None:
        """The shell has put us to the front again: of what stood there nothing is left."""
        self.action_redraw()

    def watch_theme(self, theme: str) -> None:
        """The transcript is painted without CSS."""
        if self.is_running:
            self.transcript.restyle(palette=palette_of(theme))

    def say(self, words: str, *, wrong: bool = False, holds: float = 0.0) -> None:
        """Tell the person something that is not part of the session, and that is true for so many
        seconds; 0: it stays true."""
        transcript = self.transcript
        # What will not be true any more has no place in a scrollback.
        if isinstance(transcript, Tail) and len(self.screen_stack) == 1 and not holds:
            transcript.tell(harmless(words), "bad" if wrong else "dim")
            return
        self._notices.say(harmless(words), moment_of(self.look()), wrong=wrong, holds=holds)

    @property
    def _notices(self) -> Notices:
        """Where something is said on the screen that is in front."""
        found = self.screen.query(Notices)
        if found:
            return found.first()
        made = Notices()
        # Above the prompt, or the keys of a dialog.
        below = self.screen.query("#bar, #hint, #plan-keys, #reader-hint")
        parent = below.first().parent if below else self.screen
        if isinstance(parent, Widget):
            parent.mount(made, before=below.first() if below else None)
        return made

    def look(self) -> DeskState:
        """How things stand now."""
        return self.state

    def on_descendant_focus(self) -> None:
        """What the prompt invites to depends on who has the keys."""
        self.show_soon()

    def show_soon(self) -> None:
        """Things stand differently: show it with the next frame."""
        if self.is_running and not self._shows_soon:
            self._shows_soon = True
            self.set_timer(_FRAME, self._show)

    def _show(self) -> None:
        self._shows_soon = False
        if not self.query(StatusLine):
            return  # the app is ending
        before = self.state
        self.state = state = self.look()
        if state.no_images != before.no_images and self.composer.has_pictures:
            self.composer.say_no_images()
        self.query_one(StatusLine).show(state)
        asks = self.panels is not None and self.panels.asking.has_focus
        self.composer.placeholder = invitation(state, self.keys, asks=asks, mode=self.composer.mode)
        if self.panels is not None:
            self.panels.show(state, state.plan)
        if isinstance(transcript := self.transcript, Tail):
            transcript.make_room(asked=bool(state.questions))
        transcript.ask([(one.path, one.question.action.call.id) for one in state.questions])
        # Before that nothing is known of what a status line is about.
        if self._status_command is not None and state.model and state.sandbox:
            self._status_command.hear(state)
        for greeting in self.query(Greeting):
            greeting.show(state, begun=bool(transcript.view.ids))
        for screen in self.screen_stack:
            for notices in screen.query(Notices):
                notices.hear(moment_of(state))
        self._notifier.hear(state, focused=self.app_focus, now=time.monotonic())
        self._entitle(state)
        # One at a time: else each look of a busy moment would go on being repeated.
        if not self._ticks and (state.working or any(task.running for task in state.tasks)):
            self._ticks = True
            self.set_timer(_TICK, self._tick)

    def _tick(self) -> None:
        self._ticks = False
        self.show_soon()

    def _entitle(self, state: DeskState) -> None:
        words = state.name or self.redacted(self.transcript.first_words())
        self.entitle(words, asks=bool(state.questions))

    def _own_status(self) -> "StatusCommand":
        # Few have one, and it brings the sandbox along.
        from .status.command import StatusCommand

        return StatusCommand(
            self.settings.status_command,
            self.where.cwd,
            self.where.env,
            lambda words: self.query_one(StatusLine).replace(words),
            lambda words: self.say(words, wrong=True),
        )

    def _write(self, sequence: str) -> None:
        """Send a control sequence to the terminal, between two frames."""
        if self._driver is not None:
            self._driver.write(sequence)
            self._driver.flush()

    def action_expand(self) -> None:
        """Open or close the last card, or the chosen one."""
        self.transcript.toggle_details()

    def action_todo(self) -> None:
        """Show or hide the list."""
        if not self.state.todo:
            self.say("there is no list: the model makes one for work with several steps")
        elif self.panels is not None:
            self.panels.todo.toggle()

    def action_page_up(self) -> None:
        """Scroll the transcript up."""
        self.transcript.action_page_up()

    def action_page_down(self) -> None:
        """Scroll the transcript down."""
        self.transcript.action_page_down()

    def action_to_beginning(self) -> None:
        """Scroll the transcript to its beginning."""
        self.transcript.action_scroll_home()

    def action_to_end(self) -> None:
        """Scroll the transcript to its end, and stay there."""
        self.transcript.action_scroll_end()

    def action_block_before(self) -> None:
        """Choose the block before."""
        self.transcript.action_choose(-1)

    def action_block_after(self) -> None:
        """Choose the next block."""
        self.transcript.action_choose(1)

    def action_answer(self) -> None:
        """To the question that waits, or back."""
        if self.panels is not None and self.state.questions:
            self.panels.asking.switch_focus()

    def action_redraw(self) -> None:
        """Draw everything anew."""
        self.refresh(repaint=True, layout=True)


def _panels() -> "type[Panels]":
    from .panels import Panels

    return Panels


def _print_final(front: Front) -> None:
    for tail in front.query(Tail):
        tail.laid_out()
