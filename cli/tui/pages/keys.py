"""The keys and the commands."""

from collections.abc import Iterable, Iterator

from ..entry import Entry
from ..keys import WHERE, KeyTable
from .page import Page, Row, head, page


def keys_page(table: KeyTable) -> Page:
    """Every key with what it does, and what is in another's way."""
    return page("keys", _keys(table))


def _keys(table: KeyTable) -> Iterator[Row]:
    for problem in table.problems:
        yield Row(problem, "bad")
    for conflict in table.conflicts:
        yield Row(conflict.words, "warn")
    if not (table.problems or table.conflicts):
        yield Row('no key is in another\'s way; [tui.keys] NAME = ["ctrl+x"] changes one', "dim")
    last = ""
    for row in table.rows:
        action = row.action
        if action.context != last:
            last = action.context
            yield head(WHERE[action.context])
        keys = ", ".join(row.keys) or "no key"
        own = "  (yours)" if row.remapped else ""
        more = "\n".join((f"[tui.keys] {action.name}", *row.notes))
        yield Row(keys, more=more, note=f"{action.help}{own}")


SIGNS = (
    ("/", "a command"),
    ("@", "a file goes along"),
    ("!", "a command in your own shell; the model sees what it prints"),
    ("#", "a note that later sessions know"),
)


def help_page(entries: Iterable[Entry], table: KeyTable) -> Page:
    """What can be typed, and the keys that matter most."""
    return page("help", _help(entries, table))


def _help(entries: Iterable[Entry], table: KeyTable) -> Iterator[Row]:
    yield head("at the beginning of a prompt")
    yield from (Row(sign, note=meaning) for sign, meaning in SIGNS)
    yield head("keys")
    for name in _FIRST:
        row = next(row for row in table.rows if row.action.name == name)
        yield Row(", ".join(row.keys) or "no key", note=row.action.help)
    yield Row("/keys shows all of them", "dim")
    yield from commands(entries)


def commands(entries: Iterable[Entry]) -> Iterator[Row]:
    """What each command is for."""
    yield head("commands")
    for entry in entries:
        if entry.listed:
            also = f" (also /{', /'.join(entry.aliases[:_ALSO])})" if entry.aliases else ""
            yield Row(entry.shown, id=entry.name, note=f"{entry.help}{also}")


_ALSO = 2
"""Other names of a command that are shown; who types any of them is understood."""
_FIRST = (
    *("submit", "later", "newline", "interrupt", "next-mode", "palette", "expand"),
    *("history-search", "background", "editor", "suspend", "quit"),
)
