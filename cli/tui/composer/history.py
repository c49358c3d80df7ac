"""What was typed before: one file for all sessions, safe with several processes at once."""

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from ....config.private import private_folder
from ....config.replacing import alone, replace_file
from .sources import InputMode

MOST_BYTES = 4_000_000
"""A larger file is cut to its newest half."""
MOST_CHARACTERS = 100_000
"""A longer prompt is kept until kedge ends, and not on disk."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was typed."""

    text: str
    """With placeholders for long pastes."""
    mode: InputMode = "prompt"
    pastes: dict[str, str] = {}
    """What stands behind each placeholder."""
    project: str = ""
    when: float = 0.0
    """Seconds since the epoch."""

    @property
    def signed(self) -> str:
        """The text as it is told apart: with the sign of its mode."""
        return SIGNS[self.mode] + self.text


SIGNS: dict[InputMode, str] = {"prompt": "", "shell": "!", "note": "#"}
"""What is typed first to get into a mode."""

_LINE = msgspec.json.Decoder(Entry)


class History:
    """The entries of all projects, and a way to add one."""

    def __init__(
        self,
        path: Path,
        project: str,
        *,
        redact: Callable[[str], str] = lambda text: text,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Reads nothing yet. `redact` takes secrets out of what is kept on disk."""
        self._path = path
        self._project = project
        self._redact = redact
        self._now = now
        self._entries: list[Entry] = []

    def move(self, project: str) -> None:
        """What is typed from here on belongs to this project, whose entries come first."""
        self._project = project

    def load(self) -> None:
        """Read the file. Reads up to `MOST_BYTES`: not for an event loop. No file is no error, and
        lines that cannot be read are left out."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return
        read = [entry for line in data.splitlines() if (entry := _entry(line)) is not None]
        self._entries = read + self._entries

    def entries(self) -> list[Entry]:
        """Newest first: those of this project, then the others; each text once."""
        texts: dict[str, Entry] = {}
        for entry in sorted(
            reversed(self._entries), key=lambda entry: entry.project != self._project
        ):
            texts.setdefault(entry.signed, entry)
        return list(texts.values())

    def add(
        self, text: str, mode: InputMode = "prompt", pastes: Mapping[str, str] | None = None
    ) -> Callable[[], None]:
        """Remember a text; returns what writes it to disk, which is not for an event loop.

        A text that begins with a space or is empty is not kept anywhere, and one of more than
        `MOST_CHARACTERS`, pastes included, only until kedge ends.
        """
        size = len(text) + sum(map(len, (pastes or {}).values()))
        if not text.strip() or text.startswith(" "):
            return lambda: None
        entry = Entry(text, mode, dict(pastes or {}), self._project, self._now())
        self._entries.append(entry)
        return (lambda: self._write(entry)) if size <= MOST_CHARACTERS else (lambda: None)

    def _write(self, entry: Entry) -> None:
        """Append. What cannot be written is lost: a history is a comfort."""
        pastes = {name: self._redact(paste) for name, paste in entry.pastes.items()}
        kept = msgspec.structs.replace(entry, text=self._redact(entry.text), pastes=pastes)
        line = msgspec.json.encode(kept) + b"\n"
        with contextlib.suppress(OSError):
            private_folder(self._path.parent)
            # A cut puts another file in the place of this one.
            with alone(self._path.with_name(self._path.name + ".lock")):
                descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                with open(descriptor, "ab") as file:
                    file.write(line)
                    size = file.tell()
                if size > MOST_BYTES:
                    self._cut()

    def _cut(self) -> None:
        data = self._path.read_bytes()
        newest = data[data.index(b"\n", len(data) - MOST_BYTES // 2) + 1 :]
        replace_file(self._path, newest)


def _entry(line: bytes) -> Entry | None:
    try:
        return _LINE.decode(line)
    except msgspec.MsgspecError:
        return None


def search(entries: Sequence[Entry], query: str) -> list[Entry]:
    """The entries that have every word of a query, in their order; then those that have its letters
    in that order. Case does not count."""
    words = query.lower().split()
    letters = "".join(words)
    exact: list[Entry] = []
    loose: list[Entry] = []
    for entry in entries:
        low = entry.text.lower()
        if all(word in low for word in words):
            exact.append(entry)
        elif len(letters) > 2 and len(low) < 1_000 and _in_order(low, letters):
            loose.append(entry)
    return exact + loose


def _in_order(text: str, letters: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


class Recall:
    """Goes back and forth through entries, with what was being written as the newest."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._place = 0

    @property
    def away(self) -> bool:
        """Whether an earlier one is shown."""
        return self._place > 0

    def forget(self) -> None:
        """Begin anew the next time: something was sent."""
        self._entries, self._place = [], 0

    def step(self, history: Callable[[], list[Entry]], draft: Entry, back: bool) -> Entry | None:
        """The entry before or after the one shown, which is `draft`; None if there is none.

        What was changed in a recalled text stays with it until something is sent.
        """
        if not self._entries:
            earlier = (entry for entry in history() if entry.signed != draft.signed)
            self._entries = [draft, *earlier]
        place = self._place + (1 if back else -1)
        if not 0 <= place < len(self._entries):
            return None
        self._entries[self._place] = draft
        self._place = place
        return self._entries[place]
