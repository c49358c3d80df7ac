"""Where a person writes: prompts, commands, notes, with history, completion and pictures."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from textual import events
from textual.actions import SkipAction
from textual.widgets import TextArea

from ....agent.messages import Image, Prompt, Text, legible_text
from ....config.errors import KedgeError
from ...images import load_image
from ..terminal.suspended import edited_outside
from .clipboard import clipboard_image, pasted_picture
from .completion import Completion, Word
from .draft_area import Desktop, DraftArea
from .history import SIGNS
from .mentions import Attached, attach, is_picture, mentions
from .messages import GoOnAsked, How, NoteAsked, ShellAsked, SlashAsked, Submitted, Trouble
from .sources import Candidate, InputMode

_MODE_OF: dict[str, InputMode] = {sign: mode for mode, sign in SIGNS.items() if sign}
_SLASH = re.compile(r"/([A-Za-z][\w:.-]*)(?:\s+(.*))?", re.DOTALL)


class Composer(DraftArea):
    """Posts what was written, see `composing`. Everything slow is done in threads."""

    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 1;
        max-height: 40vh;
        width: 1fr;
        padding: 0;
        background: transparent;
    }
    """

    def __init__(self, desktop: Desktop, completion: Completion, *, id: str | None = None) -> None:
        super().__init__(desktop, id=id)
        self._completion = completion
        self._closed_at: tuple[int, str] | None = None
        self._sending: asyncio.Task[None] | None = None

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        action = self.desktop.keys.action("completion", event.key)
        if self._completion.shown and action:
            event.stop()
            event.prevent_default()
            await self._in_completion(action)
        elif event.key == "escape" and self.mode != "prompt" and not self._typing_in_vim:
            event.stop()
            event.prevent_default()
            self.mode = "prompt"
        elif event.character in _MODE_OF and self.mode == "prompt" and not self.text:
            event.stop()
            event.prevent_default()
            self.mode = _MODE_OF[event.character]
        elif event.character == "?" and self.mode == "prompt" and not self.text:
            event.stop()
            event.prevent_default()
            self.post_message(SlashAsked("help", "", (), "now"))

    @property
    def _typing_in_vim(self) -> bool:
        return self.vim is not None and (self.vim.mode != "normal" or bool(self.vim.pending))

    def action_delete_left(self) -> None:
        """See `TextArea`; before the first character there is the sign of the mode."""
        if self.mode != "prompt" and self.cursor_location == (0, 0) and self.selection.is_empty:
            self.mode = "prompt"
        else:
            super().action_delete_left()

    def action_delete_right(self) -> None:
        """See `TextArea`; of an empty text the application may make more (Ctrl+D)."""
        if not self.text:
            raise SkipAction
        super().action_delete_right()

    def action_up(self) -> None:
        """A line up, or the prompt before; with nothing written, the one that waits."""
        if not self.text and self.mode == "prompt" and (waiting := self.desktop.take_back()):
            self.put_back(waiting)
        elif self.navigator.is_first_wrapped_line(self.cursor_location):
            self.action_history_previous()
        else:
            self.action_cursor_up()

    def action_down(self) -> None:
        """A line down, or the next prompt."""
        if self.navigator.is_last_wrapped_line(self.cursor_location):
            self.action_history_next()
        else:
            self.action_cursor_down()

    # Completion

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Propose something for the word at the cursor."""
        event.stop()
        self._propose()

    def close_proposals(self, *, for_text: str | None = None) -> None:
        """See `DraftArea`."""
        self._completion.close()
        if for_text is not None:
            self._closed_at = 0, for_text

    def _propose(self, *, asked: bool = False) -> None:
        text = self.text
        before = text[: self.offset_of_cursor]
        word = Word.at(before, self.mode, self.desktop.sources, asked=asked)
        if word is None or self._typing_elsewhere(word) and not asked:
            self._completion.close()
        else:
            self._closed_at = None
            self._completion.ask(word)

    def _typing_elsewhere(self, word: Word) -> bool:
        """Whether a person said that there is to be no proposal for this word, or does not see."""
        closed = self._closed_at
        if closed is not None:
            start, text = closed
            if start == word.start and (word.text.startswith(text) or self.text == text):
                return True
        return not self.has_focus or (self.vim is not None and self.vim.mode != "insert")

    async def _catch_up(self) -> None:
        """Let the proposals be those for what is written now, however fast that came."""
        word = self._completion.word
        if word is None or self.text[word.start : self.offset_of_cursor] != word.text:
            self._propose()
        await self._completion.settled()

    async def _in_completion(self, action: str) -> None:
        await self._catch_up()
        completion, word = self._completion, self._completion.word
        match action:
            case "completion-next":
                completion.step(1)
            case "completion-previous":
                completion.step(-1)
            case "completion-close":
                if word is not None:
                    self._closed_at = word.start, word.text
                completion.close()
            case _:
                if completion.chosen is None and action == "completion-take":
                    completion.step(1)
                chosen = completion.chosen
                if chosen is not None and word is not None:
                    self._take(chosen, word)
                if action == "completion-run" and (chosen is None or chosen.runs):
                    self.action_submit()

    def _take(self, chosen: Candidate, word: Word) -> None:
        end = self.offset_of_cursor
        text = self.text
        follows = "" if chosen.goes_on or text[end : end + 1].isspace() else " "
        self._completion.close()
        self.replace(
            chosen.text + follows,
            self.location_of(word.start),
            self.location_of(end),
            maintain_selection_offset=False,
        )
        if not chosen.goes_on:
            if any(is_picture(one.path) for one in mentions(chosen.text)):
                self.say_no_images()
            self.desktop.index.used(chosen.text.removeprefix("@").strip('"'))

    async def take_proposal(self) -> None:
        """A proposal was clicked."""
        await self._in_completion("completion-take")

    async def action_complete(self) -> None:
        """Propose something for this word, even if that was declined, or take the only proposal;
        where nothing could be proposed, and something is being worked on, send it for later."""
        self._propose(asked=True)
        await self._completion.settled()
        if self._completion.only:
            await self._in_completion("completion-take")
        elif self._completion.word is None and self.mode == "prompt" and self.desktop.is_working():
            self._submit("later")

    # Sending

    def action_submit(self) -> None:
        """Send it; a backslash before the cursor makes that a new line instead."""
        row, column = self.cursor_location
        if self.document.get_line(row)[:column].endswith("\\"):
            self.action_delete_left()
            self.action_newline()
        else:
            self._submit("now")

    def action_later(self) -> None:
        """Send it when the turn is over."""
        self._submit("later")

    def _submit(self, how: How) -> None:
        self._completion.close()
        text, mode = self.text, self.mode
        if not text.strip():
            if mode == "prompt" and how == "now":
                self.post_message(GoOnAsked())
            return
        words = self.pastes.expanded(text).strip()
        pictures = [picture.image for picture in self.pastes.pictures(text)]
        self.remember()
        self.empty()
        match mode:
            case "shell":
                self.post_message(ShellAsked(words))
            case "note":
                self.post_message(NoteAsked(words))
            case "prompt":
                self._send(text, words, pictures, how)

    def _send(self, text: str, words: str, pictures: list[Image], how: How) -> None:
        prompt: Prompt = (Text(legible_text(words)), *pictures)
        if slash := _SLASH.fullmatch(words):
            self.post_message(SlashAsked(slash[1], slash[2] or "", prompt, how))
        elif (self._sending is None or self._sending.done()) and not mentions(text):
            self.post_message(Submitted(prompt, how))
        else:
            work = self._send_files(self._sending, text, prompt, how)
            self._sending = self.begin(work, lambda error: self._not_sent(prompt, error))

    def _not_sent(self, prompt: Prompt, error: Exception) -> None:
        self.put_back(prompt)
        self.failed(error)

    async def _send_files(
        self, before: "asyncio.Task[None] | None", text: str, prompt: Prompt, how: How
    ) -> None:
        """Read what is mentioned, and send it, but not before what was sent `before`."""
        index = self.desktop.index
        found: Attached = await asyncio.to_thread(attach, text, index.root, index.hides)
        if before is not None:
            await asyncio.wait([before])
        for path in found.used:
            index.used(path)
        for problem in found.problems:
            self.post_message(Trouble(problem))
        self.post_message(Submitted((*prompt, *found.parts), how))

    # Programs and pictures

    async def action_editor(self) -> None:
        """Go on in the external editor. The session goes on, too; the screen stands still."""
        text = self.pastes.expanded(self.text)
        try:
            changed = await edited_outside(text, self.desktop.editor, self.desktop.env)
        except KedgeError as error:
            self.post_message(Trouble(error.in_words))
        else:
            self.put(self.pastes.collapsed(changed), mode=self.mode)

    async def _on_paste(self, event: events.Paste) -> None:
        root = self.desktop.index.root
        if path := await asyncio.to_thread(pasted_picture, event.text, root):
            event.stop()
            event.prevent_default()
            self._load_picture(lambda: load_image(path), path)

    def action_paste_image(self) -> None:
        """Attach the picture in the clipboard."""
        self._load_picture(lambda: clipboard_image(self.desktop.env))

    def _load_picture(self, load: Callable[[], Image], path: Path | None = None) -> None:
        async def work() -> None:
            image = await asyncio.to_thread(load)
            self.add_image(image, path.name if path else "", str(path or ""))

        self.begin(work())
