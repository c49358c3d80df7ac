"""A prompt that is being written: what kind it is, what belongs to it, and those before it."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Final

from msgspec import Struct

from ....agent.messages import Image, Prompt, said_in
from ....config.errors import KedgeError
from ...terminal import harmless
from ..keys import KeyTable
from ..running import defect, running_app
from ..tasks import Failed, Tasks
from ..vim.machine import Vim
from ..vim.motions import resting
from .files import FileIndex
from .history import Entry, History, Recall
from .mentions import is_picture, mentions
from .messages import StateChanged, Trouble
from .pastes import Picture
from .prompt_area import PromptArea
from .sources import InputMode, Source

_IMAGE: Final = re.compile(r"\[Image #\d+(?: (?P<name>[^\]\n]*))?\]")
PLACEHOLDER: Final = "Ask for something; @ files, / commands, ! your shell, ? for help"
"""What stands where nothing is written."""


class Desktop(Struct, frozen=True):
    """What the composer is given to work with."""

    index: FileIndex
    history: History
    sources: tuple[Source, ...] = ()
    """Files among them, if they are to be completed."""
    keys: KeyTable = KeyTable()
    env: Mapping[str, str] = {}
    """What programs are run with: the editor, those that know the clipboard."""
    editor: str = ""
    """The command; empty: what `env` says."""
    vim: bool = False
    placeholder: str = PLACEHOLDER
    take_back: Callable[[], Prompt | None] = lambda: None
    """Gives the prompt that was said last and that nobody heard yet; it waits no longer."""
    is_working: Callable[[], bool] = lambda: False
    """Whether a turn runs, so that a prompt could wait for its end."""
    no_images: Callable[[], str] = lambda: ""
    """Why the model can be shown no pictures, in words; empty if it can."""


class DraftArea(PromptArea):
    """Holds a draft, and goes through the history."""

    def __init__(self, desktop: Desktop, *, id: str | None = None) -> None:
        super().__init__(desktop.keys, placeholder=desktop.placeholder, id=id)
        self.desktop = desktop
        self._recall = Recall()
        self._kind: InputMode = "prompt"
        self._tasks = Tasks(self.failed)
        if desktop.vim:
            self.vim = Vim()

    async def on_unmount(self) -> None:
        """What was sent is delivered, what was typed is on disk, before the screen goes."""
        await self._tasks.rest()

    def begin(
        self, work: Coroutine[object, object, None], failed: Failed | None = None
    ) -> "asyncio.Task[None]":
        """Do something that takes its time; it is waited for before the screen goes."""
        return self._tasks.begin(work, failed)

    def failed(self, error: Exception) -> None:
        """Something could not be done."""
        if isinstance(error, KedgeError):
            self.post_message(Trouble(error.in_words))
        else:
            defect(error)

    # What is in it

    @property
    def mode(self) -> InputMode:
        """What the words are."""
        return self._kind

    @mode.setter
    def mode(self, mode: InputMode) -> None:
        if mode != self._kind:
            self._kind = mode
            self._tell()

    def set_vim(self, on: bool) -> None:
        """Turn the keys of vi on or off."""
        self.vim = Vim() if on else None
        if self.vim is not None:
            self.vim.reset(self.text)
        self._tell()

    def vim_changed(self, vim: Vim) -> None:
        """See `PromptArea`."""
        self._tell()

    def _tell(self) -> None:
        state = ""
        if self.vim is not None:
            state = f"{self.vim.mode} {self.vim.pending}".strip()
        self.post_message(StateChanged(self._kind, state))

    def put(self, text: str, *, mode: InputMode = "prompt") -> None:
        """Write this instead of what is there; one undo brings that back."""
        self.mode = mode
        clean = harmless(text)
        self.replace_all(clean, len(clean))
        if self.vim is not None:
            rests = self.vim.mode != "insert"
            self.vim.reset(clean, "normal" if rests else "insert")
            if rests:
                self.move_cursor(self.location_of(resting(clean, len(clean))))
            self._tell()

    def put_back(self, *prompts: Prompt) -> None:
        """Write prompts again that were not sent, before what is there by now."""
        self.put("\n\n".join(filter(None, (*map(self._again, prompts), self.text))))

    def _again(self, prompt: Prompt) -> str:
        """The words of a prompt; its pictures are kept behind placeholders of ours."""
        pictures = (part for part in prompt if isinstance(part, Image))

        def adopted(found: re.Match[str]) -> str:
            picture = next(pictures, None)
            name = found["name"] or ""
            return found[0] if picture is None else self.pastes.add_picture(Picture(picture), name)

        return _IMAGE.sub(adopted, said_in(prompt))

    def add_image(self, image: Image, name: str = "", path: str = "") -> None:
        """Attach a picture at the cursor."""
        placeholder = self.pastes.add_picture(Picture(image, path), name)
        self._replace_via_keyboard(placeholder + " ", *self.selection)
        self.say_no_images()

    def say_no_images(self) -> None:
        """A picture was attached: say so at once if the model can be shown none."""
        if why := self.desktop.no_images():
            self.post_message(Trouble(why))

    @property
    def has_pictures(self) -> bool:
        """Whether any picture goes along."""
        return bool(self.pastes.pictures(self.text)) or any(
            is_picture(one.path) for one in mentions(self.text)
        )

    @property
    def text_with_pastes(self) -> str:
        """The words with every long paste in its place."""
        return self.pastes.expanded(self.text)

    def drop(self) -> bool:
        """Empty it, as Ctrl+C does; whether there was anything. The history gets what was there."""
        self.close_proposals()
        if not self.text and self._kind == "prompt":
            return False
        self.remember()
        self.empty()
        return True

    def empty(self) -> None:
        """Begin the next one."""
        self.pastes.clear()
        self._recall.forget()
        self.mode = "prompt"
        self.load_text("")
        if self.vim is not None:
            self.vim.reset()
            self._tell()

    def _draft(self) -> Entry:
        text = self.pastes.lasting(self.text) if self.text else ""
        return Entry(text, self._kind, self.pastes.texts(text))

    def remember(self) -> None:
        """Let the history have it."""
        draft = self._draft()
        write = self.desktop.history.add(draft.text, draft.mode, draft.pastes)
        self.begin(asyncio.to_thread(write))

    # History

    def action_history_previous(self) -> None:
        """What was typed before."""
        self._step(back=True)

    def action_history_next(self) -> None:
        """What was typed after that, at last what was being written."""
        self._step(back=False)

    def go_beyond(self, *, back: bool) -> None:
        """See `PromptArea`."""
        self._step(back=back)

    def _step(self, *, back: bool) -> None:
        draft = self._draft()
        entry = self._recall.step(self.desktop.history.entries, draft, back)
        if entry is not None:
            self._take_entry(entry)

    def _take_entry(self, entry: Entry) -> None:
        text = self.pastes.adopt(harmless(entry.text), entry.pastes)
        self.close_proposals(for_text=text)
        self.put(text, mode=entry.mode)

    def action_history_search(self) -> None:
        """Search everything that was typed before."""
        # A dialog: the first frame would wait for all that dialogs are made of.
        from .history_search import HistorySearch

        def take(entry: Entry | None) -> None:
            if entry is not None:
                self._recall.forget()
                self._take_entry(entry)

        self.close_proposals()
        search = HistorySearch(self.desktop.history.entries(), self.text)
        running_app().push_screen(search, take)

    def close_proposals(self, *, for_text: str | None = None) -> None:
        """Propose nothing, and for this text not until it is another."""
