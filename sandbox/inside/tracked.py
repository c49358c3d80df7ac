"""Keeps git inside from noticing that a file which it tracks is hidden.

Git reads a file only if lstat(2) says something else than the index remembers. So the index is made
to remember what covers the file: inside, git takes the file for unchanged, and neither fails to
read it nor commits it as emptied. Outside, git sees that the file looks different, reads it, and
remembers it anew, as it does after any copy of a work tree.
https://git-scm.com/docs/index-format
"""

import contextlib
import os
import stat
import struct

from .mounts import resize
from .repositories import settings

_STAT = struct.Struct(">10I")
"""Times of change and modification, device, inode, mode, owner, group, size."""
_MODE, _SIZE = 6, 9
_LARGEST = 1 << 28
_VERSIONS = (2, 3)
"""Those that write out every path."""
_EXTENDED = 0x4000
_LENGTH = 0x0FFF


class Index:
    """The index of one git directory."""

    def __init__(self, directory: str) -> None:
        self._path = f"{directory}/index"
        self._seen: tuple[int | str, ...] = ()
        told = settings(f"{directory}/config")
        self._digest = 32 if any(one[2:] == ("objectformat", "sha256") for one in told) else 20

    def remember(self, work: str, covers: dict[str, str]) -> None:
        """Have the index take what lies over files of the work tree for the files."""
        known = {path: cover for path, cover in covers.items() if path.startswith(f"{work}/")}
        if not known or self._seen == (*self._state(), *known.values()):
            return
        with contextlib.suppress(OSError, struct.error):
            data = bytearray(self._read())
            changed = [
                _tell(data, place, cover)
                for path, cover in known.items()
                for place in self._entries(data, work, path)
            ]
            if any(changed):
                self._write(data)
        self._seen = (*self._state(), *known.values())

    def _state(self) -> tuple[int, ...]:
        try:
            found = os.lstat(self._path)
        except OSError:
            return ()
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _read(self) -> bytes:
        fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError
            data = file.read(_LARGEST)
        signature, version, _ = struct.unpack_from(">4sII", data)
        if signature != b"DIRC" or version not in _VERSIONS:
            raise OSError
        return data

    def _entries(self, data: bytearray, work: str, path: str) -> list[int]:
        """Where the entries of a path begin; there are several while a merge is not resolved."""
        name = os.fsencode(path[len(work) + 1 :])
        fixed = _STAT.size + self._digest + 2
        found: list[int] = []
        at = data.find(name + b"\0")
        while at >= 0:
            for start in (at - fixed, at - fixed - 2):
                flags = int.from_bytes(data[start + fixed - 2 : start + fixed]) if start > 0 else 0
                is_extended = start != at - fixed
                if flags & _LENGTH == len(name) and bool(flags & _EXTENDED) == is_extended:
                    found.append(start)
            at = data.find(name + b"\0", at + 1)
        return found

    def _write(self, data: bytearray) -> None:
        """Replace the index as git does: whoever finds the lock leaves it alone."""
        # Few workspaces track what is hidden.
        import hashlib

        end = len(data) - self._digest
        if any(data[end:]):
            digest = hashlib.sha1 if self._digest == 20 else hashlib.sha256
            data[end:] = digest(data[:end]).digest()
        before = os.lstat(self._path)
        lock = f"{self._path}.lock"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(lock, flags, stat.S_IMODE(before.st_mode))
        try:
            with open(fd, "wb") as file:
                file.write(data)
                if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(fd, before.st_uid, before.st_gid)
            os.rename(lock, self._path)
        except OSError:
            os.unlink(lock)
            raise


def _tell(data: bytearray, place: int, cover: str) -> bool:
    """Write a cover's times and numbers into an entry; return whether that was news.

    The length stays that of what was committed, or git outside would not even compare; so the cover
    gets it. Where git left the length open, it is that of what is hidden.
    """
    was = _STAT.unpack_from(data, place)
    found = os.lstat(cover)
    if not stat.S_ISREG(found.st_mode) or not stat.S_ISREG(was[_MODE]):
        return False
    if was[_SIZE] not in (0, found.st_size):
        resize(cover, was[_SIZE])
        found = os.lstat(cover)
    values = (
        *(*divmod(found.st_ctime_ns, 10**9), *divmod(found.st_mtime_ns, 10**9)),
        *(found.st_dev, found.st_ino, was[_MODE], found.st_uid, found.st_gid, found.st_size),
    )
    words = tuple(value & 0xFFFF_FFFF for value in values)
    _STAT.pack_into(data, place, *words)
    return words != was
