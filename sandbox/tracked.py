"""The names that a git repository tracks, read from its index without running git.

Format: gitformat-index(5), versions 2 to 4. What cannot be understood tracks nothing: the file is
the repository's own, which may be anybody's.
"""

import os
import struct
from pathlib import Path

_HEADER = struct.Struct(">4sII")
_FIXED = 62
"""Bytes of an entry before its name: times, numbers, mode, ids, SHA-1 and flags."""
_EXTENDED = 0x4000
_NAME_LENGTH = 0x0FFF


def index_of(directory: str) -> str:
    """The index of the repository whose work tree this is, whether it exists or not; also for
    worktrees and submodules, whose `.git` is a file."""
    git = f"{directory}/.git"
    if os.path.isfile(git):
        said = Path(git).read_bytes()[:4096].strip()
        if said.startswith(b"gitdir:"):
            git = os.path.join(directory, os.fsdecode(said[7:].strip()))
    return f"{git}/index"


def tracked(data: bytes) -> list[str]:
    """The paths in an index, relative to the work tree; none that would lead out of it."""
    try:
        names = _names(data)
    except (struct.error, ValueError, IndexError):
        return []
    return [name for name in map(os.fsdecode, names) if _is_below(name)]


def _names(data: bytes) -> list[bytes]:
    sign, version, count = _HEADER.unpack_from(data)
    if sign != b"DIRC" or version not in (2, 3, 4):
        return []
    names: list[bytes] = []
    place, before = _HEADER.size, b""
    for _ in range(count):
        start = place
        flags = data[start + 60] << 8 | data[start + 61]
        place += _FIXED + (2 if flags & _EXTENDED else 0)
        if version == 4:
            kept, place = _offset(data, place)
            end = data.index(0, place)
            before = before[: len(before) - kept] + data[place:end]
            place = end + 1
        else:
            end = data.index(0, place + min(flags & _NAME_LENGTH, _NAME_LENGTH - 1))
            before = data[place:end]
            place = start + (end - start + 8 & ~7)
        names.append(before)
    return names


def _offset(data: bytes, place: int) -> tuple[int, int]:
    """A number as packs write offsets, and the place behind it."""
    byte = data[place]
    value = byte & 0x7F
    while byte & 0x80:
        place += 1
        byte = data[place]
        value = (value + 1 << 7) | byte & 0x7F
    return value, place + 1


def _is_below(name: str) -> bool:
    parts = name.split("/")
    return not {"", ".", "..", ".git"}.intersection(parts)
