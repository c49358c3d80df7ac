"""What can be clicked: addresses, and places in files, found in words and marked in their style."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import quote

from rich.segment import Segment
from rich.style import Style

from .look import Look

_CLICKABLE = re.compile(
    r"(?P<address>https?://[^\s<>\"'`\x00-\x20]*[^\s<>\"'`.,:;!?)\]}*_])"
    r"|(?<![\w/.@-])(?P<place>(?:~?/|\.{1,2}/)?(?:[\w.@+-]+/)*[\w.@+-]*\.?[\w+-]+:\d+(?::\d+)?)(?!\w)"
)
_PLACE = re.compile(r"(?P<path>.*?):(?P<line>\d+)(?::\d+)?")
_SAFE = re.compile(r"https?://[!-~]+|mailto:[!-~]+")


def linked(text: str, style: Style, look: Look) -> Iterator[Segment]:
    """The text, with what can be clicked marked in it."""
    place = 0
    for found in _CLICKABLE.finditer(text) if ":" in text else ():
        mark = address(found.group(), look) if found["address"] else at(found.group(), look)
        if mark is None:
            continue
        if found.start() > place:
            yield Segment(text[place : found.start()], style)
        yield Segment(found.group(), style + mark)
        place = found.end()
    if place < len(text):
        yield Segment(text[place:], style)


def address(url: str, look: Look) -> Style | None:
    """The style of what leads to an address; None where it is none that may be opened."""
    if not _SAFE.fullmatch(url):
        return None
    return look.ink("underline accent") + Style(link=url, meta={"link": url})


def at(place: str, look: Look) -> Style | None:
    """The style of what names a line of a file (`src/a.py:12`); None where that is no file name.

    Whether there is such a file is not looked up: rendering reads no disk.
    """
    found = _PLACE.fullmatch(place)
    if found is None or not look.cwd:
        return None
    path = found["path"]
    name = path.rpartition("/")[2]
    if "." not in name.strip(".") and "/" not in path:
        return None
    whole = str(PurePosixPath(look.cwd, path))
    # The fragment is kitty's way to say a line (its manual, "Hyperlinks"); others leave it out.
    url = f"file://{quote(whole)}#{found['line']}"
    return look.ink("underline") + Style(link=url, meta={"at": f"{whole}:{found['line']}"})
