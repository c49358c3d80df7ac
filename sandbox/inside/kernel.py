"""The system calls that Python 3.11 has no name for, through ctypes; each raises `OSError`."""

import ctypes
import os
import struct

MACHINE = os.uname().machine
IS_X86 = MACHINE == "x86_64"

NEW_NS = 0x0002_0000
NEW_CGROUP = 0x0200_0000
NEW_UTS = 0x0400_0000
NEW_IPC = 0x0800_0000
NEW_USER = 0x1000_0000
NEW_PID = 0x2000_0000
NEW_NET = 0x4000_0000
"""linux/sched.h"""

MOUNT_RDONLY, MOUNT_NOSUID, MOUNT_NODEV, MOUNT_NOEXEC = 1, 2, 4, 8
"""linux/mount.h; the classic flags have the same values."""

_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE = 1
_MOVE_FROM_EMPTY, _MOVE_TO_EMPTY = 4, 0x40
_MNT_DETACH = 2
_SYS_CLONE = 56 if IS_X86 else 220
_SYS_CAPSET = 126 if IS_X86 else 91
_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_MOUNT_SETATTR = 428, 429, 442

_libc = ctypes.CDLL(None, use_errno=True)
# Keeps the interpreter's lock through the call: the child of a clone goes on in Python.
_held = ctypes.PyDLL(None, use_errno=True)


def call(number: int, *args: int | bytes | None) -> int:
    """Make a system call by number."""
    values = [
        ctypes.c_char_p(arg) if isinstance(arg, bytes) else ctypes.c_long(arg or 0) for arg in args
    ]
    return _checked(int(_libc.syscall(ctypes.c_long(number), *values)))


def prctl(option: int, first: int = 0, second: int | bytes = 0) -> int:
    """prctl(2); the arguments that most options leave unused are zero."""
    zero = ctypes.c_ulong(0)
    given = ctypes.c_char_p(second) if isinstance(second, bytes) else ctypes.c_ulong(second)
    return _checked(
        int(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(first), given, zero, zero))
    )


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    _checked(int(_libc.unshare(ctypes.c_int(flags))))


def clone(flags: int) -> int:
    """Fork into new namespaces. Only for a process with one thread; returns 0 in the child."""
    sigchld = 17
    zero = ctypes.c_long(0)
    number = ctypes.c_long(_SYS_CLONE)
    return _checked(
        int(_held.syscall(number, ctypes.c_long(flags | sigchld), zero, zero, zero, zero))
    )


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2), for new file systems and classic bind mounts."""
    _checked(
        int(
            _libc.mount(
                os.fsencode(source),
                os.fsencode(target),
                os.fsencode(kind) if kind else None,
                ctypes.c_ulong(flags),
                os.fsencode(options) if options else None,
            )
        ),
        target,
    )


def detach(target: str) -> None:
    """Take a mount away, now for new look-ups, at the last use for the rest."""
    _checked(int(_libc.umount2(os.fsencode(target), ctypes.c_int(_MNT_DETACH))), target)


def copy_tree(path: str) -> int:
    """A detached copy of the mounts at and below `path`; links are followed."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE
    try:
        return call(_SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def attach_tree(tree: int, path: str) -> None:
    """Mount a copy at `path`, which must be no link, and close it."""
    try:
        call(_SYS_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(path), _MOVE_FROM_EMPTY)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(tree)


def restrict_tree(tree: int | str, flags: int) -> None:
    """Set `MOUNT_` flags on all mounts of a copy or at and below a path, and cut propagation."""
    attributes = struct.pack("=QQQQ", flags, 0, _MS_PRIVATE, 0)
    at, path = (tree, b"") if isinstance(tree, int) else (_AT_FDCWD, os.fsencode(tree))
    how = _AT_RECURSIVE | (_AT_EMPTY_PATH if isinstance(tree, int) else 0)
    call(_SYS_MOUNT_SETATTR, at, path, how, attributes, len(attributes))


def restrict_mount(path: str, flags: int) -> None:
    """Set `MOUNT_` flags on the one mount at `path`."""
    attributes = struct.pack("=QQQQ", flags, 0, 0, 0)
    call(_SYS_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), 0, attributes, len(attributes))


def set_capabilities(effective: int = 0) -> None:
    """Give up all capabilities but these, in every set that exec looks at."""
    version_3 = 0x20080522
    header = struct.pack("=II", version_3, 0)
    low, high = effective & 0xFFFF_FFFF, effective >> 32
    data = struct.pack("=IIIIII", low, low, 0, high, high, 0)
    call(_SYS_CAPSET, header, data)


def install_filter(program: bytes) -> None:
    """Install a BPF program as this process's seccomp filter, for good."""
    set_seccomp, mode_filter = 22, 2
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog of linux/filter.h
    pointer = ctypes.addressof(code)
    prctl(set_seccomp, mode_filter, struct.pack("@HP", len(program) // 8, pointer))


def _checked(result: int, path: str = "") -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), *((path,) if path else ()))
    return result
