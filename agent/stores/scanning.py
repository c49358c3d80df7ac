"""Lists and searches session logs without the index: slower, and without an order of fitness."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

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
    there = frozenset(store.sessions())
    found: dict[tuple[str, int], Said] = {}
    for summary in scan(store, where) if looked_for else ():
        if summary.id == without:
            continue
        for one in filter(None, map(said, _readable(store, summary.id))):
            # What a fork took over is found in its parent, while that is there.
            known = one.session != summary.id and one.session in there
            if not known and all(term in one.text.casefold() for term in looked_for):
                found.setdefault((one.session, one.seq), replace(one, session=summary.id))
        if len(found) >= limit:
            break
    return tuple(found.values())[:limit]


def _readable(store: Store, id: str) -> Iterator[Event]:
    try:
        yield from store.read(id)
    except StoreError:
        return
