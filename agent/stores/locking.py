"""Keeps two processes from appending to one session.

The lock is the kernel's (flock(2)): it ends with the process that holds it, however that ended, so
that a dead owner's needs no taking over, and neither a reboot nor a number that comes again can
make it seem held. Nothing of it is on disk. Who holds it is asked of the kernel as well.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from ..errors import StoreError

_LOCKS = Path("/proc/locks")
"""Linux only, proc(5): `1: FLOCK  ADVISORY  WRITE 4711 08:02:1234 0 EOF`."""


def lock(file: int, path: Path) -> None:
    """Lock an open log for this process until the file is closed.

    Raises:
        StoreError: another one holds it, or it cannot be locked.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        who = holder(file)
        told = f"another kedge (process {who})" if who else "another kedge"
        raise StoreError(
            f"session {path.stem!r} is in use by {told}",
            hint="wait for it to end, go on in a copy with --fork, or start a new session",
        ) from error
    except OSError as error:
        raise StoreError(f"cannot lock the session log {path}: {error.strerror}") from error


def holder(file: int) -> int:
    """The process that holds the lock of an open file; 0 where the system does not say."""
    wanted = str(os.fstat(file).st_ino)
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for line in _LOCKS.read_text("ascii").splitlines():
            fields = line.split()
            # Devices are not compared: some file systems have one there and another in stat(2).
            if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == wanted:
                found.add(int(fields[4]))
    return found.pop() if len(found) == 1 else 0
