"""Words on their way in and out: prompts, results and answers, past the screens and the hooks."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, structs

from .bus import Bus
from .events import ActionEnded, Finding
from .gate import Screened
from .judge import Judge
from .messages import Image, Prompt, Text
from .ports import Action
from .stages import Heard, Passage, Stage, StageHooks


class Refused(Struct, frozen=True):
    """A prompt that must not go on."""

    reason: str


class Passages:
    """What is done with the words of one agent."""

    def __init__(
        self,
        judge: Judge,
        bus: Bus,
        path: tuple[str, ...] = ("main",),
        hooks: StageHooks | None = None,
        *,
        resumed: bool = False,
    ) -> None:
        self._judge = judge
        self._bus = bus
        self._path = path
        self._hooks = hooks
        self._resumed = resumed
        self._opened = False
        self._tainted: tuple[int, str] = (0, "")

    @property
    def tainted(self) -> str:
        """What a result of this turn tried, if it tried to give instructions."""
        turn, tried = self._tainted
        return tried if turn == self._bus.turn else ""

    async def prompt(self, prompt: Prompt) -> Prompt | Refused:
        """A person's words, as the model may hear them; before the first, a session begins."""
        parts: list[Text | Image] = []
        for part in prompt:
            if isinstance(part, Text):
                screened = self._screened("prompt", part.text, "person")
                if screened.denied:
                    return Refused(screened.denied)
                part = Text(screened.text)
            parts.append(part)
        if self._hooks is None:
            return tuple(parts)
        contexts: list[str] = []
        if not self._opened:
            self._opened = True
            began = self._told(await self._hooks.session_start(resumed=self._resumed))
            contexts.append(began.context)
        words = "\n".join(part.text for part in parts if isinstance(part, Text))
        heard = self._told(await self._hooks.prompt(words))
        if heard.denied:
            return Refused(heard.denied)
        if context := "\n".join(filter(None, (*contexts, heard.context))):
            parts.append(Text(f"<context>\n{context}\n</context>"))
        return tuple(parts)

    async def closed(self, reason: str) -> None:
        """The session is over; whoever is told of it cannot add to it."""
        if self._hooks is not None and self._opened:
            await self._hooks.session_end(reason)

    async def result(self, action: Action, end: ActionEnded) -> ActionEnded:
        """The end of an action, as the model may see it."""
        if self._hooks is not None:
            end = _heard(end, self._told(await self._hooks.after_tool(action, end)))
        content: list[Text | Image] = []
        for part in end.content:
            if isinstance(part, Text):
                screened = self._screened("result", part.text, end.tool)
                denied = screened.denied
                part = Text(f"Withheld: {denied}." if denied else screened.text)
            content.append(part)
        return structs.replace(end, content=tuple(content))

    async def compacting(self, trigger: Literal["auto", "manual"]) -> Heard:
        """The conversation is about to be summarised; what hooks say of that."""
        if self._hooks is None:
            return Heard()
        return self._told(await self._hooks.compact(trigger))

    async def compacted(self, trigger: Literal["auto", "manual"], summary: str) -> None:
        """It was."""
        if self._hooks is not None:
            self._told(await self._hooks.compacted(trigger, summary))

    async def rested(self, answer: str) -> str:
        """The model's last words of a turn; what it still has to do, in words, if anything."""
        if denied := self._screened("answer", answer, "model").denied:
            return f"Your answer cannot be given: {denied}. Say it in another way."
        if self._hooks is None:
            return ""
        heard = self._told(await self._hooks.stop(answer))
        return heard.context

    def _screened(self, stage: Stage, text: str, source: str) -> Screened:
        screened = self._judge.screen(Passage(stage, text, source))
        for name, flag in screened.flags:
            self._bus.emit(Finding(name, flag.severity, f"{source}: {flag.reason}"), self._path)
            if flag.taint:
                self._tainted = (self._bus.turn, f"{source}: {flag.reason}")
        return screened

    def _told(self, heard: Heard) -> Heard:
        for note in heard.notes:
            self._bus.emit(Finding("hooks", "info", note), self._path)
        return heard


def _heard(end: ActionEnded, heard: Heard) -> ActionEnded:
    """The end of an action with what hooks said of it."""
    content: Sequence[Text | Image] = end.content
    if heard.denied:
        content = (Text(f"Withheld: {heard.denied}."),)
    elif heard.text is not None:
        pictures = (part for part in content if isinstance(part, Image))
        content = (Text(heard.text), *pictures)
    if heard.context:
        content = (*content, Text(heard.context))
    return structs.replace(end, content=tuple(content))
