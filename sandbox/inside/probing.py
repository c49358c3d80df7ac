"""The self-test: tries, behind all walls, what each of them must prevent.

Each probe is about one wall, and fails without it even where another would hold too.
"""

import errno
import os
import resource
import socket

from . import kernel, landlock
from .mounts import STORE
from .plan import Plan

_NAMESPACES = ("net", "ipc", "mnt", "user", "pid")
_SYS_KEYCTL = 250 if kernel.IS_X86 else 219
_PR_GET_NO_NEW_PRIVS = 39

Result = tuple[str, bool, str]
"""The wall's name, whether it stands, and what was seen."""


class Before:
    """What the helper saw before it entered, to be told apart from what is seen inside."""

    def __init__(self, plan: Plan) -> None:
        self.namespaces = {kind: _namespace(kind) for kind in _NAMESPACES}
        self.private = {path: _identity(path) for path in plan.private}
        self.secrets = {path: _identity(path) for path in plan.never_read}


def probe(plan: Plan, before: Before, failed: int) -> list[Result]:
    """Try everything. `failed` is the one descriptor that may be open besides the streams."""
    return [
        _refused("read-only", errno.EROFS, "/usr"),
        *_hidden("private", before.private),
        *_hidden("secrets", before.secrets),
        *_islands(plan),
        *_apart(before),
        _no_way_out(),
        _second_wall(),
        _filter(),
        _status("no-new-privs", kernel.prctl(_PR_GET_NO_NEW_PRIVS) == 1),
        _status("capabilities", _capabilities() == {0}),
        _descriptors(failed),
        _status("session", os.getsid(0) == os.getpid() and not _opens("/dev/tty", os.O_RDWR)),
        _status("limits", resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)),
        _status("proc", bool(os.statvfs("/proc").f_flag & os.ST_RDONLY)),
        _status("helper", not _opens("/proc/1/environ", os.O_RDONLY)),
    ]


def _refused(name: str, expected: int, place: str) -> Result:
    """Whether making a file at `place` is refused for this reason."""
    path = f"{place}/kedge-probe"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        return (name, error.errno == expected, f"{path}: {error.strerror}")
    os.unlink(path)
    return (name, False, f"{path} can be written")


def _hidden(name: str, before: dict[str, tuple[int, int]]) -> list[Result]:
    for path, was in before.items():
        if was != (0, 0) and _identity(path) == was:
            return [(name, False, f"{path} can be seen")]
    return [(name, True, f"{len(before)} paths are covered")]


def _islands(plan: Plan) -> list[Result]:
    if not plan.writable or not plan.placeholders:
        return []
    return [_refused("islands", errno.EROFS, f"{plan.workspace}/{plan.placeholders[0]}")]


def _apart(before: Before) -> list[Result]:
    names = {"net": "network", "ipc": "ipc", "pid": "processes", "mnt": "mounts", "user": "users"}
    return [
        (name, _namespace(kind) not in ("", before.namespaces[kind]), f"{kind} namespace")
        for kind, name in names.items()
    ]


def _no_way_out() -> Result:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attempt:
        try:
            # TEST-NET-1 of RFC 5737; nothing is sent.
            attempt.connect(("192.0.2.1", 9))
        except OSError as error:
            return ("connection", True, error.strerror or "")
    return ("connection", False, "there is a route to other machines")


def _second_wall() -> Result:
    if not landlock.abi():
        return ("landlock", False, "the kernel has no Landlock")
    return _refused("landlock", errno.EACCES, STORE)


def _filter() -> Result:
    try:
        kernel.call(_SYS_KEYCTL, 0, -3, 1)
    except OSError as error:
        return ("seccomp", error.errno == errno.EPERM, f"keyctl: {error.strerror}")
    return ("seccomp", False, "keyctl is let through")


def _capabilities() -> set[int]:
    with open("/proc/self/status") as status:
        return {int(line.split()[1], 16) for line in status if line.startswith("Cap")}


def _descriptors(failed: int) -> Result:
    listing = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY)
    try:
        others = {int(name) for name in os.listdir(listing)} - {0, 1, 2, failed, listing}
        others = {fd for fd in others if _is_open(fd)}
    finally:
        os.close(listing)
    return ("descriptors", not others, f"open besides the streams: {len(others)}")


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _status(name: str, stands: bool) -> Result:
    return (name, stands, "as promised" if stands else "not as promised")


def _opens(path: str, flags: int) -> bool:
    try:
        os.close(os.open(path, flags | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _namespace(kind: str) -> str:
    try:
        return os.readlink(f"/proc/self/ns/{kind}")
    except OSError:
        return ""


def _identity(path: str) -> tuple[int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
