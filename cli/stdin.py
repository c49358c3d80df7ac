"""Words that are piped in: the prompt itself, or material for it."""

import os
import select
import stat

from ..config.errors import UsageError

MAX_BYTES = 10_000_000
"""What is taken from stdin; more is a mistake rather than a prompt."""
PATIENCE_SECONDS = 3.0
"""How long a pipe that never says anything is waited for when there is a prompt already. CI
systems hand such pipes to their steps, and other agents hang on them for ever."""


def piped(*, wanted: bool) -> str:
    """What stdin holds; empty if it is a terminal, closed, or silent.

    With `wanted`, a silent pipe is waited for without limit: there is no other prompt.

    Raises:
        UsageError: it is too long, or not UTF-8.
    """
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return ""
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        return ""
    if not wanted and not select.select([0], [], [], PATIENCE_SECONDS)[0]:
        return ""
    chunks: list[bytes] = []
    size = 0
    while chunk := os.read(0, 65_536):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise UsageError(f"stdin holds more than {MAX_BYTES} bytes; give a file by its path")
    try:
        return b"".join(chunks).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("stdin is not UTF-8 text; give a file by its path") from error
