"""Reads files that anybody may have put there: never waits for a pipe, never reads without end."""

import os
import stat
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 1 << 20


def plain_bytes(path: str | Path, limit: int = MAX_BYTES) -> bytes | None:
    """The first `limit` bytes of a regular file; None if there is none or it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        with open(fd, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError:
        return None
    finally:
        os.close(fd)


def plain_text(path: str | Path, limit: int = MAX_BYTES) -> str:
    """The same as text, empty for what is not there; what is no UTF-8 is replaced, and so are NULs,
    which no path may hold."""
    return (plain_bytes(path, limit) or b"").replace(b"\0", b"\xff").decode("utf-8", "replace")
