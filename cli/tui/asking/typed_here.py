"""What is typed into a question: the keys of answers, or a sentence, which is for the prompt."""

from collections.abc import Callable
from typing import Final

from textual import events
from textual.widget import Widget

from ..grace import Grace, Typed, Typing
from ..keys import KeyTable
from ..running import running_app
from .hint import AskHint

_OF_TYPING: Final = ("enter", "tab", "backspace", "delete")
"""Are pressed amid a sentence, and do nothing else here."""


class TypedHere:
    """Says of each key whether it does what the table says."""

    def __init__(
        self,
        panel: Widget,
        keys: KeyTable,
        grace: Grace,
        prompt: Callable[[], Widget | None],
    ) -> None:
        """`panel` has the keys; `prompt` gets the words, if there is one."""
        self._panel = panel
        self._keys = keys
        self._grace = grace
        self._prompt = prompt
        self._typing = Typing(panel.set_timer, self._run, lambda then: _Arrived(panel, then))
        self._giving = False
        """Whether the prompt is about to get the keys: what comes here until then is for it, too,
        as the Enter at the end of a sentence."""

    def _run(self, call: str) -> None:
        self._panel.call_later(self._panel.run_action, call)

    def drop(self) -> None:
        """What was pressed counts for nothing."""
        self._typing.drop()

    def takes(self, event: events.Key) -> bool:
        """Hear a key; whether it must not be obeyed, now or at all."""
        if self._giving:
            self.hand_over(events.Key(event.key, event.character))
            return True
        call = self._keys.call("ask", event.key)
        if event.key in ("escape", "backspace", "delete"):
            self.drop()
        if not (call or event.is_printable or event.key in _OF_TYPING):
            return False
        soon = self._grace.is_too_soon()
        if event.key == "enter":
            meant = self._typing.enter()
        elif event.is_printable:
            meant = self._typing.take(Typed(event.key, event.character), call, soon=soon)
        else:
            # What was typed before is heard before.
            meant = "waits" if self._typing.settle() else "runs"
        if meant == "words":
            self.hand_over(*(events.Key(one.key, one.character) for one in self._typing.words()))
        elif soon:
            self._panel.query_one(AskHint).hold(self._grace.seconds)
        return soon or meant != "runs" or not call

    def hand_over(self, *typed: events.Key | events.Paste) -> None:
        """This is for the prompt, as is what follows."""
        if (prompt := self._prompt()) is not None:
            for event in typed:
                prompt.post_message(event)
            if not self._giving:
                self._giving = True
                self._give_keys(prompt)

    def _give_keys(self, prompt: Widget) -> None:
        # Keys that came here meanwhile stand before those that will come there.
        if self._panel.message_queue_size:
            self._panel.call_later(self._give_keys, prompt)
            return
        self._giving = False
        if self._panel.has_focus:
            self._panel.screen.set_focus(prompt)


class _Arrived:
    """Calls something once the keys were heard that have arrived, which go from the app to the
    screen and to the panel, each of which has a queue."""

    def __init__(self, panel: Widget, then: Callable[[], None]) -> None:
        self._then: Callable[[], None] | None = then
        running_app().call_later(panel.screen.call_later, panel.call_later, self._run)

    def _run(self) -> None:
        if self._then is not None:
            self._then()

    def stop(self) -> None:
        """Let it not be called."""
        self._then = None
