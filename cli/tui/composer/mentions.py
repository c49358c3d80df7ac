"""`@file` in a prompt: the path stays in the words, what is in the file goes along.

So no turn is spent on reading what the person already pointed at. Only files within the project
that nobody hides are taken; of others the words stay, and the model's own tools ask for them.
"""

import re
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from ....agent.errors import ToolError
from ....agent.messages import Image, Text, legible_text
from ....agent.tools.textfile import decode
from ....config.errors import UsageError
from ...images import load_image
from .. import added

MAX_LINES = 2_000
"""Of one file, as the model's own `read` has it."""
MAX_BYTES = 51_200
"""Of one file."""
MAX_TOTAL = 200_000
"""Bytes of all files of one prompt."""
_MAX_ENTRIES = 200
"""Of a directory."""
_BIGGEST = 20_000_000
"""A file with more bytes is not even opened."""
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")

_MENTION = re.compile(r'(?<![\w@/.])@(?:"(?P<quoted>[^"\n]+)"|(?P<bare>[^\s"]+))')
_LINES = re.compile(r"(?::|#L)(?P<first>\d+)(?:-L?(?P<last>\d+))?$")


class Mention(Struct, frozen=True):
    """A file that a person pointed at."""

    path: str
    """As it was written."""
    first: int = 0
    """The first line that is meant, from 1; 0: all."""
    last: int = 0
    """The last line that is meant; 0: only the first."""


class Attached(Struct, frozen=True):
    """What goes along with a prompt."""

    parts: tuple[Text | Image, ...] = ()
    used: tuple[str, ...] = ()
    """The paths that were found."""
    problems: tuple[str, ...] = ()
    """What did not go along, and why, one line each."""


def written(path: str) -> str:
    """How a path is mentioned."""
    return f'@"{path}"' if re.search(r"\s", path) else f"@{path}"


def mentions(words: str) -> list[Mention]:
    """What looks like a mention, each only once, in order."""
    found: dict[Mention, None] = {}
    for match in _MENTION.finditer(words):
        path = match["quoted"] or match["bare"].rstrip(".,;:!?)]}'")
        lines = _LINES.search(path)
        if lines:
            first = int(lines["first"])
            mention = Mention(path[: lines.start()], first, int(lines["last"] or 0))
        else:
            mention = Mention(path)
        found[mention] = None
    return list(found)


def is_picture(path: str) -> bool:
    """Whether a file with this name goes along as a picture."""
    return path.lower().endswith(_PICTURES)


def attach(words: str, root: Path, hides: Callable[[Path], bool]) -> Attached:
    """Read what is mentioned in words. Reads files: not for an event loop.

    `root` is the resolved directory of the project.
    """
    parts: list[Text | Image] = []
    used: list[str] = []
    problems: list[str] = []
    left = MAX_TOTAL
    for mention in mentions(words):
        place = _place(mention.path, root)
        if place is None:
            continue
        if hides(place):
            problems.append(f"{mention.path} is protected, and does not go along")
            continue
        try:
            part = _part(place, mention, min(left, MAX_BYTES))
        except (OSError, ToolError, UsageError) as error:
            problems.append(f"{mention.path} does not go along: {error}")
            continue
        parts.append(part)
        used.append(mention.path)
        if isinstance(part, Text):
            left = max(0, left - len(part.text.encode("utf-8", "replace")))
    return Attached(tuple(parts), tuple(used), tuple(problems))


def _place(path: str, root: Path) -> Path | None:
    """Where a path leads; None if it is outside, or leads nowhere."""
    try:
        place = (root / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return place if place.is_relative_to(root) else None


def _part(place: Path, mention: Mention, most: int) -> Text | Image:
    if place.is_dir():
        return _directory(place, mention)
    if is_picture(place.name):
        return load_image(place)
    if not place.is_file():
        raise UsageError("it is no regular file")
    if place.stat().st_size > _BIGGEST:
        raise UsageError(f"it is larger than {_BIGGEST} bytes")
    lines = decode(place.read_bytes(), mention.path).text.splitlines(keepends=True)
    first = max(1, mention.first)
    end = (mention.last or mention.first) if mention.first else len(lines)
    wanted = lines[first - 1 : end]
    shown = _fitting(wanted, most)
    last = first - 1 + len(shown)
    cut = ""
    if len(shown) < len(wanted):
        cut = f"\n[cut: lines {last + 1} to {first - 1 + len(wanted)} are left out]"
    body = "".join(shown).rstrip("\n")
    part = (first, last) if (first, last) != (1, len(lines)) else None
    return added.written(
        added.File(legible_text(mention.path), legible_text(body + cut), len(lines), part)
    )


def _fitting(lines: list[str], most: int) -> list[str]:
    size = 0
    for count, line in enumerate(lines[:MAX_LINES]):
        size += len(line.encode("utf-8", "replace"))
        if size > most:
            return lines[:count]
    return lines[:MAX_LINES]


def _directory(place: Path, mention: Mention) -> Text:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in place.iterdir())
    more = f"\n[{len(names) - _MAX_ENTRIES} more]" if len(names) > _MAX_ENTRIES else ""
    body = "\n".join(names[:_MAX_ENTRIES]) + more
    return added.written(added.Folder(legible_text(mention.path), legible_text(body)))
