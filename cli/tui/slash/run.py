"""Runs what was typed behind a slash."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ....agent.messages import Image, Prompt, Text
from ..composer.mentions import attach
from ..composer.messages import SlashAsked
from ..composer.sources import Candidate, Entry
from .command import unknown
from .custom import Custom, Customs, customs
from .registry import BY_NAME, COMMANDS, argument_words
from .showing import here, loaded_of
from .template import pieces

if TYPE_CHECKING:
    from ..seated import Seated


class Slash:
    """The commands of one app: those that are built in, and those from files."""

    def __init__(self, app: "Seated") -> None:
        self._app = app
        self._customs = Customs()

    @property
    def entries(self) -> Sequence[Entry]:
        """All of them, as they are proposed."""
        own = (one.entry for one in self._customs.commands.values())
        return [*(one.entry for one in COMMANDS), *own]

    async def words(self, name: str, word: str) -> Sequence[Candidate]:
        """What may follow a command."""
        return await argument_words(name, word)

    async def look(self) -> None:
        """Read the files again. What is wrong with one is said."""
        before = self._customs.problems
        place = here(self._app)
        self._customs = await asyncio.to_thread(
            lambda: customs(loaded_of(self._app), place, tuple(BY_NAME))
        )
        for problem in self._customs.problems:
            if problem not in before:
                self._app.say(problem, wrong=True)

    async def run(self, asked: SlashAsked) -> None:
        """Run a command.

        Raises:
            KedgeError: it cannot be done.
        """
        command = BY_NAME.get(asked.name)
        if command is not None:
            await command.run(self._app, asked.arguments.strip())
            return
        # Whoever writes a command wants to try it at once.
        await self.look()
        custom = self._customs.commands.get(asked.name)
        if custom is None:
            known = [*BY_NAME, *self._customs.commands]
            self._app.say(unknown(asked.name, known), wrong=True)
            return
        prompt = await self._prompt(custom, asked)
        if asked.how == "later":
            self._app.desk.later(prompt)
        else:
            self._app.desk.submit(prompt)

    async def _prompt(self, custom: Custom, asked: SlashAsked) -> Prompt:
        """What a command from a file says to the model.

        Raises:
            KedgeError: a command in it may not run.
        """
        from .confined import ReadOnlyShell

        app, cwd = self._app, Path(self._app.desk.facts.cwd)
        parts = pieces(custom.template.body, asked.arguments.strip(), greedy=custom.greedy)
        shell = ReadOnlyShell(loaded_of(app), app.where, cwd)
        texts = [await shell.output(one.text) if one.shell else one.text for one in parts]
        # What commands print mentions nothing.
        said = "\n".join(one.text for one in parts if not one.shell)
        attached = await asyncio.to_thread(attach, said, app.index.root, app.index.hides)
        for problem in attached.problems:
            app.say(problem, wrong=True)
        if custom.template.ignored:
            names = ", ".join(custom.template.ignored)
            app.say(f"/{custom.name}: {names} in its file is not obeyed here")
        pictures = [part for part in asked.prompt if isinstance(part, Image)]
        return (Text("".join(texts)), *pictures, *attached.parts)
