"""The third wall: a filter over system calls, assembled by hand.

Refused are those that reach beyond a sandbox of namespaces, or never were needed in one. A filter
sees numbers, not what pointers lead to: calls that hide their flags behind a pointer are refused
as unknown, so that libraries take the older call instead, whose flags can be seen.
"""

import errno
import struct

from .kernel import IS_X86

# linux/bpf_common.h, linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_NUMBER, _ARCH = 0, 4
_AUDIT_ARCH = 0xC000_003E if IS_X86 else 0xC000_00B7
_X32 = 0x4000_0000

_REFUSED_X86 = {
    **{"mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272},
    **{"setns": 308, "keyctl": 250, "add_key": 248, "request_key": 249, "init_module": 175},
    **{"finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320},
    **{"reboot": 169, "swapon": 167, "swapoff": 168, "acct": 163, "perf_event_open": 298},
    **{"bpf": 321, "userfaultfd": 323, "name_to_handle_at": 303, "open_by_handle_at": 304},
    **{"clock_settime": 227, "clock_adjtime": 305, "adjtimex": 159, "settimeofday": 164},
    **{"sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "modify_ldt": 154},
    **{"fanotify_init": 300, "fanotify_mark": 301, "quotactl": 179, "syslog": 103},
    **{"vhangup": 153, "lookup_dcookie": 212, "nfsservctl": 180, "kcmp": 312, "uselib": 134},
    **{"process_vm_writev": 311, "move_pages": 279, "migrate_pages": 256, "_sysctl": 156},
}
_REFUSED_ARM = {
    **{"mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97},
    **{"setns": 268, "keyctl": 219, "add_key": 217, "request_key": 218, "init_module": 105},
    **{"finit_module": 273, "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294},
    **{"reboot": 142, "swapon": 224, "swapoff": 225, "acct": 89, "perf_event_open": 241},
    **{"bpf": 280, "userfaultfd": 282, "name_to_handle_at": 264, "open_by_handle_at": 265},
    **{"clock_settime": 112, "clock_adjtime": 266, "adjtimex": 171, "settimeofday": 170},
    **{"sethostname": 161, "setdomainname": 162, "fanotify_init": 262, "fanotify_mark": 263},
    **{"quotactl": 60, "syslog": 116, "vhangup": 58, "lookup_dcookie": 18, "nfsservctl": 42},
    **{"kcmp": 272, "process_vm_writev": 271, "move_pages": 239, "migrate_pages": 238},
}
_REFUSED_EVERYWHERE = {
    **{"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432},
    **{"fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442, "quotactl_fd": 443},
    **{"memfd_secret": 447, "open_tree_attr": 467, "statmount": 457, "listmount": 458},
}
_SHARED_X86 = (29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220, 240)
_SHARED_ARM = (180, *range(186, 198))
"""Memory, semaphores and message queues by number, and mq_open(2): one for all of a user's
processes where there is no ipc namespace."""
_UNKNOWN = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "clone3": 435}
_OPENAT2 = 437

_CLONE = 56 if IS_X86 else 220
_SOCKET, _SOCKETPAIR = (41, 53) if IS_X86 else (198, 199)
_IOCTL = 16 if IS_X86 else 29
_NAMESPACES = 0x7E02_0080
_PRLIMIT = 302 if IS_X86 else 261
_ANY = 0xFFFF_FFFF
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK"""
_NETLINK, _NETLINK_ROUTE = 16, 0
_TERMINAL_INPUT = (0x5412, 0x541C, 0x541D, 0x5423)
"""TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD"""

_SETS_ID = 0o6000
_MODE_ARGUMENT = (
    {
        "chmod": (90, 1),
        "fchmod": (91, 1),
        "fchmodat": (268, 2),
        "mknod": (133, 1),
        "mknodat": (259, 2),
    }
    if IS_X86
    else {"fchmod": (52, 1), "fchmodat": (53, 2), "mknodat": (33, 2)}
) | {"fchmodat2": (452, 2)}
_OPENS = {"open": (2, 1), "openat": (257, 2)} if IS_X86 else {"openat": (56, 2)}
_CREAT = 85
_MAKES_FILE = 0o100 | 0o20_000_000
"""O_CREAT, __O_TMPFILE"""


def program(*, as_root: bool, sockets: bool = True, without: frozenset[str] = frozenset()) -> bytes:
    """The filter, as an array of `struct sock_filter`.

    `as_root`: whether set-user-id bits would be root's. `sockets` false refuses all that could
    reach another process, where there is no network namespace and no cover over paths to do so.
    `without` leaves families of rules out, so that tests can see the self-test miss them.
    """
    code = _Assembler()
    code.load(_ARCH)
    code.unless_equal(_AUDIT_ARCH, _KILL)
    code.load(_NUMBER)
    if IS_X86 and "seccomp-foreign" not in without:
        code.when_at_least(_X32, _KILL)
    if "seccomp-refused" not in without:
        own = _REFUSED_X86 if IS_X86 else _REFUSED_ARM
        shared = () if sockets else _SHARED_X86 if IS_X86 else _SHARED_ARM
        for number in sorted({*own.values(), *_REFUSED_EVERYWHERE.values(), *shared}):
            code.when_equal(number, _ERRNO | errno.EPERM)
    if "seccomp-unknown" not in without:
        # Its mode lies behind a pointer, where set-user-id bits could hide.
        for number in sorted({*_UNKNOWN.values(), _OPENAT2}):
            code.when_equal(number, _ERRNO | errno.ENOSYS)
    _look_at_arguments(code, _SETS_ID if as_root else 0o4000, sockets=sockets, without=without)
    code.finish(_ALLOW)
    return code.assembled()


def _look_at_arguments(
    code: "_Assembler", bits: int, *, sockets: bool, without: frozenset[str]
) -> None:
    """Refuse some uses of calls that are allowed; `bits` are those of modes."""
    if "seccomp-namespaces" not in without:
        code.case(_CLONE, _bits(0, _NAMESPACES))
    if "seccomp-sockets" not in without:
        code.case(_SOCKET, _socket(_FAMILIES if sockets else (_NETLINK,)))
        code.case(_SOCKETPAIR, _socket(_FAMILIES))
    if not sockets:
        # Of itself a process may, of others it could end them so.
        code.case(_PRLIMIT, _bits(0, _ANY))
    if "seccomp-terminal" not in without:
        code.case(_IOCTL, _ioctl())
    if "seccomp-modes" in without:
        return
    for number, position in _MODE_ARGUMENT.values():
        code.case(number, _bits(position, bits))
    for number, position in _OPENS.values():
        code.case(number, _opening(position, bits))
    if IS_X86:
        code.case(_CREAT, _bits(1, bits))


def _argument(position: int) -> int:
    """Where struct seccomp_data has the low half of an argument; both machines store it first."""
    return 16 + 8 * position


def _bits(position: int, bits: int) -> "_Assembler":
    code = _Assembler()
    code.load(_argument(position))
    code.when_any(bits, _ERRNO | errno.EPERM)
    code.finish(_ALLOW)
    return code


def _opening(flags: int, bits: int) -> "_Assembler":
    code = _Assembler()
    code.load(_argument(flags))
    code.unless_any(_MAKES_FILE, _ALLOW)
    code.load(_argument(flags + 1))
    code.when_any(bits, _ERRNO | errno.EPERM)
    code.finish(_ALLOW)
    return code


def _socket(families: tuple[int, ...]) -> "_Assembler":
    code = _Assembler()
    code.load(_argument(0))
    for family in families:
        if family != _NETLINK:
            code.when_equal(family, _ALLOW)
    code.unless_equal(_NETLINK, _ERRNO | errno.EAFNOSUPPORT)
    code.load(_argument(2))
    code.unless_equal(_NETLINK_ROUTE, _ERRNO | errno.EPERM)
    code.finish(_ALLOW)
    return code


def _ioctl() -> "_Assembler":
    code = _Assembler()
    code.load(_argument(1))
    for request in _TERMINAL_INPUT:
        code.when_equal(request, _ERRNO | errno.EPERM)
    code.finish(_ALLOW)
    return code


class _Assembler:
    """Straight-line code: every test either returns or falls through to the next."""

    def __init__(self) -> None:
        self._code: list[bytes] = []

    def load(self, offset: int) -> None:
        self._add(_LOAD, offset)

    def when_equal(self, value: int, result: int) -> None:
        self._test(_EQUAL, value, result)

    def unless_equal(self, value: int, result: int) -> None:
        self._test(_EQUAL, value, result, otherwise=True)

    def when_at_least(self, value: int, result: int) -> None:
        self._test(_AT_LEAST, value, result)

    def when_any(self, bits: int, result: int) -> None:
        self._test(_ANY_BIT, bits, result)

    def unless_any(self, bits: int, result: int) -> None:
        self._test(_ANY_BIT, bits, result, otherwise=True)

    def case(self, number: int, then: "_Assembler") -> None:
        """Run `then`, which must finish, if the loaded system call has this number."""
        self._add(_EQUAL, number, 0, len(then._code))
        self._code += then._code

    def finish(self, result: int) -> None:
        self._add(_RETURN, result)

    def assembled(self) -> bytes:
        return b"".join(self._code)

    def _test(self, test: int, value: int, result: int, *, otherwise: bool = False) -> None:
        self._add(test, value, *((1, 0) if otherwise else (0, 1)))
        self._add(_RETURN, result)

    def _add(self, operation: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        self._code.append(struct.pack("=HBBI", operation, if_true, if_false, value))
