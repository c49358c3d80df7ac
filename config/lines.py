"""Finds the line of a key in a TOML text. Only errors and `config show` need it."""

import re

from .values import KeyPath

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_KEY})\s*\]\]?")
_ASSIGNMENT = re.compile(rf"\s*({_KEY})\s*=(.*)")
_TOKEN = re.compile(
    r"""#[^\n]*|\s+|\"{3}(?:\\.|[^\\])*?\"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|.""",
    re.DOTALL,
)
_FENCE = re.compile(r'"""|\'\'\'')


def line_of(text: str, path: KeyPath) -> int:
    """The 1-based line that sets `path`, or the nearest table around it; 0 if there is neither.

    `text` must be valid TOML. Keys within inline tables are found at the line of the table.
    """
    table: KeyPath = ()
    best, found = 0, 0
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            fence = _after(line, fence)
            continue
        if header := _HEADER.fullmatch(line.partition("#")[0].rstrip()):
            here = table = _path(header[1])
        elif assignment := _ASSIGNMENT.match(line):
            here = (*table, *_path(assignment[1]))
            fence = _after(assignment[2], "")
        else:
            continue
        # `a.b = 1` sets something in `a` too.
        depth = min(len(here), len(path))
        if path[:depth] == here[:depth] and depth > best:
            best, found = depth, number
    return found


def line_of_item(text: str, path: KeyPath, index: int) -> int:
    """The 1-based line on which an element of the list at `path` begins, counted from 0; that of
    the list where it is not found. `text` must be valid TOML."""
    first = line_of(text, path)
    lines = text.splitlines(keepends=True)
    headers = [
        number
        for number, line in enumerate(lines, start=1)
        if (found := _HEADER.fullmatch(line.partition("#")[0].rstrip()))
        and line.lstrip().startswith("[[")
        and _path(found[1]) == path
    ]
    if headers:
        return headers[index] if index < len(headers) else first
    if not first:
        return 0
    before = sum(map(len, lines[: first - 1]))
    start = text.find("[", text.find("=", before))
    places = _items(text, start + 1) if start >= 0 else []
    return text.count("\n", 0, places[index]) + 1 if index < len(places) else first


def _items(text: str, start: int) -> list[int]:
    """Where each element of the array begins whose bracket is before `start`."""
    places: list[int] = []
    depth, expecting = 0, True
    for token in _TOKEN.finditer(text, start):
        what = token[0]
        if what.isspace() or what.startswith("#"):
            continue
        if what == "]" and not depth:
            break
        if what == "," and not depth:
            expecting = True
            continue
        if expecting:
            places.append(token.start())
            expecting = False
        depth += (what in "[{") - (what in "]}")
    return places


def _path(key: str) -> KeyPath:
    return tuple(_unquoted(part) for part in re.findall(_PART, key))


def _unquoted(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    if part.startswith('"'):
        return re.sub(r"\\(.)", r"\1", part[1:-1])
    return part


def _after(text: str, fence: str) -> str:
    """The multi-line quote that is open after `text`, if `fence` was open before it."""
    for mark in _FENCE.findall(text):
        if not fence:
            fence = mark
        elif fence == mark:
            fence = ""
    return fence
