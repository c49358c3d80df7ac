"""What is kept of a defect of ours: all that helps to find it, in a file of its own."""

import os
import time
import traceback
from pathlib import Path

from ....config.private import private_folder


def keep_crash(error: BaseException, state_dir: Path) -> str:
    """Write down how it happened; where, or in one line what, if that could not be written."""
    name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.txt"
    file = state_dir / "crashes" / name
    try:
        private_folder(file.parent)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as out:
            out.writelines(traceback.format_exception(error))
    except OSError:
        return f"{type(error).__name__}: {error}"
    return str(file)
