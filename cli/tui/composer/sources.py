"""What can be completed in a prompt, and by whom: commands, their arguments, files, and whatever
else speaks `Source`."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from ...terminal import harmless
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


class Entry(Struct, frozen=True):
    """A slash command, as it is proposed."""

    name: str
    """Without the slash."""
    help: str
    arguments: str = ""
    """What may follow, in words: `[name]`, `<path>`. Empty: nothing; in `<>`: it has to."""


class Source(Protocol):
    """Somebody who knows how words may go on."""

    def start(self, before: str, mode: InputMode) -> int | None:
        """Where the word begins that this source would complete; None if that is not its business.

        `before` is all text up to the cursor. Called with every key: does no I/O.
        """
        ...

    async def offer(self, word: str) -> Sequence[Candidate]:
        """Proposals for what stands from `start` to the cursor, best first. Must not raise; is
        cancelled when the word changes before it is done."""
        ...


_MENTION = re.compile(r'(?:^|(?<=[\s(\[{,;:]))@(?:"[^"\n]*|[^\s"@]*)$')
_PATH_WORD = re.compile(r"(?:^|(?<=\s))[^\s'\"|;&<>@]+$")


class Files:
    """`@` and the path of a file or directory; in a command of the person's, words with a slash."""

    def __init__(self, index: FileIndex) -> None:
        self._index = index

    def start(self, before: str, mode: InputMode) -> int | None:
        """See `Source`."""
        line = before[before.rfind("\n") + 1 :]
        match = _MENTION.search(line)
        if match is None and mode == "shell":
            match = _PATH_WORD.search(line)
            if match is not None and "/" not in match[0]:
                match = None
        return None if match is None else len(before) - len(line) + match.start()

    async def offer(self, word: str) -> Sequence[Candidate]:
        """See `Source`."""
        await self._index.refresh()
        mentioned = word.startswith("@")
        query = word.removeprefix("@").removeprefix('"')
        return [
            Candidate(
                written(path) if mentioned else path, harmless(path), goes_on=path.endswith("/")
            )
            for path in self._index.match(query)
        ]


class Commands:
    """`/` and the name of a command, at the beginning of a prompt."""

    def __init__(self, entries: Callable[[], Sequence[Entry]]) -> None:
        self._entries = entries

    def start(self, before: str, mode: InputMode) -> int | None:
        """See `Source`."""
        return 0 if mode == "prompt" and re.fullmatch(r"/[\w:.-]*", before) else None

    async def offer(self, word: str) -> Sequence[Candidate]:
        """See `Source`."""
        wanted = word[1:].lower()
        ranked = sorted(
            (rank, entry.name, entry)
            for entry in self._entries()
            if (rank := _rank(entry, wanted)) is not None
        )
        return [_candidate(entry) for _, _, entry in ranked]


class Arguments:
    """What follows the name of a command."""

    def __init__(self, complete: Callable[[str, str], Awaitable[Sequence[Candidate]]]) -> None:
        """`complete` gets the name of the command and the word at the cursor."""
        self._complete = complete
        self._name = ""

    def start(self, before: str, mode: InputMode) -> int | None:
        """See `Source`."""
        match = re.fullmatch(r"/([\w:.-]+) (?:[^\n]* )?(\S*)", before)
        if mode != "prompt" or match is None:
            return None
        self._name = match[1]
        return match.start(2)

    async def offer(self, word: str) -> Sequence[Candidate]:
        """See `Source`."""
        return await self._complete(self._name, word)


def _rank(entry: Entry, wanted: str) -> tuple[int, int] | None:
    name = entry.name.lower()
    if name.startswith(wanted):
        return (0, len(name)) if wanted else (0, 0)
    if wanted in name:
        return 1, name.index(wanted)
    rest = iter(name)
    if len(wanted) > 2 and all(letter in rest for letter in wanted):
        return 2, len(name)
    return (3, 0) if len(wanted) > 2 and wanted in entry.help.lower() else None


def _candidate(entry: Entry) -> Candidate:
    shown = f"/{entry.name} {entry.arguments}".rstrip()
    needs = entry.arguments.startswith("<")
    return Candidate(f"/{entry.name}", harmless(shown), harmless(entry.help), runs=not needs)
