"""What can be completed in a prompt, and by whom: commands, their arguments, files, and whatever
else speaks `Source`."""

import re
import shlex
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, Protocol

from msgspec import Struct

from ...terminal import harmless
from ..entry import Entry
from .files import FileIndex
from .mentions import written

InputMode = Literal["prompt", "shell", "note"]
"""What the words in the composer are: for the model, a command of the person's, a note."""


class Candidate(Struct, frozen=True):
    """A proposal for a word."""

    text: str
    """What replaces the word."""
    label: str
    """What is shown: no control characters."""
    help: str = ""
    goes_on: bool = False
    """Whether more is to be completed behind it: no space follows."""
    runs: bool = False
    """Whether Enter takes it and sends the prompt, because nothing more is needed."""


class Source(Protocol):
    """Somebody who knows how words may go on."""

    def start(self, before: str, mode: InputMode, *, asked: bool = False) -> int | None:
        """Where the word begins that this source would complete; None if that is not its business.

        `before` is all text up to the cursor; `asked`: whether the person pressed a key for it.
        Called with every key: does no I/O.
        """
        ...

    async def offer(self, word: str) -> Sequence[Candidate]:
        """Proposals for what stands from `start` to the cursor, best first. Must not raise; is
        cancelled when the word changes before it is done."""
        ...


_MENTION = re.compile(r'(?:^|(?<=[\s(\[{,;:]))@(?:"[^"\n]*|[^\s"@]*)$')
_PATH_WORD = re.compile(r"(?:^|(?<=\s))[^\s'\"|;&<>@]+$")


class Files:
    """`@` and the path of a file or directory; in a command of the person's, words with a slash,
    and any word if that is asked for."""

    def __init__(self, index: FileIndex) -> None:
        self._index = index

    def start(self, before: str, mode: InputMode, *, asked: bool = False) -> int | None:
        """See `Source`."""
        line = before[before.rfind("\n") + 1 :]
        match = _MENTION.search(line)
        if match is None and mode == "shell":
            match = _PATH_WORD.search(line)
            if match is not None and "/" not in match[0] and not asked:
                match = None
        return None if match is None else len(before) - len(line) + match.start()

    async def offer(self, word: str) -> Sequence[Candidate]:
        """See `Source`."""
        await self._index.refresh()
        mentioned = word.startswith("@")
        query = word.removeprefix("@").removeprefix('"')
        if not (found := self._index.match(query)):
            await self._index.look_again()
            found = self._index.match(query)
        return [
            Candidate(
                written(path) if mentioned else shlex.quote(path),
                harmless(path),
                goes_on=path.endswith("/"),
            )
            for path in found
        ]


class Commands:
    """`/` and the name of a command, at the beginning of a prompt."""

    def __init__(self, entries: Callable[[], Sequence[Entry]]) -> None:
        self._entries = entries

    def start(self, before: str, mode: InputMode, *, asked: bool = False) -> int | None:
        """See `Source`."""
        return 0 if mode == "prompt" and re.fullmatch(r"/[\w:.-]*", before) else None

    async def offer(self, word: str) -> Sequence[Candidate]:
        """See `Source`."""
        wanted = word[1:].lower()
        hits = [hit for entry in self._entries() if (hit := _hit(entry, wanted)) is not None]
        # Of equals the first in the order of the help comes first.
        return [hit.candidate for hit in sorted(hits, key=lambda hit: hit.rank)]


class Arguments:
    """What follows the name of a command."""

    def __init__(self, complete: Callable[[str, str], Awaitable[Sequence[Candidate]]]) -> None:
        """`complete` gets the name of the command and the word at the cursor."""
        self._complete = complete
        self._name = ""

    def start(self, before: str, mode: InputMode, *, asked: bool = False) -> int | None:
        """See `Source`."""
        match = re.fullmatch(r"/([\w:.-]+) (?:[^\n]* )?(\S*)", before)
        if mode != "prompt" or match is None:
            return None
        self._name = match[1]
        return match.start(2)

    async def offer(self, word: str) -> Sequence[Candidate]:
        """See `Source`."""
        return await self._complete(self._name, word)


_EXACT, _BEGINNING, _OTHERWISE, _UNLISTED, _WITHIN, _SCATTERED, _ABOUT = range(7)
"""How well a command fits what was typed, best first: name or alias, the beginning of the name, of
an alias, of a command that is not listed; a part of the name, its letters, its help."""
_ENOUGH: Final = 3
"""Letters that say more than that somebody began to type."""


class _Hit(Struct, frozen=True):
    """A command that fits what was typed."""

    rank: int
    entry: Entry
    alias: str = ""
    """The other name that fits."""

    @property
    def candidate(self) -> Candidate:
        """Enter runs only what was named, be it by its beginning; the rest it fills in."""
        entry = self.entry
        shown = f"{entry.shown} ({self.alias})" if self.alias else entry.shown
        named = self.rank <= _UNLISTED
        return Candidate(
            f"/{entry.name}",
            harmless(shown),
            harmless(entry.help),
            runs=named and not entry.arguments.startswith("<"),
        )


def _hit(entry: Entry, wanted: str) -> _Hit | None:
    name = entry.name.lower()
    if not wanted:
        return _Hit(_BEGINNING, entry) if entry.listed else None
    alias = next((one for one in sorted(entry.aliases, key=len) if one.startswith(wanted)), "")
    if wanted in (name, alias):
        return _Hit(_EXACT, entry, "" if wanted == name else alias)
    if not entry.listed:
        fits = len(wanted) >= _ENOUGH and (name.startswith(wanted) or alias)
        return _Hit(_UNLISTED, entry, "" if name.startswith(wanted) else alias) if fits else None
    if name.startswith(wanted):
        return _Hit(_BEGINNING, entry)
    if alias:
        return _Hit(_OTHERWISE, entry, alias)
    return _weak_hit(entry, name, wanted)


def _weak_hit(entry: Entry, name: str, wanted: str) -> _Hit | None:
    if wanted in name:
        return _Hit(_WITHIN, entry)
    if len(wanted) < _ENOUGH:
        return None
    rest = iter(name)
    if all(letter in rest for letter in wanted):
        return _Hit(_SCATTERED, entry)
    return _Hit(_ABOUT, entry) if wanted in entry.help.lower() else None
