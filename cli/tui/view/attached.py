"""What went along with a person's words without being said by them, in one line each."""

import re
from typing import Final

_FILE: Final = re.compile(
    r'<attached path="(?P<path>[^"]*)"(?: of="(?P<of>\d+)")?(?: lines="(?P<lines>[\d-]+)")?'
    r'(?P<folder> entries="yes")?>\n(?P<body>.*)\n</attached>\Z',
    re.DOTALL,
)
"""As mentions.py writes it."""
_CONTEXT: Final = re.compile(r"<context>\n(?P<body>.*)\n</context>\Z", re.DOTALL)
"""As desk/words.py writes it."""


def attached(text: str) -> str:
    """What a part of a prompt is in one line; empty if it is what the person said."""
    if found := _FILE.match(text):
        path = found["path"].replace("&quot;", '"')
        return f"{path}, {_how_much(found)} attached"
    if found := _CONTEXT.match(text):
        first, *others = found["body"].split("\n")
        return f"{first} (and {_counted(len(others), 'line')} more)" if others else first
    return ""


def _how_much(found: re.Match[str]) -> str:
    here = found["body"].count("\n") + 1 if found["body"] else 0
    if found["folder"]:
        return _counted(here, "entry", "entries")
    if found["lines"]:
        return f"lines {found['lines']} of {found['of']}"
    return _counted(int(found["of"] or here), "line")


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one}" if count == 1 else f"{count} {many or f'{one}s'}"
