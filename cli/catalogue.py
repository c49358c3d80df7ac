"""The sessions of this person: listed and searched, over the index where that can be used.

Without the index everything works, slower, and a person is told.
"""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence

from ..agent.memory.identity import identity
from ..agent.memory.repository import find_repository
from ..agent.recollection import Recalled
from ..agent.stores.jsonl import JsonlStore
from ..agent.stores.scanning import scan, scan_for
from ..agent.stores.summary import EVERYWHERE, Said, Summary, Where, excerpt, said, terms
from ..config.errors import KedgeError
from .surroundings import Surroundings

_TAIL = 512 << 10
"""Bytes at the end of a log in which its last words are looked for."""


class Catalogue:
    """What is known of the sessions that were kept."""

    def __init__(self, where: Surroundings, say: Callable[[str], None] = lambda words: None):
        """`say` takes what a person should know, in a line without its end."""
        self._where = where
        self._say = say
        self.store = JsonlStore(where.home.state_dir / "sessions")
        self.file = where.home.state_dir / "sessions.db"

    def summaries(self, meant: Where = EVERYWHERE) -> Sequence[Summary]:
        """The sessions, the one written to last first."""
        import sqlite3

        from ..agent.stores.index import SessionIndex

        try:
            index = SessionIndex(self.file, self.store)
            index.update()
            return index.summaries(meant)
        except (sqlite3.Error, OSError) as error:
            self._tell(error)
            return list(scan(self.store, meant))

    def to_go_on_with(self, place: Where = EVERYWHERE) -> Sequence[Summary]:
        """The sessions in which anything was said: those of a place, then all others; of each the
        one written to last first."""
        begun = (row for row in self.summaries() if row.prompts or row.parent or row.name)
        return sorted(begun, key=lambda row: not place.holds(row))

    def search(
        self, query: str, limit: int, meant: Where = EVERYWHERE, without: str = ""
    ) -> Sequence[Said]:
        """What was said with all terms of the query in it, but `without` one session."""
        import sqlite3

        from ..agent.stores.index import SessionIndex

        try:
            index = SessionIndex(self.file, self.store)
            index.update()
            return index.search(query, limit, meant, without)
        except (sqlite3.Error, OSError) as error:
            self._tell(error)
            return scan_for(self.store, query, limit, meant, without)

    def last_words(self, id: str) -> list[Said]:
        """What was said last in a session, at most two passages; none where that cannot be read."""
        from ..agent.codec import decode

        try:
            with open(self.store.path(id), "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                lines = file.read().splitlines()
        except OSError:
            return []
        found: list[Said] = []
        for line in reversed(lines):
            # The first one may be the end of a longer one.
            with contextlib.suppress(KedgeError):
                event = decode(line)
                if event is not None and (words := said(event)):
                    found.append(words)
            if len(found) == 2:
                break
        return found[::-1]

    def names(self) -> Mapping[str, str]:
        """Those that have a name, by id."""
        return {one.id: one.name for one in self.summaries() if one.name}

    def _tell(self, error: Exception) -> None:
        self._say(f"the index {self.file} cannot be used ({error}), so every log is read; "
                  "kedge sessions doctor says more")  # fmt: skip


def around(where: Surroundings) -> Where:
    """The sessions of this directory, and of its repository wherever that is checked out."""
    repository = find_repository(where.cwd)
    return Where(str(where.cwd), identity(repository.root) if repository else str(where.cwd))


class PastSessions:
    """Recalls what was said in other sessions of a project; see `Recall`."""

    def __init__(self, catalogue: Catalogue, meant: Where, session: str) -> None:
        """`session` is the present one, which the model knows."""
        self._catalogue = catalogue
        self._meant = meant
        self._session = session

    def search(self, query: str, limit: int) -> Sequence[Recalled]:
        """See `Recall.search`."""
        found = self._catalogue.search(query, limit, self._meant, self._session)
        looked_for = terms(query)
        return [
            Recalled(one.session, one.ts, one.speaker, excerpt(one.text, looked_for))
            for one in found
        ]
