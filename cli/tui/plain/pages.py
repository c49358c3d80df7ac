"""Pages and choices as lines of words: nothing that only a place or a colour would tell."""

from collections.abc import Iterable, Iterator, Sequence

from ..entry import Entry
from ..pages.keys import SIGNS, commands
from ..pages.page import Page, Row, head, page

_KEYS = (
    ("Enter", "sends; while it works, the words are heard after the current step"),
    ("\\ at the end of a line", "the next line belongs to it"),
    ('""" on a line of its own', "begins words of many lines, and ends them"),
    ("Up and Down, Ctrl+R", "what was typed before, here and in other sessions"),
    ("Tab", "completes a command or a file behind @"),
    ("Ctrl+C", "stops what runs, and gives up a line or a choice; twice: leaves"),
    ("Ctrl+D", "leaves, on an empty line"),
    ("Ctrl+Z", "back to the shell; fg goes on"),
)


def text_of(shown: Page) -> str:
    """A page as it is printed."""
    return "\n".join(_lines(shown))


def _lines(shown: Page) -> Iterator[str]:
    yield f"{shown.title}:"
    for row in shown.rows:
        yield line_of(row)
        said = f"{row.text} {row.note}"
        yield from (f"    {line}" for line in row.more.splitlines() if line.strip() not in said)


def line_of(row: Row) -> str:
    """A row as it is printed."""
    if row.tone == "head":
        return f"\n{row.text}:"
    sign = "! " if row.tone in ("bad", "warn") else ""
    return f"  {sign}{row.text}" + (f": {row.note}" if row.note else "")


def numbered(items: Iterable[tuple[str, str]]) -> str:
    """Choices by their numbers; each is what it is called and what is to be known of it."""
    rows = (
        f"  {count} {label}" + (f": {note}" if note else "")
        for count, (label, note) in enumerate(items, 1)
    )
    return "\n".join(rows)


def chosen(line: str, count: int) -> int | None:
    """Which of so many a line names, from 0; None if none."""
    number = int(line) if line.isascii() and line.isdecimal() and len(line) < 6 else 0
    return number - 1 if 0 < number <= count else None


def keys_page() -> Page:
    """What the keys do."""
    return page("keys", (Row(key, note=meaning) for key, meaning in _KEYS))


def help_page(entries: Sequence[Entry]) -> Page:
    """What can be typed."""
    return page("help", _help(entries))


def _help(entries: Sequence[Entry]) -> Iterator[Row]:
    yield head("at the beginning of a line")
    yield from (Row(sign, note=meaning) for sign, meaning in SIGNS)
    yield head("keys")
    yield from keys_page().rows
    yield from commands(entries)
