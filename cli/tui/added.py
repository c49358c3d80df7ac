"""What goes along with a person's words without being theirs, as the model reads it: files that
they mentioned, and what is told. Written and read here, and nowhere else."""

import re
from typing import Final

from msgspec import Struct

from ...agent.messages import Text


class Context(Struct, frozen=True):
    """What happened that the model does not know."""

    text: str


class File(Struct, frozen=True):
    """A file that was mentioned, or lines of it."""

    path: str
    body: str
    of: int
    """How many lines the file has."""
    lines: tuple[int, int] | None = None
    """The first and the last that are there, from 1; None: all."""


class Folder(Struct, frozen=True):
    """A folder that was mentioned."""

    path: str
    body: str
    """The names in it, one a line."""


Added = Context | File | Folder

_CONTEXT: Final = re.compile(r"<context>\n(?P<body>.*)\n</context>\Z", re.DOTALL)
_ATTACHED: Final = re.compile(
    r'<attached path="(?P<path>[^"]*)"'
    r'(?: entries="yes"| of="(?P<of>\d+)"(?: lines="(?P<first>\d+)-(?P<last>\d+)")?)>\n'
    r"(?P<body>.*)\n</attached>\Z",
    re.DOTALL | re.ASCII,
)


def written(added: Added) -> Text:
    """As a part of a prompt."""
    match added:
        case Context(text=text):
            return Text(f"<context>\n{text}\n</context>")
        case File(of=of, lines=lines):
            part = f' lines="{lines[0]}-{lines[1]}"' if lines else ""
            return _attached(added, f'of="{of}"{part}')
        case Folder():
            return _attached(added, 'entries="yes"')


def _attached(added: File | Folder, notes: str) -> Text:
    path = added.path.replace("&", "&amp;").replace('"', "&quot;")
    return Text(f'<attached path="{path}" {notes}>\n{added.body}\n</attached>')


def read(text: str) -> Added | None:
    """What a part of a prompt was written from; None if a person said it.

    Both ends count: a person may begin with the same word, and none of theirs is to be dropped.
    """
    if found := _CONTEXT.match(text):
        return Context(found["body"])
    if found := _ATTACHED.match(text):
        path = found["path"].replace("&quot;", '"').replace("&amp;", "&")
        if not found["of"]:
            return Folder(path, found["body"])
        lines = (int(found["first"]), int(found["last"])) if found["first"] else None
        return File(path, found["body"], int(found["of"]), lines)
    return None
