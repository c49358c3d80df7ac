"""Runs what was typed behind a slash."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from ....agent.messages import Image, Prompt, Text
from ....config.errors import UsageError
from ..composer.mentions import attach
from ..composer.sources import Candidate
from ..desk.seat import WorkingError
from ..desk.terms import NONE, Terms
from ..entry import Entry
from .asked_for import terms_of
from .command import Command, unknown
from .custom import Custom, Customs, customs, waits_for_trust
from .first_run import tell_untrusted
from .lookups import here, loaded_of
from .registry import COMMANDS
from .surface import Surface
from .template import pieces


class Slash:
    """The commands of one surface: those that are built in, and those from files."""

    def __init__(self, surface: Surface, own: Sequence[Command[Surface]] = ()) -> None:
        """`own` are those that no other surface has."""
        self._surface = surface
        self._built_in = (*COMMANDS, *own)
        self._by_name = {name: one for one in self._built_in for name in (one.name, *one.aliases)}
        self._firm = tuple(one.name for one in self._built_in if one.listed and not one.gives_way)
        """Names that no file can have."""
        self._customs = Customs()
        self._asked_of: Path = surface.where.cwd
        """The folder that a person was asked about last."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All of them, as they are proposed."""
        customs = self._customs.commands
        built_in = (
            replace(entry, aliases=tuple(one for one in entry.aliases if one not in customs))
            for one in self._built_in
            if (entry := one.entry).name not in customs
        )
        return [*built_in, *(one.entry for one in customs.values())]

    async def words(self, name: str, word: str) -> Sequence[Candidate]:
        """What may follow a command."""
        words = self._by_name[name].words if name in self._by_name else ()
        return [Candidate(one, one, runs=True) for one in words if one.startswith(word)]

    async def look(self) -> None:
        """Read the files again. What is wrong with one is said; of a folder that the session has
        led to, also what waits there for trust, and stays unread until then."""
        before = self._customs.problems
        place = here(self._surface)
        if place.cwd != self._asked_of:
            self._asked_of = place.cwd
            await tell_untrusted(self._surface)
        self._customs = await asyncio.to_thread(
            lambda: customs(loaded_of(self._surface), place, self._firm)
        )
        for problem in self._customs.problems:
            if problem not in before:
                self._surface.say(problem, wrong=True)

    async def run(
        self, name: str, words: str, pictures: Sequence[Image] = (), *, later: bool = False
    ) -> None:
        """Run a command with the words behind its name. The pictures, and whether it can wait until
        the turn is over, are for those that are prompts.

        Raises:
            KedgeError: it cannot be done.
        """
        command = None if name in self._customs.commands else self._by_name.get(name)
        if command is not None:
            try:
                await command.run(self._surface, words.strip())
            except WorkingError as error:
                wait = f"/{name} has to wait until the turn is over"
                raise UsageError(wait, hint=error.hint) from error
            return
        # Whoever writes a command wants to try it at once.
        await self.look()
        custom = self._customs.commands.get(name)
        if custom is None:
            await self._say_unknown(name)
            return
        prompt = await self._prompt(custom, words.strip(), pictures)
        terms = await self._terms(custom)
        if terms != NONE and self._surface.desk.state.working:
            self._surface.say(f"/{name} begins a turn of its own: it waits for this one to end")
        if later:
            self._surface.desk.later(prompt, terms)
        else:
            self._surface.desk.submit(prompt, terms)

    async def _terms(self, custom: Custom) -> Terms:
        """What holds for its turn; what does not, though its file asks for it, is said."""
        desk = self._surface.desk
        composed, now = desk.seat.composed, desk.state.model
        roots = composed.toolbox.roots.all
        asked = await asyncio.to_thread(
            lambda: terms_of(custom, composed.loaded.settings, now, roots)
        )
        for problem in asked.problems:
            self._surface.say(problem, wrong=True)
        return asked.terms

    async def _say_unknown(self, name: str) -> None:
        place = here(self._surface)
        if await asyncio.to_thread(lambda: waits_for_trust(name, loaded_of(self._surface), place)):
            words = f"/{name} is a command of this folder, which you do not trust yet: /trust asks"
        else:
            words = unknown(name, [*self._by_name, *self._customs.commands])
        self._surface.say(words, wrong=True)

    async def _prompt(self, custom: Custom, words: str, pictures: Sequence[Image]) -> Prompt:
        """What a command from a file says to the model.

        Raises:
            KedgeError: a command in it may not run.
        """
        from .readonly_shell import ReadOnlyShell

        surface, desk = self._surface, self._surface.desk
        cwd = Path(desk.state.cwd)
        parts = pieces(custom.template.body, words, greedy=custom.greedy)
        loaded = await asyncio.to_thread(loaded_of, surface)
        shell = ReadOnlyShell(loaded, surface.where, cwd)
        texts = [await shell.output(one.text) if one.shell else one.text for one in parts]
        # What commands print mentions nothing.
        said = "\n".join(one.text for one in parts if not one.shell)
        hides = desk.seat.composed.toolbox.guard.hides
        attached = await asyncio.to_thread(attach, said, cwd, hides)
        for problem in attached.problems:
            surface.say(problem, wrong=True)
        return (Text("".join(texts)), *pictures, *attached.parts)
