"""What goes along with a person's next prompt, line by line."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path

from ....agent.messages import Image, Prompt, Text, said_in
from ...images import load_image
from ..composer.mentions import attach, mentions
from ..desk.desk import Desk


class Along:
    """The pictures that were attached, and the files that are mentioned."""

    def __init__(self, desk: Desk, say: Callable[[str], None]) -> None:
        self._desk = desk
        self._say = say
        self._pictures: list[Image] = []
        self._no_images = ""

    async def attach(self, files: Sequence[Path]) -> None:
        """Pictures for the next prompt.

        Raises:
            UsageError: as `load_image`.
        """
        self._pictures += await asyncio.to_thread(lambda: [load_image(file) for file in files])

    def look(self) -> None:
        """Say it if the model that answers now can be shown none."""
        before, self._no_images = self._no_images, self._desk.state.no_images
        if self._pictures and self._no_images and self._no_images != before:
            self._say(f"! {self._no_images}")

    async def prompt(self, said: str) -> Prompt:
        """The prompt of these words, with what goes along; nothing is attached any more."""
        parts: Sequence[Text | Image] = ()
        if mentions(said) and self._desk.state.session:
            guard = self._desk.seat.composed.toolbox.guard
            cwd = Path(self._desk.state.cwd)
            attached = await asyncio.to_thread(attach, said, cwd, guard.hides)
            for problem in attached.problems:
                self._say(f"! {problem}")
            parts = attached.parts
        pictures, self._pictures = self._pictures, []
        return (*pictures, Text(said), *parts)

    def taken_back(self) -> str:
        """Take back what was said last and is not sent: its words. What was attached to it is so
        again."""
        return self._again(self._desk.take_back() or ())

    def given_back(self, *, editable: bool) -> str:
        """What a turn that was stopped has not heard, which is not sent by itself: its words, to be
        edited, or empty. It is said what becomes of it."""
        state = self._desk.state
        count = len(state.queue) + len(state.steering)
        if editable and count:
            self._say("what was not heard yet stands in the next line again")
            return "\n\n".join(map(self._again, self._desk.take_all_back()))
        if count:
            self._say(f"{count} not heard yet: sent after your next line")
        return ""

    def _again(self, prompt: Prompt) -> str:
        own = takewhile(lambda part: isinstance(part, Image), prompt)
        self._pictures += (part for part in own if isinstance(part, Image))
        return said_in(prompt)
