"""How much a reading tool found, where its result tells that for sure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from ...counts import counted

_NUMBERED: Final = re.compile(r" *\d+\t")
"""A line of a file, as `read` shows it."""
_OF_ALL: Final = re.compile(r"\[the newest \d+ of (\d+) files;")
"""What `glob` says last where it shows not all of them."""
_AROUND: Final = ("context", "-A", "-B", "-C", "after", "before", "around")
"""The arguments with which `grep` shows lines that are no matches."""


def found(tool: str, arguments: Mapping[str, object] | str, content: str) -> str:
    """In a few words what an action that went well has found; empty if that is not known."""
    lines = content.splitlines()
    if isinstance(arguments, str) or not lines:
        return ""
    match tool:
        case "read":
            count = sum(bool(_NUMBERED.match(line)) for line in lines)
            return counted(count, "line") if count else ""
        case "glob":
            return _files(lines)
        case "grep":
            return _matches(lines, arguments)
        case _:
            return ""


def _files(lines: Sequence[str]) -> str:
    if lines[0].startswith("No files match "):
        return "no files"
    more = _OF_ALL.match(lines[-1])
    return counted(int(more[1]) if more else len(lines), "file")


def _matches(lines: Sequence[str], arguments: Mapping[str, object]) -> str:
    if lines[0].startswith("No matches for "):
        return "no matches"
    rows = [line for line in lines if not (line.startswith("[") and line.endswith("]"))]
    # A page, or a search that was stopped, is not all there is; lines around a match are none.
    if len(rows) < len(lines) or any(arguments.get(name) for name in _AROUND) or not rows:
        return ""
    mode = arguments.get("output_mode", "files_with_matches")
    return counted(len(rows), "match", "matches") if mode == "content" else _in_files(rows, mode)


def _in_files(rows: Sequence[str], mode: object) -> str:
    return counted(len(rows), "file") if mode == "files_with_matches" else ""
