"""Lists and searches session logs without the index: slower, and without an order of fitness."""

from collections.abc import Iterator, Sequence

from ..errors import StoreError
from ..events import Event
from ..ports import Store
from .summary import EVERYWHERE, Said, Summary, Where, said, terms


def scan(store: Store, where: Where = EVERYWHERE) -> Iterator[Summary]:
    """What `SessionIndex.summaries` says, from the logs themselves."""
    for id in store.sessions():
        summary = Summary(id)
        try:
            for event in store.read(id):
                summary.add(event)
        except StoreError:
            summary.status = "damaged"
        if where.holds(summary):
            yield summary


def scan_for(
    store: Store, query: str, limit: int, where: Where = EVERYWHERE, without: str = ""
) -> Sequence[Said]:
    """What `SessionIndex.search` finds, from the logs themselves, latest first, as plain text."""
    looked_for = [term.rstrip("*").casefold() for term in terms(query)]
    found: list[Said] = []
    for summary in scan(store, where) if looked_for else ():
        if summary.id == without:
            continue
        own = (event for event in _readable(store, summary.id) if event.session == summary.id)
        spoken = filter(None, map(said, own))
        found += (one for one in spoken if all(t in one.text.casefold() for t in looked_for))
        if len(found) >= limit:
            break
    return found[:limit]


def _readable(store: Store, id: str) -> Iterator[Event]:
    try:
        yield from store.read(id)
    except StoreError:
        return
