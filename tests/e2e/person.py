"""Somebody who sits at a terminal and answers kedge's questions."""

import re
import time
from collections.abc import Callable

from e2e.process import wait_until
from e2e.screen import Screen, words

_ENDED = re.compile(r"\[ended \d+\]")
_ASKED = "1 once"
"""In the last line of every question."""
_PROMPTS = {"6": "What should it do instead?", "e": "Rules instead of"}
"""What is shown when a line may be typed, by the key that asks for it."""
_TOLD = r"\n(?:  yes, |  you said no|. escalate )"
"""What is shown when any other key has answered."""
_ONCE_MORE = "to leave"
_PRESSES = 5
_GRACE = 0.5
"""Seconds after a question in which keys count for nothing."""
_SOON = 5.0
"""Seconds after which a key counts as not heard, however busy the machine is: pressed once more, it
could answer the next question."""


class Person:
    """Starts kedge in a terminal, and waits for each question before pressing a key."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._answered = 0

    def starts(self, *arguments: str) -> None:
        """Type the command line."""
        self.screen.type(words(*arguments))

    def is_asked(self) -> str:
        """Wait for the next question; all that is on the screen from there on."""
        wait_until(lambda: self.screen.text.count(_ASKED) > self._answered, "a question is asked")
        return "?" + self.screen.text.rsplit("\n? ", 1)[-1]

    def presses(self, key: str, *typed: str) -> str:
        """Answer the next question once keys count, then type lines; the question is returned."""
        question = self.is_asked()
        heard = re.compile(_PROMPTS.get(key, _TOLD))
        before = len(heard.findall(self.screen.text))
        for _ in range(_PRESSES):
            # A key that came too early, by kedge's clock, is pressed once more.
            seen = time.monotonic()
            wait_until(lambda since=seen: time.monotonic() - since > _GRACE, "keys count")
            self.screen.press(key)
            if self._comes_soon(lambda: len(heard.findall(self.screen.text)) > before):
                break
        else:
            raise AssertionError(f"{key} answers nothing: {self.screen.text}")
        self._answered += 1
        for line in typed:
            self.screen.type(line)
        return question

    def _comes_soon(self, claim: Callable[[], bool]) -> bool:
        until = time.monotonic() + _SOON
        wait_until(lambda: claim() or time.monotonic() > until, "the answer is shown")
        return claim()

    def sees(self, text: str) -> str:
        """Wait for a text on the screen; all that is on it."""
        wait_until(lambda: text in self.screen.text, f"{text!r} is shown")
        return self.screen.text

    def rests(self, prompt: str) -> None:
        """Wait until nothing goes on: the prompt of the session line by line is the last line."""
        wait_until(lambda: self.screen.text.rstrip().endswith(prompt), f"{prompt!r} waits")

    def leaves(self, key: str = "C-d") -> str:
        """Leave: press a key, and once more where kedge asks for it, since something still runs;
        all that is on the screen."""
        asked = ""

        def heard() -> bool:
            nonlocal asked
            asked = self.screen.text
            return bool(_ENDED.search(asked)) or asked.count(_ONCE_MORE) > before

        while not _ENDED.search(asked):
            before = self.screen.text.count(_ONCE_MORE)
            self.screen.press(key)
            wait_until(heard, "it is heard")
        return self.ends(0)

    def ends(self, code: int) -> str:
        """Wait until kedge is over; all that is on the screen."""
        wait_until(lambda: _ENDED.search(self.screen.text), "kedge ends")
        text = self.screen.text
        assert f"[ended {code}]" in text, text
        return text
