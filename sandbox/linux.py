"""The Linux system calls that Python 3.11 has no name for, through ctypes.

ctypes is imported by the first call: it costs 3 ms, which a run without actions need not pay.
"""

import errno
import functools
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

# linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
# openat2(2) came after the unification of numbers: 437 on every architecture but alpha.
_SYS_OPENAT2 = 437
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RACES = 32


@functools.cache
def _libc() -> "ctypes.CDLL":
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> bool:
    """Make this process the new parent of its orphaned descendants; return whether it is."""
    import ctypes

    yes, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    status: int = _libc().prctl(_PR_SET_CHILD_SUBREAPER, yes, zero, zero, zero)
    return status == 0


def openat2_beneath(directory: int, relative: str, flags: int, mode: int) -> int:
    """Open `relative` below the directory; no link is followed, since one put there meanwhile
    could lead to what is protected.

    Raises:
        OSError: EXDEV if the path leads out, ELOOP for links, EAGAIN
            if others kept renaming directories under it.
    """
    import ctypes

    # struct open_how of linux/openat2.h; a mode without O_CREAT is refused there.
    how = struct.pack(
        "=QQQ",
        flags | os.O_CLOEXEC,
        mode if flags & os.O_CREAT else 0,
        _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS,
    )
    code = errno.EAGAIN
    for _ in range(_RACES):
        fd: int = _libc().syscall(
            ctypes.c_long(_SYS_OPENAT2),
            ctypes.c_int(directory),
            ctypes.c_char_p(os.fsencode(relative)),
            ctypes.c_char_p(how),
            ctypes.c_size_t(len(how)),
        )
        if fd >= 0:
            return fd
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(code, os.strerror(code), relative)


@functools.cache
def has_openat2() -> bool:
    """Whether the kernel, and the filters around this process, know `openat2` (Linux 5.6)."""
    here = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(openat2_beneath(here, ".", os.O_RDONLY | os.O_DIRECTORY, 0))
    except OSError:
        return False
    finally:
        os.close(here)
    return True
