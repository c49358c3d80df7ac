"""Recall by reading the logs: slow, exact, and in need of nothing but the store."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..errors import StoreError
from ..events import Event, MessageAdded, SessionStarted, TurnStarted
from ..messages import Text
from ..ports import Store
from ..recollection import Recalled

MOST_SESSIONS: Final = 200
"""The latest sessions of the project that are read."""
_AROUND: Final = 300
_WORD: Final = re.compile(r"\w{2,}")


class ScanRecall:
    """Past sessions of one directory, searched by reading them."""

    def __init__(self, store: Store, cwd: str, without: str = "") -> None:
        """`without` is the id of the session that asks."""
        self._store = store
        self._cwd = cwd
        self._without = without

    def search(self, query: str, limit: int) -> Sequence[Recalled]:
        """See `Recall.search`. A passage counts by how many of the words it has, then by age."""
        wanted = {word.casefold() for word in _WORD.findall(query)}
        if not wanted:
            return ()
        found: list[tuple[int, Recalled]] = []
        for id in self._ids():
            for passage in self._passages(id):
                words = {word.casefold() for word in _WORD.findall(passage.text)}
                if hits := len(wanted & words):
                    found.append((hits, passage))
        # Stable: of equal passages those of the latest session come first.
        found.sort(key=lambda one: -one[0])
        return [_excerpt(passage, wanted) for _, passage in found[:limit]]

    def _ids(self) -> Iterator[str]:
        count = 0
        for id in self._store.sessions():
            if id == self._without or not self._is_ours(id):
                continue
            yield id
            count += 1
            if count == MOST_SESSIONS:
                return

    def _is_ours(self, id: str) -> bool:
        try:
            first = next(iter(self._store.read(id)), None)
        except StoreError:
            return False
        return first is not None and _opened_at(first) == self._cwd

    def _passages(self, id: str) -> Iterator[Recalled]:
        try:
            for event in self._store.read(id):
                if len(event.path) == 1:
                    yield from _said(event)
        except StoreError:
            # What was read of a damaged session still counts.
            return


def _opened_at(event: Event) -> str:
    return event.body.cwd if isinstance(event.body, SessionStarted) else ""


def _said(event: Event) -> Iterator[Recalled]:
    match event.body:
        case TurnStarted(prompt):
            speaker, parts = "person", prompt
        case MessageAdded("user", parts, origin="person"):
            speaker = "person"
        case MessageAdded("assistant", parts):
            speaker = "model"
        case _:
            return
    text = "\n".join(part.text for part in parts if isinstance(part, Text)).strip()
    if text:
        yield Recalled(event.session, event.ts, speaker, text)


def _excerpt(passage: Recalled, wanted: set[str]) -> Recalled:
    text = passage.text
    place = next(
        (match.start() for match in _WORD.finditer(text) if match[0].casefold() in wanted), 0
    )
    start, end = max(0, place - _AROUND), place + _AROUND
    around = ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")
    return Recalled(passage.session, passage.when, passage.speaker, around)


if TYPE_CHECKING:
    from ..recollection import Recall

    _recall: type[Recall] = ScanRecall
