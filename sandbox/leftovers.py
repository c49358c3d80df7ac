"""Removes the files that a killed process left while it was replacing others.

The name of such a file tells whose it is (`config/replacing.py`), so that this can be done while
another process is at work beside.
"""

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from .errors import SandboxError
from .paths import Roots, open_beneath, place

_NAME = re.compile(r"\.kedge-([0-9a-f]{1,8})-[0-9a-f]{16}")


def remove_leftovers(directories: Iterable[Path], roots: Roots) -> None:
    """Remove what processes that are gone left in these directories. Never raises."""
    for directory in directories:
        with contextlib.suppress(OSError, SandboxError):
            where = place(directory, roots.workspace, roots)
            opened = open_beneath(where.root, where.relative, os.O_RDONLY | os.O_DIRECTORY)
            try:
                for name in os.listdir(opened):
                    if (found := _NAME.fullmatch(name)) and not _lives(int(found[1], 16)):
                        os.unlink(name, dir_fd=opened)
            finally:
                os.close(opened)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
