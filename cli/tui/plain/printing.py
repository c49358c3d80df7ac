"""Events as whole lines: what streams is printed when a line of it is complete."""

from collections.abc import Callable
from typing import Final

from ....agent.events import Event, MessageAdded, TurnStarted
from ....agent.messages import Text
from ....agent.person import PersonPrinted, PersonRan
from ...counts import counted
from ...render import Renderer
from ...terminal import Style, harmless
from ..desk.words import own

_ELSEWHERE: Final = "/export writes all of it down"


class Printing:
    """Prints a session. Keeps the end of a line that is not there yet."""

    def __init__(self, style: Style, put: Callable[[str], None]) -> None:
        """`put` takes whole lines, with their ends."""
        self._style = style
        self._put = put
        self._renderer = Renderer(style, announces=True, elsewhere=_ELSEWHERE)
        self._rest = ""
        self._past: list[str] | None = None
        self.answer = ""
        """What the model said last."""

    def forget(self) -> None:
        """Another session: what is heard until `begin` is its past."""
        self._past, self._rest, self.answer = [], "", ""
        self._renderer = Renderer(self._style, announces=True, elsewhere=_ELSEWHERE)

    def begin(self) -> None:
        """What is heard from here on happens now; of what was before, the end is told."""
        past, self._past = self._past, None
        self._renderer.streaming = False
        if past:
            shown = past[-1] if not self.answer else f"{past[-1]}\n{self.answer}"
            self.say(f"said before: {counted(len(past), 'prompt')}; the last one:\n{shown}")

    def say(self, words: str) -> None:
        """Print words on lines of their own."""
        if self._rest or self._renderer.streaming:
            self._renderer.streaming = False
            self._rest, rest = "", self._rest
            self._put(f"{rest}\n" if rest else "")
        self._put(f"{harmless(words)}\n")

    def hear(self, event: Event) -> None:
        """Print an event."""
        match event.body:
            case MessageAdded("assistant", parts) if len(event.path) == 1:
                said = "".join(part.text for part in parts if isinstance(part, Text))
                self.answer = said or self.answer
            case TurnStarted(prompt) if self._past is not None and own(prompt):
                texts = (part.text for part in own(prompt) if isinstance(part, Text))
                self._past.append(f"you: {harmless(' '.join(texts))}")
            case _:
                pass
        text = self._text(event)
        if self._past is None and text:
            self._flow(text)

    def _text(self, event: Event) -> str:
        match event.body:
            case PersonPrinted(_, _, text):
                return harmless(text)
            case PersonRan(exit_code=code):
                return ("\n" if self._rest else "") + (f"exit {code}\n" if code else "")
            case _:
                return self._renderer.render(event)

    def _flow(self, text: str) -> None:
        # Whoever begins a line anew does not know that the last one was printed whole.
        text = text if self._rest else text.removeprefix("\n")
        whole, end, self._rest = (self._rest + text).rpartition("\n")
        if end:
            self._put(whole + end)
